/** Deviations that twist what happens: late answers, wrong keys, broken commitments, forgetting on purpose. */

import type { Env, Millis, NodeId, Process } from '@concordat/kernel';
import type { Accept, Reveal, StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { signStatement, unsigned } from '../trade/signing.ts';
import { chance, type Deviation, deviation, type View, type Wrap, withSend } from './deviation.ts';

const LATE_TIMER = 'deviation-late';

/** Handles trade messages `lateMs` after they came. */
const late =
  (lateMs: Millis): Wrap =>
  <S, E>(honest: Process<S, StreamMessage | E>, view: View<S, E>): Process<S, StreamMessage | E> => {
    const waiting: { readonly from: NodeId; readonly message: StreamMessage | E; readonly due: Millis }[] =
      [];
    return {
      ...honest,
      receive: (state, env, from, message) => {
        const isOfTrade = view.isStream(message) && message.kind !== 'seed' && message.kind !== 'beacon';
        if (!isOfTrade) return honest.receive(state, env, from, message);
        waiting.push({ from, message, due: env.now + lateMs });
        if (waiting.length === 1) env.setTimer(LATE_TIMER, lateMs);
      },
      timeout: (state, env, timer) => {
        if (timer !== LATE_TIMER) return honest.timeout(state, env, timer);
        while (waiting[0] !== undefined && waiting[0].due <= env.now) {
          const next = waiting.shift();
          if (next !== undefined) honest.receive(state, env, next.from, next.message);
        }
        if (waiting[0] !== undefined) env.setTimer(LATE_TIMER, Math.max(1, waiting[0].due - env.now));
      },
    };
  };

type Change = (peer: PeerState, env: Env<StreamMessage>, message: StreamMessage) => readonly StreamMessage[];

/** What an honest peer sends passes through `change`; a list takes its place. */
const changing =
  (change: Change): Wrap =>
  (honest, view) => {
    const at = (state: Parameters<typeof honest.receive>[0], env: Parameters<typeof honest.receive>[1]) =>
      withSend(env, (to, message) => {
        const peer = view.peerOf(state);
        if (peer === null || !view.isStream(message)) return env.send(to, message);
        for (const each of change(peer, env, message)) env.send(to, each);
      });
    return {
      ...honest,
      receive: (state, env, from, message) => honest.receive(state, at(state, env), from, message),
      timeout: (state, env, timer) => honest.timeout(state, at(state, env), timer),
    };
  };

export const answersLate: Deviation = deviation({
  name: 'answers-late',
  what: 'answers as late as the round allows',
  source: 'facts 2.10',
  changes: (_happens, strength) => ({ wrap: late(150 * strength) }),
});

export const wrongKeys: Deviation = deviation({
  name: 'wrong-keys',
  what: 'hands over keys that open nothing',
  nature: 'byzantine',
  source: 'facts 2.7',
  changes: (happens) => ({
    wrap: changing((_peer, env, message) =>
      message.kind === 'key' && happens(env)
        ? [{ ...message, key: message.key.map((byte) => byte ^ 1) }]
        : [message],
    ),
  }),
});

export const breaksCommitments: Deviation = deviation({
  name: 'breaks-commitments',
  what: 'reveals less than it committed to, once it knows what the partner has',
  source: 'facts 2.5',
  evidence: 'broken-commitment',
  changes: (happens) => ({
    wrap: changing((peer, env, message) =>
      message.kind === 'reveal' && happens(env) ? [told(peer, message)] : [message],
    ),
  }),
});

/** The same statement with fewer packets, signed. */
function told(peer: PeerState, message: Accept | Reveal): StreamMessage {
  const have = message.have.map((word) => word & 0x3333_3333);
  const other = { ...message, have, known: message.known ^ 1, signature: unsigned() };
  signStatement(peer, other);
  return other;
}

export const answersTwice: Deviation = deviation({
  name: 'answers-twice',
  what: 'tells one partner two histories in its answer',
  nature: 'byzantine',
  source: 'facts 2.7',
  evidence: 'two-statements',
  changes: (happens) => ({
    wrap: changing((peer, env, message) =>
      message.kind === 'accept' && happens(env) ? [message, told(peer, message)] : [message],
    ),
  }),
});

export const revealsTwice: Deviation = deviation({
  name: 'reveals-twice',
  what: 'reveals what it committed to, and then something else',
  nature: 'byzantine',
  source: 'facts 2.7',
  evidence: 'two-statements',
  changes: (happens) => ({
    wrap: changing((peer, env, message) =>
      message.kind === 'reveal' && happens(env) ? [message, told(peer, message)] : [message],
    ),
  }),
});

/** Starts again as if it were new, but for what it said in this round: that it must not contradict. */
function forget(peer: PeerState): void {
  for (const trades of peer.trades) trades.length = 0;
  peer.debtors.clear();
  peer.tradesFrom = peer.round + 2;
}

export const leavesAndRejoins: Deviation = deviation({
  name: 'leaves-and-rejoins',
  what: 'keeps keys that it owes, and every third round starts again as if it were new',
  protocols: ['gossip'],
  source: 'facts 2.10',
  changes: (_happens, strength) => ({
    conduct: { releases: (_peer, _env, trade) => trade.isInitiator },
    wrap: (honest, view) => ({
      ...honest,
      timeout: (state, env, timer) => {
        const peer = view.peerOf(state);
        if (peer !== null && timer === 'round' && peer.round % 3 === 2 && chance(env, strength)) forget(peer);
        honest.timeout(state, env, timer);
      },
    }),
  }),
});

export const silentWhenAudited: Deviation = deviation({
  name: 'ignores-audits',
  what: 'saves the bytes of answering audits, with evidence or without: who would know that it has none?',
  changes: (happens) => ({
    wrap: changing((_peer, env, message) =>
      message.kind === 'audit-answer' && happens(env) ? [] : [message],
    ),
  }),
});
