/**
 * An executor as a process (UpRight, SOSP'09 section 4): a learner that answers clients, and signs what its state was at every
 * checkpoint, so that order replicas need not keep the log that leads there. u + max(u, r) + 1 of them suffice, however many
 * it takes to order.
 */

import type { Env, ExposedBatch, ExposedSnapshot, NodeId, OrderedLog, Process } from '@concordat/kernel';
import type { OwnCheckpoint } from '../replica/checkpoint.ts';
import type { Message } from '../replica/messages.ts';
import { signCheckpoint } from '../replica/statements.ts';
import { type Attached, beginAttach, createAttached, detach, endAttach } from './attach.ts';
import {
  type Completion,
  createCompletion,
  noteExposed,
  onAwaitCompleted,
  tellCompleted,
} from './completion.ts';
import {
  completedAsLearner,
  type LearnerParts,
  linkedAsLearner,
  receiveAsLearner,
  settleAsLearner,
  startLearner,
  takeExposed,
  timeoutAsLearner,
} from './learner.ts';
import { type HeldRead, onAskedAgain, onRead, releaseReads, reply, replyAgain } from './replies.ts';
import { exposedEnd, invariants, type LearnerState } from './state.ts';
import { submit } from './submit.ts';
import { type Announcing, announceVersions, createAnnouncing } from './versions.ts';

export interface ExecutorState {
  readonly learner: LearnerState;
  readonly attached: Attached;
  reads: HeldRead[];
  nextOwnRead: number;
  /** To questions of the own process that nobody has taken yet, by their numbers. */
  answers: Map<number, Uint8Array>;
  /** What the own process, if it submits requests, has not taken yet. */
  exposed: (ExposedBatch | ExposedSnapshot)[];
  /** What filter nodes are told, where bodies come from them. */
  readonly completion: Completion;
  readonly announcing: Announcing;
  /** Checkpoints up to here are signed and sent. */
  signed: number;
  signedAt: number;
  /** Whose order replicas were told. */
  signedIn: number;
}

/** The ordered log of an executor whose configuration names a domain: what a gateway beside it consumes. */
export const executedLog: OrderedLog<ExecutorState, Message> = {
  submit: ({ learner }, env, body) => submit(learner, env, body),
  takeExposed: (e) => {
    const { exposed } = e;
    if (exposed.length > 0) e.exposed = [];
    return exposed;
  },
};

export function createExecutor(parts: LearnerParts): Process<ExecutorState, Message> {
  return {
    start: (env, recovered) => ({
      learner: startLearner(parts, env, recovered),
      attached: createAttached(),
      reads: [],
      nextOwnRead: 1,
      answers: new Map(),
      exposed: [],
      completion: createCompletion(),
      announcing: createAnnouncing(),
      signed: 0,
      signedAt: env.now,
      signedIn: 0,
    }),
    receive,
    linked: (e, env, peer, isUp) => {
      if (!isUp) detach(e.attached, peer);
      linkedAsLearner(e.learner, env, peer, isUp);
    },
    timeout: (e, env, timer) => {
      timeoutAsLearner(e.learner, env, timer);
      signAgain(e, env);
      announceVersions(e.announcing, e.learner, env);
    },
    completed,
    settle,
    invariants: (e) => invariants(e.learner),
  };
}

function receive(e: ExecutorState, env: Env<Message>, from: NodeId, m: Message): void {
  switch (m.type) {
    case 'attach':
      if (beginAttach(e.attached, env, e.learner.config.cluster, from, m, e.learner.nextTicket))
        e.learner.nextTicket++;
      return;
    case 'request':
      return onAskedAgain(e, env, from, m);
    case 'await-completed':
      return onAwaitCompleted(e.completion, e.learner, env, from, m);
    case 'read':
      return onRead(e, from, m);
    default:
      return receiveAsLearner(e.learner, env, from, m);
  }
}

function completed(e: ExecutorState, env: Env<Message>, ticket: number, holds: boolean): void {
  const attached = endAttach(e.attached, env, ticket, holds);
  if (attached === null) return completedAsLearner(e.learner, env, ticket, holds);
  if (attached === 'none') return;
  replyAgain(e, env, attached.client);
  for (const m of attached.waiting) receive(e, env, attached.connection, m);
}

function settle(e: ExecutorState, env: Env<Message>): void {
  settleAsLearner(e.learner, env);
  const items = takeExposed(e.learner);
  // After a jump the checkpoints that follow are signed, also if others were before.
  for (const item of items) if (!('outcomes' in item)) e.signed = Math.min(e.signed, item.slot - 1);
  reply(e, env, items);
  if (e.learner.config.domain !== null) e.exposed.push(...items);
  releaseReads(e, env);
  noteExposed(e.completion, items);
  tellCompleted(e.completion, e.learner, env);
  for (const own of e.learner.own)
    if (own.slot > e.signed && own.slot <= exposedEnd(e.learner)) sign(e, env, own);
}

/** "This was my state": to be believed with the signatures of others. Leaves once the log up to there is durable. */
function sign(e: ExecutorState, env: Env<Message>, { slot, history, state }: OwnCheckpoint): void {
  const { keys, config } = e.learner;
  // No epoch: that this was the state stays true whoever orders, and who executes stays the same.
  const content = { slot, history, state, sender: config.self, incarnation: 0, epoch: 0 };
  const token = signCheckpoint(keys, config.cluster, content);
  for (const id of new Set([...config.members, ...e.learner.before])) env.send(id, token);
  e.signed = slot;
  e.signedIn = config.epoch;
  e.signedAt = env.now;
}

/** Order replicas may have missed the last token, and those that joined know of none: they order nothing more before they do. */
function signAgain(e: ExecutorState, env: Env<Message>): void {
  const { retransmitMs, epoch } = e.learner.config;
  if (e.signedIn === epoch && env.now - e.signedAt < 2 * retransmitMs) return;
  const last = e.learner.own.findLast(({ slot }) => slot <= exposedEnd(e.learner));
  if (last !== undefined) sign(e, env, last);
}
