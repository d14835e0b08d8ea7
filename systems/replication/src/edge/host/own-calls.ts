/**
 * A replica or an executor that also serves its own process: calls made here go into the ordered log under its own client,
 * and come back when they are exposed to it and durable. Like every gateway it believes its own node and nobody else.
 */

import {
  assert,
  type Env,
  type ExposedBatch,
  isBatch,
  MAX_OPERATION_BYTES,
  type OrderedLog,
  type Process,
  type Submitter,
} from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import { ask, takeAnswers } from '../../replica/reads.ts';
import { orderedLog } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { MAX_REPLY_BYTES_PER_CLIENT } from '../../request.ts';
import { type CallQueue, createCallQueue } from '../client/call-queue.ts';

/** The ordered log as a node's own process finds it there. */
export interface OwnLog<S> extends OrderedLog<S, Message> {
  /** Asks without order; `takeAnswers` has the answer under the number that is returned. */
  ask(s: S, env: Env<Message>, query: Uint8Array): number;
  takeAnswers(s: S): ReadonlyMap<number, Uint8Array>;
  /** In whose name `submit` does. */
  submitterOf(s: S): Submitter;
}

export const replicaLog: OwnLog<ReplicaState> = {
  ...orderedLog,
  ask,
  takeAnswers,
  submitterOf: ({ config, submission }) => ({ domain: config.self, client: submission.client }),
};

export interface OwnCallsOptions {
  /** Runs an action once what was appended so far is durable. */
  readonly onceDurable: (action: () => void) => void;
  /** Told of each exposed batch, in order, once it is durable. */
  readonly onBatch: (batch: ExposedBatch) => void;
}

export interface OwnCalls<S> {
  readonly queue: CallQueue;
  /** Asks the node; what it answers is final here, and durable when it is told. */
  readonly ask: (s: S, env: Env<Message>, query: Uint8Array, answered: (answer: Uint8Array) => void) => void;
  readonly process: Process<S, Message>;
}

/** Requests under way, each with all calls that waited for it; less than any member's `clientWindow`. */
const OWN_WINDOW = 4;

assert(
  OWN_WINDOW * MAX_OPERATION_BYTES <= MAX_REPLY_BYTES_PER_CLIENT,
  'what the own process waits for is found in the state, however far that jumps',
);

export function withOwnCalls<S>(
  node: Process<S, Message>,
  log: OwnLog<S>,
  { onceDurable, onBatch }: OwnCallsOptions,
): OwnCalls<S> {
  const queue = createCallQueue(OWN_WINDOW);

  const asked = new Map<number, (answer: Uint8Array) => void>();

  const show = (s: S): void => {
    for (const [id, answer] of log.takeAnswers(s)) {
      const answered = asked.get(id);
      asked.delete(id);
      onceDurable(() => answered?.(answer));
    }
    const { domain, client } = log.submitterOf(s);
    for (const item of log.takeExposed(s)) {
      if (!isBatch(item)) continue;
      const own = item.outcomes.filter((outcome) => outcome.domain === domain && outcome.client === client);
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
    ask: (s, env, query, answered) => void asked.set(log.ask(s, env, query), answered),
    process: {
      ...node,
      settle: (s, env) => {
        // Again, if something was submitted: the primary proposes it in the same turn.
        for (let hasSubmitted = true; hasSubmitted; ) {
          hasSubmitted = false;
          node.settle(s, env);
          show(s);
          queue.pump((body) => {
            const seq = log.submit(s, env, body);
            hasSubmitted ||= seq !== null;
            return seq;
          });
        }
      },
    },
  };
}
