/**
 * What peers of FlightPath may do instead (facts 2.10, 3.9, 8.8): decisions replaced, or events twisted. The effect of each is
 * measured in `flight.test.ts`. For simulations, tests and the lab only.
 */

import type { Env, Strategy } from '@concordat/kernel';
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

export const FLIGHT_DEVIATIONS: readonly FlightDeviation[] = [
  alwaysBusy,
  deliversNothing,
  givesNoGifts,
  hidesHalf,
  keepsKeys,
  liesAboutTicket,
  reservesOnly,
  takesGifts,
  tradesMore,
  whitewashes,
];
