/**
 * A replica as a process: dispatch, the turn's order of work, and the tick. Every rule is in the file of
 * its step; this file only says when each runs.
 */

import type { Keys, Signatures } from '@concordat/crypto';
import {
  type Env,
  type NodeId,
  type OrderedLog,
  type Process,
  type Recovered,
  type Service,
  type Steps,
  startInSteps,
  unreachable,
} from '@concordat/kernel';
import { isAdmissionMessage } from '../admission/codec.ts';
import type { PairKeys } from '../admission/pair-keys.ts';
import { admissionOf } from '../admission/registry.ts';
import { createVouching } from '../admission/request-quorum/vouchers.ts';
import { genesisHistory } from '../batch.ts';
import { primaryOf, type ReplicaConfig } from '../config.ts';
import { createExecution } from '../execution/execution.ts';
import { createNoService } from '../execution/no-service.ts';
import { feedLearners, onLastExecuted } from '../executor/feed.ts';
import { checkToken, endTokenCheck, onToken } from '../executor/retention.ts';
import { onChain, onFetchChain, onGenuineChain } from '../governance/chain.ts';
import { type Configuration, ungoverned } from '../governance/configuration.ts';
import { enterEpochIfDue } from '../governance/epochs.ts';
import { type Governance, inVersionOf } from '../governance/ordered.ts';
import { resubmitCommands } from '../governance/submitting.ts';
import { announceVersions, stopIfTooOld } from '../governance/versions.ts';
import { epochOf } from '../governance/views.ts';
import { orderProtocols } from '../order/registry.ts';
import { onGenuineVote } from '../order/speculative/certificate.ts';
import { onClientCertificate, onGenuineCertificate } from '../order/speculative/client-certificate.ts';
import { forgetGuest } from '../robust/client-filter.ts';
import { watch } from '../robust/fairness.ts';
import { watchFlood } from '../robust/muting.ts';
import { forgive } from '../robust/throughput.ts';
import { acceptReady, selectionEnd } from './acceptance.ts';
import { forgiveWaits, hastenCommit, vote } from './agreement.ts';
import { mayBeHeard } from './associates.ts';
import {
  FETCH,
  fetchFromPrimary,
  fetchMissing,
  hastenFetch,
  isMissing,
  isWhole,
  onBatch,
  onFetchBatch,
  onStatus,
  renewCredit,
  sendStatus,
  tickStatus,
} from './catch-up.ts';
import {
  becomeStable,
  isCertificate,
  isCheckpointWanted,
  onCheckpoint,
  rememberStable,
} from './checkpoint.ts';
import { onAccusation, onGenuineAccusation } from './evidence.ts';
import { amnesia, firstIncarnation, recoverFromAmnesia } from './incarnation.ts';
import { append } from './journal.ts';
import type { BatchContent, Message } from './messages.ts';
import { checkProposal, keepEarly, onPrePrepare, propose } from './proposals.ts';
import { onRead, releaseReads } from './reads.ts';
import { knownLosses, recover } from './recovery.ts';
import { checkPooled, onChecked, onVerifiedRequest, watchRequests } from './requests.ts';
import { continueSnapshot } from './snapshotting.ts';
import { createReplicaState, invariants, type ReplicaState } from './state.ts';
import {
  onFetchManifest,
  onFetchPart,
  onManifest,
  onPart,
  startTransfer,
  tickTransfer,
} from './state-transfer.ts';
import { checkpointCheck, newViewChecks, viewChangeChecks } from './statements.ts';
import { takeVerified, verifyOnce } from './verification.ts';
import {
  isNewViewWanted,
  isViewChangeWanted,
  onNewView,
  onViewChange,
  resumeChange,
  retryHeldNewView,
  watchProgress,
} from './view-change.ts';
import { onVote, vouchedEnd } from './votes.ts';

/** How often a replica looks around: retransmission, suspicion, heartbeats. */
const TICK_MS = 25;
const TICK = 'replica/tick';

