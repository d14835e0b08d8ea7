/**
 * What peers of FlightPath may do instead (facts 2.10, 3.9, 8.8): decisions replaced, or events twisted. The effect of each is
 * measured in `flight.test.ts`. For simulations, tests and the lab only.
 */

import type { Env, NodeId, Strategy } from '@concordat/kernel';
import { type FlightConduct, OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import { type FlightPeer, leaveStream } from '../flightpath/peer.ts';
import { TROUBLE_TRADES } from '../flightpath/policy.ts';
import type { Claim } from '../messages/messages.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';
import { deviationNamed } from './index.ts';

export interface FlightDeviation {
  readonly name: string;
  /** One sentence. */
  readonly what: string;
  /** Rational: hopes to gain. Byzantine: does harm, whatever it costs. */
  readonly nature: 'rational' | 'byzantine';
  readonly trade: Conduct;
  readonly flight: FlightConduct;
  readonly strategy: Strategy<FlightPeer, FlightMessage>;
}

const unchanged: Strategy<FlightPeer, FlightMessage> = (honest) => honest;

const deviation = (
  name: string,
  what: string,
  nature: FlightDeviation['nature'],
  changes: {
    readonly trade?: Partial<Conduct>;
    readonly flight?: Partial<FlightConduct>;
    readonly strategy?: Strategy<FlightPeer, FlightMessage>;
  },
): FlightDeviation => ({
  name,
  what,
  nature,
  trade: { ...OBEDIENT, ...changes.trade },
  flight: { ...OBEDIENT_FLIGHT, ...changes.flight },
  strategy: changes.strategy ?? unchanged,
});

/** The same env, but what is sent passes through `emit`, which may change it or drop it. */
function twisted(
  env: Env<FlightMessage>,
  emit: (message: FlightMessage) => FlightMessage | null,
): Env<FlightMessage> {
  const send = (to: number, message: FlightMessage): void => {
    const changed = emit(message);
    if (changed !== null) env.send(to, changed);
  };
  return Object.create(env, { send: { value: send } });
}

const withSends =
  (emit: (message: FlightMessage) => FlightMessage | null): Strategy<FlightPeer, FlightMessage> =>
  (honest) => ({
    ...honest,
    start: (env, recovered) => honest.start(twisted(env, emit), recovered),
    receive: (state, env, from, message) => honest.receive(state, twisted(env, emit), from, message),
    timeout: (state, env, timer) => honest.timeout(state, twisted(env, emit), timer),
  });

export const alwaysBusy = deviation(
  'always-busy',
  'refuses every trade that another begins, and begins its own',
  'rational',
  { flight: { accepts: () => false } },
);

/** Hides all that it has, so that all it gets is a gift. */
const emptyHanded = (claim: Claim): Claim => ({ ...claim, have: new Int32Array(claim.have.length) });

export const takesGifts = deviation(
  'takes-gifts',
  'claims to have nothing, so that it gets gifts and gives nothing',
  'rational',
  { trade: { claims: (_peer, _env, claim) => emptyHanded(claim) } },
);

export const givesNoGifts = deviation('gives-no-gifts', 'never gives more than it gets', 'rational', {
  flight: { gift: () => 0 },
});

export const hidesHalf = deviation(
  'hides-half',
  'says to have half of what it has, to give less',
  'rational',
  { trade: deviationNamed('under-reports')?.make(1).conduct ?? OBEDIENT },
);

export const keepsKeys = deviation('keeps-keys', 'never hands over a key', 'rational', {
  trade: { releases: () => false },
});

export const tradesMore = deviation(
  'trades-without-limit',
  'begins three trades in every round, in trouble or not, to have more to choose from',
  'rational',
  { flight: { initiations: () => 1 + TROUBLE_TRADES } },
);

export const reservesOnly = deviation(
  'reserves-only',
  'takes the places of others with RESERVE and never goes on',
  'byzantine',
  {
    flight: { initiations: () => 4, accepts: () => false },
    strategy: withSends((message) =>
      message.kind === 'reveal' || message.kind === 'briefcase' ? null : message,
    ),
  },
);

const acceptsOnly = deviation(
  'accepts-only',
  'answers every opening with ACCEPT and says nothing else in a trade',
  'byzantine',
  {
    flight: { initiations: () => 0 },
    strategy: withSends((message) =>
      message.kind === 'briefcase' || message.kind === 'key' ? null : message,
    ),
  },
);

const hoardsKeys = deviation(
  'hoards-keys',
  'trades with as many as it can and never hands over a key, so that all get nothing for what they give',
  'byzantine',
  { trade: { releases: () => false }, flight: { initiations: () => 4 } },
);

/** What is said in a trade is late by so much of a round: with the way there and back, about what partners wait. */
const LATE_SHARE = 0.08;

const isOfTrade = ({ kind }: FlightMessage): boolean =>
  kind === 'accept' || kind === 'busy' || kind === 'reveal' || kind === 'briefcase' || kind === 'key';

function late(share: number): Strategy<FlightPeer, FlightMessage> {
  return (honest) => {
    const held = new Map<string, { readonly to: NodeId; readonly message: FlightMessage }>();
    let count = 0;
    const slow = ({ options }: FlightPeer, env: Env<FlightMessage>): Env<FlightMessage> => {
      const send = (to: NodeId, message: FlightMessage): void => {
        if (!isOfTrade(message)) return env.send(to, message);
        const timer = `late-${count++}`;
        held.set(timer, { to, message });
        env.setTimer(timer, share * options.config.roundMs);
      };
      return Object.create(env, { send: { value: send } });
    };
    return {
      ...honest,
      receive: (state, env, from, message) => honest.receive(state, slow(state, env), from, message),
      timeout: (state, env, timer) => {
        const due = held.get(timer);
        if (due === undefined) return honest.timeout(state, slow(state, env), timer);
        held.delete(timer);
        env.send(due.to, due.message);
      },
    };
  };
}

const answersLate = deviation(
  'answers-late',
  'says everything in a trade at the last moment, and begins as many as it can',
  'byzantine',
  { flight: { initiations: () => 4 }, strategy: late(LATE_SHARE) },
);

export const deliversNothing = deviation(
  'delivers-nothing',
  'agrees to every trade, claiming to have everything, and sends no briefcase',
  'byzantine',
  { trade: deviationNamed('delivers-nothing')?.make(1).conduct ?? OBEDIENT },
);

/** Rounds that it stays before it comes back under a new id. */
const STAY_ROUNDS = 20;

export const whitewashes = deviation(
  'leaves-and-rejoins',
  'takes gifts, and comes back under a new id before its debts tell',
  'rational',
  {
    trade: { claims: (_peer, _env, claim) => emptyHanded(claim) },
    strategy: (honest) => ({
      ...honest,
      timeout: (state, env, timer) => {
        const { peer } = state;
        if (timer === 'follow' && peer !== null && peer.round > peer.own.startRound + STAY_ROUNDS) {
          leaveStream(state, env);
          state.hasLeft = false;
          honest.timeout(state, env, 'join');
          return;
        }
        honest.timeout(state, env, timer);
      },
    }),
  },
);

export const liesAboutTicket = deviation(
  'lies-about-its-ticket',
  'shows a ticket for a place among the old members, to choose from them all',
  'rational',
  {
    strategy: withSends((message) => {
      if (message.kind !== 'reserve' || message.introduction === null || message.introduction.ticket === null)
        return message;
      const { introduction } = message;
      const { ticket, signature } = message.introduction.ticket;
      const lie = { ticket: { ...ticket, place: ticket.place + 1 }, signature };
      return { ...message, introduction: { ...introduction, ticket: lie } };
    }),
  },
);

/** Obeys, and is met as one that does, until `round` begins; then deviates. */
export function beginningWith(round: number, later: FlightDeviation): FlightDeviation {
  const hasBegun = ({ peer }: FlightPeer): boolean => peer !== null && peer.round >= round;
  return {
    ...later,
    trade: switching((peer) => (peer.round >= round ? later.trade : OBEDIENT)),
    flight: switchingFlight((peer) => (peer.round >= round ? later.flight : OBEDIENT_FLIGHT)),
    strategy: (honest) => {
      const twisted = later.strategy(honest);
      return {
        ...honest,
        receive: (state, env, from, message) =>
          (hasBegun(state) ? twisted : honest).receive(state, env, from, message),
        timeout: (state, env, timer) => (hasBegun(state) ? twisted : honest).timeout(state, env, timer),
      };
    },
  };
}

const switching = (now: (peer: { readonly round: number }) => Conduct): Conduct => ({
  partners: (...of) => now(of[0]).partners(...of),
  answers: (...of) => now(of[0]).answers(...of),
  claims: (...of) => now(of[0]).claims(...of),
  offers: (...of) => now(of[0]).offers(...of),
  wants: (...of) => now(of[0]).wants(...of),
  returns: (...of) => now(of[0]).returns(...of),
  delivers: (...of) => now(of[0]).delivers(...of),
  packs: (...of) => now(of[0]).packs(...of),
  releases: (...of) => now(of[0]).releases(...of),
  asks: (...of) => now(of[0]).asks(...of),
  trusts: (...of) => now(of[0]).trusts(...of),
  reports: (...of) => now(of[0]).reports(...of),
});

const switchingFlight = (now: (peer: { readonly round: number }) => FlightConduct): FlightConduct => ({
  initiations: (...of) => now(of[0]).initiations(...of),
  order: (...of) => now(of[0]).order(...of),
  accepts: (...of) => now(of[0]).accepts(...of),
  gift: (...of) => now(of[0]).gift(...of),
});

export const FLIGHT_DEVIATIONS: readonly FlightDeviation[] = [
  acceptsOnly,
  alwaysBusy,
  answersLate,
  deliversNothing,
  givesNoGifts,
  hidesHalf,
  hoardsKeys,
  keepsKeys,
  liesAboutTicket,
  reservesOnly,
  takesGifts,
  tradesMore,
  whitewashes,
];
