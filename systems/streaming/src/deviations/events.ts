/** Deviations that twist what happens: late answers, wrong keys, broken commitments, forgetting on purpose. */

import type { Env, Millis, NodeId, Process } from '@concordat/kernel';
import type { Accept, Reveal, StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { signStatementBody } from '../trade/signing.ts';
import { byWrap, type Deviation, type Wrap, withSend } from './deviation.ts';

const LATE_TIMER = 'deviation-late';

/** Handles trade messages `lateMs` after they came. */
const late =
  (lateMs: Millis): Wrap =>
  (honest) => {
    const waiting: { readonly from: NodeId; readonly message: StreamMessage; readonly due: Millis }[] = [];
    return {
      ...honest,
      receive: (state, env, from, message) => {
        if (message.kind === 'seed' || message.kind === 'beacon')
          return honest.receive(state, env, from, message);
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

/** What an honest peer sends passes through `change`; a list takes its place. */
const changing =
  (
    change: (peer: PeerState, env: Env<StreamMessage>, message: StreamMessage) => readonly StreamMessage[],
  ): Wrap =>
  (honest) => {
    const at = (state: PeerState, env: Env<StreamMessage>): Env<StreamMessage> =>
      withSend(env, (to, message) => {
        for (const each of change(state, env, message)) env.send(to, each);
      });
    const process: Process<Parameters<typeof honest.receive>[0], StreamMessage> = {
      ...honest,
      receive: (state, env, from, message) => honest.receive(state, at(state, env), from, message),
      timeout: (state, env, timer) => honest.timeout(state, at(state, env), timer),
    };
    return process;
  };

const chance = (env: Env<StreamMessage>, strength: number): boolean =>
  strength >= 1 || env.random.chance(strength);

export const answersLate: Deviation = {
  name: 'answers-late',
  what: 'answers as late as the round allows',
  nature: 'rational',
  evidence: null,
  make: byWrap((strength) => late(150 * strength)),
};

export const wrongKeys: Deviation = {
  name: 'wrong-keys',
  what: 'hands over keys that open nothing',
  nature: 'byzantine',
  evidence: null,
  make: byWrap((strength) =>
    changing((_peer, env, message) =>
      message.kind === 'key' && chance(env, strength)
        ? [{ ...message, key: message.key.map((byte) => byte ^ 1) }]
        : [message],
    ),
  ),
};

export const breaksCommitments: Deviation = {
  name: 'breaks-commitments',
  what: 'reveals less than it committed to, once it knows what the partner has',
  nature: 'rational',
  evidence: 'broken-commitment',
  make: byWrap((strength) =>
    changing((peer, env, message) => {
      if (message.kind !== 'reveal' || !chance(env, strength)) return [message];
      return [told(peer, message)];
    }),
  ),
};

/** The same statement with fewer packets, signed. */
function told(peer: PeerState, message: Accept | Reveal): StreamMessage {
  const { signature: _signature, ...rest } = message;
  const other = { ...rest, have: rest.have.map((word) => word & 0x3333_3333), known: rest.known ^ 1 };
  return { ...other, signature: signStatementBody(peer, other).signature };
}

export const answersTwice: Deviation = {
  name: 'answers-twice',
  what: 'tells one partner two histories in its answer',
  nature: 'byzantine',
  evidence: 'two-statements',
  make: byWrap((strength) =>
    changing((peer, env, message) =>
      message.kind === 'accept' && chance(env, strength) ? [message, told(peer, message)] : [message],
    ),
  ),
};

export const revealsTwice: Deviation = {
  name: 'reveals-twice',
  what: 'reveals what it committed to, and then something else',
  nature: 'byzantine',
  evidence: 'two-statements',
  make: byWrap((strength) =>
    changing((peer, env, message) =>
      message.kind === 'reveal' && chance(env, strength) ? [message, told(peer, message)] : [message],
    ),
  ),
};

export const leavesAndRejoins: Deviation = {
  name: 'leaves-and-rejoins',
  what: 'keeps keys that it owes, and every third round starts again as if it were new',
  nature: 'rational',
  evidence: null,
  make: byWrap(
    (strength) => (honest) => ({
      ...honest,
      timeout: (state, env, timer) => {
        if (timer === 'round' && state.round % 3 === 2 && chance(env, strength)) {
          for (const trades of state.trades) trades.length = 0;
          state.debtors.clear();
          // What it said in this round it must not contradict, new or not.
          state.tradesFrom = state.round + 2;
        }
        honest.timeout(state, env, timer);
      },
    }),
    { releases: (_peer, _env, trade) => trade.isInitiator },
  ),
};
