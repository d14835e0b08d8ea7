/**
 * A learner as a process: it follows the log of order replicas without taking part in ordering, executes it, and shows what
 * is exposed: to a gateway beside it, or, as an executor, to clients. This file only says when each step runs.
 */

import type { Keys } from '@concordat/crypto';
import {
  type Env,
  type ExposedBatch,
  type ExposedSnapshot,
  FIRST_CONNECTION,
  type NodeId,
  type OrderedLog,
  type Process,
  type Recovered,
  type Service,
} from '@concordat/kernel';
import { genesisHistory } from '../batch.ts';
import { type ClientRoute, signedToAll } from '../client/client.ts';
import { createExecution } from '../execution/execution.ts';
import { inVersionOf } from '../governance/ordered.ts';
import type { Message } from '../replica/messages.ts';
import { onBody, onBodyDenied } from './bodies.ts';
import { checkCertificate, onCertificateChecked } from './checkpoints.ts';
import type { LearnerConfig } from './config.ts';
import { fetchLate, onContent } from './contents.ts';
import { enterDue, onChain, onChainChecked } from './epochs.ts';
import { executeReady } from './execute.ts';
import { append, continueSnapshot, createJournalled } from './journal.ts';
import { hasHole, onNextBatch, prove, tellWhere } from './learn.ts';
import { knownLosses, recover } from './recovery.ts';
import { createLearnerState, exposedEnd, invariants, type LearnerState, sourceOf } from './state.ts';
import { resubmit, submit } from './submit.ts';
import { onFetchManifest, onFetchPart, onManifest, onPart, startTransfer, tickTransfer } from './transfer.ts';
import { stopIfTooOld } from './versions.ts';

export interface LearnerParts {
  readonly config: LearnerConfig;
  readonly keys: Keys;
  /** A fresh service in its initial state, under this version where the order replicas are governed: called at every start. */
  readonly createService: (version?: number) => Service;
  /** How its own requests reach order replicas: signed, to each, unless told. */
  readonly route?: ClientRoute;
}

export const TICK_MS = 25;
const TICK = 'learner/tick';

export function createLearner(parts: LearnerParts): Process<LearnerState, Message> {
  return {
    start: (env, recovered) => startLearner(parts, env, recovered),
    receive: receiveAsLearner,
    linked: linkedAsLearner,
    timeout: timeoutAsLearner,
    completed: completedAsLearner,
    settle: settleAsLearner,
    invariants,
  };
}

/** The ordered log of a learner: what a gateway beside it consumes. */
export const learnedLog: OrderedLog<LearnerState, Message> = { submit, takeExposed };

/** Takes what became exposed since the last call, in order. */
export function takeExposed(l: LearnerState): readonly (ExposedBatch | ExposedSnapshot)[] {
  const { exposed } = l;
  if (exposed.length > 0) l.exposed = [];
  return exposed;
}

export function startLearner(
  { config, keys, createService, route }: LearnerParts,
  env: Env<Message>,
  recovered: Recovered,
): LearnerState {
  const { isGoverned, genesis } = config.governance;
  const service = isGoverned ? createService(genesis.version) : createService();
  const execution = createExecution(
    keys.hash,
    service,
    genesisHistory(),
    inVersionOf(config.governance, service),
  );
  const l = createLearnerState(
    {
      config,
      keys,
      execution,
      journal: createJournalled(),
      route: route ?? signedToAll({ keys, cluster: config.cluster }),
    },
    env.now,
  );
  if (recovered.losses > knownLosses(recovered)) append(l, env, { type: 'begin', losses: recovered.losses });
  else recover(l, recovered);
  const slot = exposedEnd(l);
  if (slot > 0) l.exposed.push({ slot, time: execution.core.time.get() });
  env.note({ kind: 'recovered', executed: slot });
  env.setTimer(TICK, TICK_MS);
  return l;
}

export function receiveAsLearner(l: LearnerState, env: Env<Message>, from: NodeId, m: Message): void {
  switch (m.type) {
    case 'next-batch':
      return onNextBatch(l, env, from, m);
    case 'batch':
      return onContent(l, env, from, m);
    case 'body':
      return onBody(l, env, from, m);
    case 'body-denied':
      return onBodyDenied(l, env, from, m);
    case 'chain':
      return onChain(l, env, from, m);
    case 'stable':
      return checkCertificate(l, env, from, m.certificate);
    case 'fetch-manifest':
      return onFetchManifest(l, env, from, m);
    case 'manifest':
      return onManifest(l, env, from, m);
    case 'fetch-part':
      return onFetchPart(l, env, from, m);
    case 'part':
      return onPart(l, env, from, m);
    default:
      // For order replicas.
      return;
  }
}

export function linkedAsLearner(l: LearnerState, env: Env<Message>, peer: NodeId, isUp: boolean): void {
  if (!isUp) return;
  if (sourceOf(l, peer) !== undefined) tellWhere(l, env);
  // One that this learner's host knows of, and that it does not know yet: it may prove why.
  else if (l.config.governance.isGoverned && peer < FIRST_CONNECTION)
    env.send(peer, { type: 'fetch-chain', epoch: l.config.epoch });
}

export function completedAsLearner(l: LearnerState, env: Env<Message>, ticket: number, holds: boolean): void {
  if (!onChainChecked(l, env, ticket, holds)) onCertificateChecked(l, env, ticket, holds);
}

export function timeoutAsLearner(l: LearnerState, env: Env<Message>, timer: string): void {
  if (timer !== TICK) return;
  env.setTimer(TICK, TICK_MS);
  stopIfTooOld(l);
  const untoldMs = env.now - l.toldAt;
  if (untoldMs >= (hasHole(l) ? l.config.retransmitMs / 4 : l.config.retransmitMs)) tellWhere(l, env);
  resubmit(l, env);
  fetchLate(l, env);
  tickTransfer(l, env);
  jumpIfStuck(l, env);
}

/** Order replicas drop what is certified: whoever gets no further by the log fetches the state. */
function jumpIfStuck(l: LearnerState, env: Env<Message>): void {
  const isBehind = exposedEnd(l) < l.certified.slot;
  if (isBehind && env.now - l.progressAt > 2 * l.config.retransmitMs) startTransfer(l, env);
}

export function settleAsLearner(l: LearnerState, env: Env<Message>): void {
  do {
    prove(l, env);
    executeReady(l, env);
    // What members of the next epoch have said already counts from here on.
  } while (enterDue(l, env));
  continueSnapshot(l, env);
}
