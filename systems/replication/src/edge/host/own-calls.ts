/**
 * A replica that also serves its own process: calls made here go into its ordered log under its own client, and come
 * back when they are exposed to it and durable. Like every gateway it believes its own replica and nobody else.
 */

import { type Env, type ExposedBatch, isBatch, type Process } from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import { ask, takeAnswers } from '../../replica/reads.ts';
import { orderedLog } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { type CallQueue, createCallQueue } from '../client/call-queue.ts';

export interface OwnCallsOptions {
  /** Runs an action once what was appended so far is durable. */
  readonly onceDurable: (action: () => void) => void;
  /** Told of each exposed batch, in order, once it is durable. */
  readonly onBatch: (batch: ExposedBatch) => void;
}

export interface OwnCalls {
  readonly queue: CallQueue;
  /** Asks the replica; what it answers is final here, and durable when it is told. */
  readonly ask: (
    s: ReplicaState,
    env: Env<Message>,
    query: Uint8Array,
    answered: (answer: Uint8Array) => void,
  ) => void;
  readonly process: Process<ReplicaState, Message>;
}

/** Requests under way, each with all calls that waited for it; less than any member's `clientWindow`. */
const OWN_WINDOW = 4;

export function withOwnCalls(
  replica: Process<ReplicaState, Message>,
  { onceDurable, onBatch }: OwnCallsOptions,
): OwnCalls {
  const queue = createCallQueue(OWN_WINDOW);

  const asked = new Map<number, (answer: Uint8Array) => void>();

  const show = (s: ReplicaState): void => {
    for (const [id, answer] of takeAnswers(s)) {
      const answered = asked.get(id);
      asked.delete(id);
      onceDurable(() => answered?.(answer));
    }
    for (const item of orderedLog.takeExposed(s)) {
      if (!isBatch(item)) continue;
      const { client } = s.submission;
      const own = item.outcomes.filter(
        (outcome) => outcome.domain === s.config.self && outcome.client === client,
      );
      if (own.length === 0 && item.events.length === 0) continue;
      // The window has room at once, so that what waits leaves in this turn.
      const tells = own.map(({ seq, reply }) => queue.reply(seq, reply));
      onceDurable(() => {
        onBatch(item);
        for (const tell of tells) tell();
      });
    }
  };
  return {
    queue,
    ask: (s, env, query, answered) => void asked.set(ask(s, env, query), answered),
    process: {
      ...replica,
      settle: (s, env) => {
        // Again, if something was submitted: the primary proposes it in the same turn.
        for (let hasSubmitted = true; hasSubmitted; ) {
          hasSubmitted = false;
          replica.settle(s, env);
          show(s);
          queue.pump((body) => {
            const seq = orderedLog.submit(s, env, body);
            hasSubmitted ||= seq !== null;
            return seq;
          });
        }
      },
    },
  };
}