export interface ReplicaOptions {
  readonly config: ReplicaConfig;
  readonly keys: Keys;
  /** What MACs are made and checked with; needed where requests pass filter nodes. */
  readonly pair?: PairKeys;
  /**
   * A fresh service in its initial state: called at every start. Under this version; under the binary's oldest if it cannot
   * run that any more, and then the state is fetched; under its newest where nobody says.
   */
  readonly createService: (version?: number) => Service;
  /** Nobody can change the federation unless told. */
  readonly governed?: Governed;
}

/** What a federation needs in order to be changed while it runs. */
export interface Governed {
  /** What it began with, or a later configuration that this operator trusts; `config` runs it. */
  readonly genesis: Configuration;
  readonly verifyWith: Signatures['verifyWith'];
  /** The own keys of this public half, if they are here: members may change theirs. */
  readonly keysOf?: (publicKey: Uint8Array) => Keys | null;
  /** MACs under a configuration: without them it cannot vote in an epoch that has a request quorum. */
  readonly pairOf?: (configuration: Configuration) => PairKeys | null;
}

export const governanceOf = ({
  config,
  governed,
}: Pick<ReplicaOptions, 'config' | 'governed'>): Governance => ({
  cluster: config.cluster,
  checkpointInterval: config.checkpointInterval,
  executors: config.executes ? [] : config.executors,
  isGoverned: governed !== undefined,
  genesis: governed?.genesis ?? ungoverned(config),
  verifyWith: governed?.verifyWith ?? (() => false),
  keysOf: governed?.keysOf ?? (() => null),
  orderOf: (name) => orderProtocols[name],
  pairOf: governed?.pairOf ?? (() => null),
});

export function createReplica(options: ReplicaOptions): Process<ReplicaState, Message> {
  return {
    start: startInSteps((env, recovered) => start(options, env, recovered)),
    receive,
    linked,
    timeout: (s, env, timer) => {
      if (timer === TICK) tick(s, env);
      else if (timer === FETCH) fetchFromPrimary(s, env);
    },
    completed,
    settle,
    invariants,
  };
}

/** The ordered log of a replica: what its own gateway consumes. */
export const orderedLog: OrderedLog<ReplicaState, Message> = {
  submit: (s, env, body) => s.admission.submit(s, env, body),
  takeExposed: (s) => {
    const { exposed } = s;
    if (exposed.length > 0) s.exposed = [];
    return exposed;
  },
};

function* start(options: ReplicaOptions, env: Env<Message>, recovered: Recovered): Steps<ReplicaState> {
  const { config, keys, createService } = options;
  const genesisVersion = options.governed?.genesis.version;
  const service = config.executes ? createService(genesisVersion) : createNoService(genesisVersion);
  const governance = inVersionOf(governanceOf(options), service);
  const execution = createExecution(keys.hash, service, genesisHistory(), governance, config.executes);
  // A loss that no record answers yet: whatever the journal still holds, promises are missing from it.
  const isLost = recovered.losses > knownLosses(recovered);
  const incarnation = isLost ? amnesia(recovered.losses) : firstIncarnation();
  const order = orderProtocols[config.order];
  const vouching = createVouching({ ...options, ...genesisPair(options) });
  const admission = admissionOf(config.admission, vouching);
  const s = createReplicaState(
    { config, order, admission, vouching, keys, governance, execution, incarnation },
    env.now,
  );
  if (isLost) append(s, env, { type: 'amnesia', losses: recovered.losses });
  else if (recovered.records.length > 0) yield* resume(s, env, recovered);
  else append(s, env, { type: 'view', view: s.view, newView: null });
  env.setTimer(TICK, TICK_MS);
  return s;
}

/** Where the federation may change, keys for MACs are of its first configuration until the chain tells another. */
const genesisPair = ({ governed, pair }: ReplicaOptions): { readonly pair?: PairKeys } => {
  const made = pair ?? (governed === undefined ? null : (governed.pairOf?.(governed.genesis) ?? null));
  return made === null ? {} : { pair: made };
};

function* resume(s: ReplicaState, env: Env<Message>, recovered: Recovered): Steps<void> {
  yield* recover(s, recovered);
  env.note({ kind: 'recovered', view: s.view, executed: s.execution.executed, stable: s.stable.slot });
  if (s.execution.executed > 0)
    s.exposed.push({ slot: s.execution.executed, time: s.execution.core.time.get() });
  if (s.execution.executed === s.stable.slot) rememberStable(s);
  else startTransfer(s, env, s.stable);
  stopIfTooOld(s);
  resumeChange(s, env);
}

