/**
 * What peers can do in FlightPath alone (facts 2.10, 3.9, 8.8), where they choose partners, join and leave: decisions replaced, or
 * events twisted. The effect of each is measured in `flight.test.ts`.
 */

import type { Strategy } from '@concordat/kernel';
import type { FlightMessage } from '../flightpath/messages.ts';
import { type FlightPeer, leaveStream } from '../flightpath/peer.ts';
import { TROUBLE_TRADES } from '../flightpath/policy.ts';
import type { Claim } from '../messages/messages.ts';
import { chance, type Deviation, deviation, withSend } from './deviation.ts';

/** What is sent passes through `emit`, which may change it or drop it. */
const withSends =
  (emit: (message: FlightMessage) => FlightMessage | null): Strategy<FlightPeer, FlightMessage> =>
  (honest) => {
    const at = (env: Parameters<typeof honest.receive>[1]) =>
      withSend(env, (to, message) => {
        const changed = emit(message);
        if (changed !== null) env.send(to, changed);
      });
    return {
      ...honest,
      start: (env, recovered) => honest.start(at(env), recovered),
      receive: (state, env, from, message) => honest.receive(state, at(env), from, message),
      timeout: (state, env, timer) => honest.timeout(state, at(env), timer),
    };
  };

export const alwaysBusy: Deviation = deviation({
  name: 'always-busy',
  what: 'refuses trades that others begin, and begins its own',
  protocols: ['flightpath'],
  source: 'facts 3.5',
  changes: (happens) => ({ flight: { accepts: (_peer, env) => !happens(env) } }),
});

/** Hides all that it has, so that all it gets is a gift. */
const emptyHanded = (claim: Claim): Claim => ({ ...claim, have: new Int32Array(claim.have.length) });

export const takesGifts: Deviation = deviation({
  name: 'takes-gifts',
  what: 'claims to have nothing, so that it gets gifts and gives nothing',
  protocols: ['flightpath'],
  source: 'facts 3.3',
  changes: (happens) => ({
    conduct: { claims: (_peer, env, claim) => (happens(env) ? emptyHanded(claim) : claim) },
  }),
});

export const givesNoGifts: Deviation = deviation({
  name: 'gives-no-gifts',
  what: 'never gives more than it gets',
  protocols: ['flightpath'],
  source: 'facts 3.3',
  isGraded: false,
  changes: () => ({ flight: { gift: () => 0 } }),
});

export const tradesMore: Deviation = deviation({
  name: 'trades-without-limit',
  what: 'begins three trades in every round, in trouble or not, to have more to choose from',
  protocols: ['flightpath'],
  changes: (happens) => ({
    flight: { initiations: (_peer, env, asked) => (happens(env) ? 1 + TROUBLE_TRADES : asked) },
  }),
});

export const reversesOrder: Deviation = deviation({
  name: 'reverses-its-order',
  what: 'tries those first who were silent or broke off, since others leave them alone',
  protocols: ['flightpath'],
  changes: (happens) => ({
    flight: { order: (_peer, env, all) => (happens(env) ? [...all].reverse() : all) },
  }),
});

export const reservesOnly: Deviation = deviation({
  name: 'reserves-only',
  what: 'takes the places of others with RESERVE and never goes on',
  nature: 'byzantine',
  protocols: ['flightpath'],
  isGraded: false,
  changes: () => ({
    flight: { initiations: () => 4, accepts: () => false },
    strategy: withSends((message) =>
      message.kind === 'reveal' || message.kind === 'briefcase' ? null : message,
    ),
  }),
});

/** Rounds that it stays before it comes back under a new id. */
const STAY_ROUNDS = 20;

const rejoining =
  (strength: number): Strategy<FlightPeer, FlightMessage> =>
  (honest) => ({
    ...honest,
    timeout: (state, env, timer) => {
      const { peer } = state;
      const isTime = timer === 'follow' && peer !== null && peer.round > peer.own.startRound + STAY_ROUNDS;
      if (!isTime || !chance(env, strength)) return honest.timeout(state, env, timer);
      leaveStream(state, env);
      state.hasLeft = false;
      honest.timeout(state, env, 'join');
    },
  });

export const whitewashes: Deviation = deviation({
  name: 'whitewashes',
  what: 'takes gifts, and comes back under a new id before its debts tell',
  protocols: ['flightpath'],
  source: 'facts 2.10',
  changes: (_happens, strength) => ({
    conduct: { claims: (_peer, _env, claim) => emptyHanded(claim) },
    strategy: rejoining(strength),
  }),
});

export const liesAboutTicket: Deviation = deviation({
  name: 'lies-about-its-ticket',
  what: 'shows a ticket for a place among the old members, to choose from them all',
  protocols: ['flightpath'],
  source: 'facts 8.8',
  isGraded: false,
  changes: () => ({
    strategy: withSends((message) => (message.kind === 'introduce' ? withLaterPlace(message) : message)),
  }),
});

function withLaterPlace(message: FlightMessage & { readonly kind: 'introduce' }): FlightMessage {
  const { ticket } = message;
  return {
    ...message,
    ticket: { ...ticket, ticket: { ...ticket.ticket, place: ticket.ticket.place + 1 } },
  };
}
