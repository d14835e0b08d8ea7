/**
 * What a peer may do instead of following the protocol. A deviation replaces decisions (`Conduct`, `FlightConduct`) or twists a process's
 * events, or both. The peers of one group share what `make` makes, so that a coalition has a common memory; a lone deviator
 * is a group of one.
 *
 * Never for a daemon: nothing but simulations, tests, trials and the lab imports this folder.
 */

import type { Env, Process, Strategy } from '@concordat/kernel';
import type { Evidence } from '../evidence/evidence.ts';
import { type FlightConduct, OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
import { type FlightMessage, isMembership } from '../flightpath/messages.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import type { StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { TrackerMessage } from '../tracker/messages.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';

/** Where a protocol's process of state S keeps the common peer, and which of its messages are not the common ones (E). */
export interface View<S, E> {
  /** Null before there is one. */
  peerOf(state: S): PeerState | null;
  isStream(message: StreamMessage | E): message is StreamMessage;
}

export const gossipView = <X>(): View<PeerState<X>, never> => ({
  peerOf: (state) => state,
  isStream: (_message): _message is StreamMessage => true,
});

export const FLIGHT_VIEW: View<FlightPeer, TrackerMessage> = {
  peerOf: ({ peer }) => peer,
  isStream: (message): message is StreamMessage => !isMembership(message),
};

/** A process of any protocol's peer, wrapped. */
export type Wrap = <S, E>(
  honest: Process<S, StreamMessage | E>,
  view: View<S, E>,
) => Process<S, StreamMessage | E>;

export interface Deviant {
  readonly conduct: Conduct;
  /** FlightPath alone. */
  readonly flight: FlightConduct;
  readonly wrap: Wrap;
  /** FlightPath alone: joining, leaving, places. */
  readonly strategy: Strategy<FlightPeer, FlightMessage>;
}

export type Protocol = 'gossip' | 'flightpath';

export interface Deviation {
  readonly name: string;
  /** One sentence. */
  readonly what: string;
  /** Rational: hopes to gain. Byzantine: does harm, whatever it costs. */
  readonly nature: 'rational' | 'byzantine';
  /** Where it can be done at all. */
  readonly protocols: readonly Protocol[];
  /** Who thought of it: the section of the fact sheet, or us. */
  readonly source: string;
  /** The rule under which it leaves evidence, or null if it leaves none. */
  readonly evidence: Evidence['rule'] | null;
  /** It is for peers who know each other; alone it is nothing else than obedience, or worse. */
  readonly isJoint: boolean;
  /** Whether `strength` makes a difference. */
  readonly isGraded: boolean;
  /** @param strength the chance of deviating each time there is an occasion, in [0, 1] */
  make(strength: number): Deviant;
}

export type Happens = (env: Env<StreamMessage>) => boolean;

export const chance = (env: Env<StreamMessage>, strength: number): boolean =>
  strength >= 1 || env.random.chance(strength);

const unchanged: Wrap = (honest) => honest;
const none: Deviant = {
  conduct: OBEDIENT,
  flight: OBEDIENT_FLIGHT,
  wrap: unchanged,
  strategy: (honest) => honest,
};

export interface Changes {
  readonly conduct?: Partial<Conduct>;
  readonly flight?: Partial<FlightConduct>;
  readonly wrap?: Wrap;
  readonly strategy?: Strategy<FlightPeer, FlightMessage>;
}

/** One who obeys but for what `changes` says. */
export const deviantWith = ({ conduct, flight, ...events }: Changes): Deviant => ({
  ...none,
  ...events,
  conduct: { ...OBEDIENT, ...conduct },
  flight: { ...OBEDIENT_FLIGHT, ...flight },
});

/** What a deviation is, but for what most of them have in common. */
type Described = Pick<Deviation, 'name' | 'what'> &
  Partial<Omit<Deviation, 'make'>> & { readonly changes: (happens: Happens, strength: number) => Changes };

/** Unless it is told otherwise, it hopes to gain in both protocols, alone, and leaves no evidence. */
export const deviation = ({ changes, ...described }: Described): Deviation => ({
  nature: 'rational',
  protocols: ['gossip', 'flightpath'],
  source: 'our own',
  evidence: null,
  isJoint: false,
  isGraded: true,
  ...described,
  make: (strength) => deviantWith(changes((env) => chance(env, strength), strength)),
});

/** The same env, but what is sent passes through `emit`. */
export function withSend<M>(env: Env<M>, emit: (to: number, message: M) => void): Env<M> {
  return Object.create(env, { send: { value: emit } });
}

/** What the swarm of FlightPath asks of a member: its decisions, and the process around it. */
export interface FlightDeviant {
  readonly trade: Conduct;
  readonly flight: FlightConduct;
  readonly strategy: Strategy<FlightPeer, FlightMessage>;
}

export const inFlight = ({ conduct, flight, wrap, strategy }: Deviant): FlightDeviant => ({
  trade: conduct,
  flight,
  strategy: (honest) => strategy(wrap(honest, FLIGHT_VIEW)),
});