function linked(s: ReplicaState, env: Env<Message>, peer: NodeId, isUp: boolean): void {
  // A learner that comes back says where it is.
  s.feed.fed.delete(peer);
  const known = s.peers[peer];
  if (known === undefined) {
    if (!isUp) forgetGuest(s.robust.clients, peer);
    return;
  }
  known.isUp = isUp;
  known.helpedAt = Number.NEGATIVE_INFINITY;
  if (peer === primaryOf(s.config.members, s.view)) watch(s.robust.fairness, null);
  if (isUp) sendStatus(s, env, [peer]);
}

/** Ticks further apart tell of a pause of this machine, or of a clock that was set. */
const PAUSE_MS = 10 * TICK_MS;

/** What others did while this replica stood still waits to be read: only `PAUSE_MS` of that time count as their silence. */
function forgivePause(s: ReplicaState, env: Env<Message>): void {
  const pausedMs = env.now - s.tickedAt - PAUSE_MS;
  s.tickedAt = env.now;
  if (pausedMs <= 0) return;
  env.note({ kind: 'stood-still', ms: Math.round(pausedMs) });
  s.progressAt = Math.min(env.now, s.progressAt + pausedMs);
  forgiveWaits(s, pausedMs, env.now);
  forgive(s.robust.throughput, pausedMs);
  for (const pooled of s.pool.arrivals) pooled.arrivedAt = Math.min(env.now, pooled.arrivedAt + pausedMs);
}

function tick(s: ReplicaState, env: Env<Message>): void {
  env.setTimer(TICK, TICK_MS);
  forgivePause(s, env);
  renewCredit(s);
  s.heardFrom.clear();
  s.admission.tick(s, env);
  stopIfTooOld(s);
  announceVersions(s, env);
  resubmitCommands(s, env);
  tickStatus(s, env);
  tickTransfer(s, env);
  recoverFromAmnesia(s, env);
  hastenCommit(s, env);
  watchProgress(s, env, watchRequests(s, env));
  if (env.now - s.fetchedAt >= s.config.retransmitMs / 4) {
    s.fetchedAt = env.now;
    fetchMissing(s, env);
  }
}

function settle(s: ReplicaState, env: Env<Message>): void {
  retryHeldNewView(s, env);
  checkPooled(s, env);
  acceptReady(s, env);
  hastenFetch(s, env);
  vote(s, env);
  propose(s, env);
  // Own proposals are voted for in the same turn.
  vote(s, env);
  s.order.respond(s, env);
  releaseReads(s, env);
  feedLearners(s, env);
  continueSnapshot(s, env);
  enterEpochIfDue(s, env);
}

/** Signed messages that could matter go through their checks first; all others to their handlers. */
function receive(s: ReplicaState, env: Env<Message>, from: NodeId, m: Message): void {
  if (!mayBeHeard(s, env, from, m)) return;
  // What other epochs decide is none of this one's: who lags is helped by its status.
  if ('view' in m && m.type !== 'status' && epochOf(m.view) !== s.config.epoch) return;
  const { config, keys } = s;
  const { cluster, members } = config;
  watchFlood(s, env, from, m);
  switch (m.type) {
    case 'pre-prepare':
      if (m.view > s.view) keepEarly(s, from, m);
      else checkProposal(s, env, from, m);
      return;
    case 'checkpoint':
      if (config.executors.includes(from)) checkToken(s, env, from, m);
      else if (isCheckpointWanted(s, m)) verifyOnce(s, env, from, [checkpointCheck(cluster, m)], m);
      return;
    case 'stable':
      if (m.certificate[0]?.epoch === config.epoch && m.certificate[0].slot > s.stable.slot) {
        verifyOnce(
          s,
          env,
          from,
          m.certificate.map((item) => checkpointCheck(cluster, item)),
          m,
        );
      }
      return;
    case 'view-change':
      if (isViewChangeWanted(s, m))
        verifyOnce(s, env, from, viewChangeChecks(keys, cluster, s.genesis, m), m);
      return;
    case 'new-view':
      if (isNewViewWanted(s, m)) {
        verifyOnce(s, env, from, newViewChecks(keys, cluster, s.genesis, primaryOf(members, m.view), m), m);
      }
      return;
    case 'batch':
      receiveBatch(s, env, from, m);
      return;
    case 'chain':
      onChain(s, env, from, m);
      return;
    default:
      handle(s, env, from, m);
  }
}

