/**
 * What peers can do in FlightPath alone (facts 2.10, 3.9, 8.8), where they choose partners, join and leave: decisions replaced, or
 * events twisted. The effect of each is measured in `flight.test.ts`.
 */

import type { Env, NodeId, Strategy } from '@concordat/kernel';
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

export const acceptsOnly: Deviation = deviation({
  name: 'accepts-only',
  what: 'answers every opening with ACCEPT and says nothing else in a trade',
  nature: 'byzantine',
  protocols: ['flightpath'],
  isGraded: false,
  changes: () => ({
    flight: { initiations: () => 0 },
    strategy: withSends((message) =>
      message.kind === 'briefcase' || message.kind === 'key' ? null : message,
    ),
  }),
});

export const hoardsKeys: Deviation = deviation({
  name: 'hoards-keys',
  what: 'trades with as many as it can and never hands over a key, so that all get nothing for what they give',
  nature: 'byzantine',
  protocols: ['flightpath'],
  isGraded: false,
  changes: () => ({ conduct: { releases: () => false }, flight: { initiations: () => 4 } }),
});

/** What is said in a trade is late by so much of a round: with the way there and back, about what partners wait. */
const LATE_SHARE = 0.08;

const isOfTrade = ({ kind }: FlightMessage): boolean =>
  kind === 'accept' || kind === 'busy' || kind === 'reveal' || kind === 'briefcase' || kind === 'key';

function late(share: number): Strategy<FlightPeer, FlightMessage> {
  return (honest) => {
    const held = new Map<string, { readonly to: NodeId; readonly message: FlightMessage }>();
    let count = 0;
    const slow = ({ options }: FlightPeer, env: Env<FlightMessage>): Env<FlightMessage> =>
      withSend(env, (to, message) => {
        if (!isOfTrade(message)) return env.send(to, message);
        const timer = `late-${count++}`;
        held.set(timer, { to, message });
        env.setTimer(timer, share * options.config.roundMs);
      });
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

export const stalls: Deviation = deviation({
  name: 'stalls',
  what: 'says everything in a trade at the last moment, and begins as many as it can',
  nature: 'byzantine',
  protocols: ['flightpath'],
  isGraded: false,
  changes: () => ({ flight: { initiations: () => 4 }, strategy: late(LATE_SHARE) }),
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
  changes: () => ({ strategy: withSends(withLaterPlace) }),
});

function withLaterPlace(message: FlightMessage): FlightMessage {
  if (message.kind !== 'reserve' || message.introduction === null || message.introduction.ticket === null)
    return message;
  const { introduction } = message;
  const { ticket, signature } = message.introduction.ticket;
  const lie = { ticket: { ...ticket, place: ticket.place + 1 }, signature };
  return { ...message, introduction: { ...introduction, ticket: lie } };
}