/**
 * Bodies for a proposal must be admitted requests, unless a correct replica has found them so: it voted, or they are selected.
 * Of two contents that rest on the same checks the second comes again.
 */
function receiveBatch(s: ReplicaState, env: Env<Message>, from: NodeId, m: BatchContent): void {
  if (!isMissing(s, m) || !isWhole(s, env, from, m)) return;
  const isVouchedFor = m.slot <= Math.max(selectionEnd(s), vouchedEnd(s));
  const doubts = isVouchedFor ? [] : s.admission.doubts(s, env, m);
  if (doubts === null) return;
  if (doubts.length === 0) onBatch(s, m);
  else verifyOnce(s, env, from, doubts, m);
}

function completed(s: ReplicaState, env: Env<Message>, ticket: number, holds: boolean): void {
  if (onChecked(s, env, ticket, holds)) return;
  endTokenCheck(s, ticket);
  const verified = takeVerified(s, env, ticket, holds);
  if (verified === null) return;
  onVerified(s, env, verified.from, verified.message);
}

/** Those whose signatures were asked about by their handlers have others for the answer. */
function onVerified(s: ReplicaState, env: Env<Message>, from: NodeId, m: Message): void {
  switch (m.type) {
    case 'request':
      return onVerifiedRequest(s, env, from, m.request);
    case 'acknowledge':
      return onGenuineVote(s, from, m);
    case 'commit-certificate':
      return onGenuineCertificate(s, env, from, m);
    case 'accusation':
      return onGenuineAccusation(s, env, m);
    default:
      return handle(s, env, from, m);
  }
}

/** A message whose signatures, if it has any, hold. */
function handle(s: ReplicaState, env: Env<Message>, from: NodeId, m: Message): void {
  if (isAdmissionMessage(m)) return s.admission.receive(s, env, from, m);
  switch (m.type) {
    case 'pre-prepare':
      return onPrePrepare(s, env, m);
    case 'prepare':
    case 'acknowledge':
    case 'commit':
      return onVote(s, env, from, m);
    case 'checkpoint':
      return s.config.executors.includes(m.sender) ? onToken(s, env, m) : onCheckpoint(s, env, m);
    case 'stable':
      return isCertificate(s, m.certificate) ? becomeStable(s, env, m.certificate) : undefined;
    case 'view-change':
      return onViewChange(s, env, m);
    case 'new-view':
      return onNewView(s, env, m);
    case 'status':
      return onStatus(s, env, from, m);
    case 'request':
      return s.admission.onRequest(s, env, from, m);
    case 'fetch-batch':
      return onFetchBatch(s, env, from, m);
    case 'batch':
      return onBatch(s, m);
    case 'fetch-manifest':
      return onFetchManifest(s, env, from, m);
    case 'manifest':
      return onManifest(s, env, from, m);
    case 'fetch-part':
      return onFetchPart(s, env, from, m);
    case 'part':
      return onPart(s, env, from, m);
    case 'last-executed':
      return onLastExecuted(s, env, from, m);
    case 'commit-certificate':
      return onClientCertificate(s, env, from, m);
    case 'accusation':
      return onAccusation(s, env, from, m);
    case 'fetch-chain':
      return onFetchChain(s, env, from, m);
    case 'chain':
      return onGenuineChain(s, env, m);
    case 'read':
      return onRead(s, env, from, m);
    case 'reply':
    case 'spec-response':
    case 'local-commit':
    case 'answer':
      // Members learn outcomes from the log.
      return;
    case 'next-batch':
    case 'attach':
    case 'reply-digest':
      // For learners, executors and clients.
      return;
    default:
      return unreachable(m);
  }
}
