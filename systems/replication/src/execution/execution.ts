/**
 * Sequential execution: batches in slot order, requests in batch order, each at most once. Holds replication's own
 * state and the service side by side, and digests, marks, snapshots and restores them as one.
 */

import type { Hash } from '@concordat/crypto';
import {
  assert,
  createPrng,
  type Digest,
  type ExposedBatch,
  halt,
  type Mark,
  type Millis,
  type NodeId,
  type Outcome,
  type Restore,
  type Service,
  type Snapshot,
} from '@concordat/kernel';
import type { Batch } from '../batch.ts';
import { areVersions, decodeAnnouncement } from '../governance/announcement.ts';
import { encodeVerdict, type Verdict } from '../governance/command.ts';
import {
  beginEpochIfDue,
  executeReconfigure,
  type Governance,
  presentDigest,
  presentRecord,
  recordVersions,
} from '../governance/ordered.ts';
import { cannotRun } from '../governance/readiness.ts';
import { COMMAND_CLIENT, GOVERNANCE_CLIENTS, type Request } from '../request.ts';
import { type CoreState, createCoreState, isNextOf, recordReply } from './core-state.ts';
import { combinedDigest, type Roots } from './roots.ts';

export interface Execution {
  readonly core: CoreState;
  readonly service: Service;
  /** False where there is no service: the state then tells only who has executed what, without replies, in any version. */
  readonly executes: boolean;
  /** Slots up to here are executed. */
  executed: number;
  /** Digest of the log up to `executed`. */
  history: Digest;
  /** Of the configuration in force after what is executed. */
  configuration(): Digest;
  digest(): Digest;
  /** Judges a command to governance. */
  reconfigure(slot: number, body: Uint8Array): Verdict;
  /** Records what the binary of one that executes can run. */
  announce(domain: NodeId, versions: readonly number[]): void;
}

/** Both states at one checkpoint; the parts of the core's come first. */
export interface Checkpointed {
  readonly slot: number;
  readonly core: Snapshot;
  readonly service: Snapshot;
  readonly configuration: Digest;
  readonly marks: { readonly core: Mark; readonly service: Mark };
}

export function createExecution(
  hash: Hash,
  service: Service,
  history: Digest,
  governance: Governance,
  executes = true,
): Execution {
  assert(areVersions(service.versions), 'a service can run a few versions, which ascend');
  const core = createCoreState(hash, governance);
  const configuration = (): Digest => presentDigest(core.governance, hash);
  return {
    core,
    service,
    executes,
    executed: 0,
    history,
    configuration,
    digest: () =>
      combinedDigest(hash, {
        core: core.state.digest(),
        service: service.digest(),
        configuration: configuration(),
      }),
    reconfigure: (slot, body) => executeReconfigure(core.governance, governance, hash, slot, body),
    announce: (domain, versions) => recordVersions(core.governance, governance, domain, versions),
  };
}

/** What correct executors need not agree on must not be in the state, and so is not shown either. */
const canonical = (service: Service, reply: Uint8Array): Uint8Array =>
  service.canonicalReply?.(reply) ?? reply;

/** Executes the batch of slot `executed` + 1 and returns what learners see. `history` is the log's digest with it. */
export function executeBatch(
  execution: Execution,
  batch: Batch,
  requests: readonly Request[],
  history: Digest,
): ExposedBatch {
  const { core, service } = execution;
  execution.executed += 1;
  execution.history = history;
  // The null batch has no time of its own.
  const time = Math.max(core.time.get(), batch.time);
  core.time.set(time);
  const events: Uint8Array[] = [];
  const emit = (event: Uint8Array): void => {
    events.push(event);
  };
  const { command, base } = presentRecord(core.governance);
  const { retired, version } = command.next;
  if (execution.executes) runUnderVersion(service, version);
  service.advance(time, emit);
  if (base > 0 && execution.executed === base + 1) service.reconfigured?.(command.next, emit);
  const random = createPrng(new DataView(history.buffer, history.byteOffset).getUint32(0), 'batch');
  const outcomes: Outcome[] = [];
  for (const request of requests) {
    // Whoever has left asks for nothing more.
    if (retired.includes(request.domain)) continue;
    if (request.client === COMMAND_CLIENT) {
      executeCommand(execution, request);
      continue;
    }
    // A faulty primary may order what was executed, or leave a gap: every replica skips it alike.
    if (!isNextOf(core, request, request.seq)) continue;
    const { domain, client, seq } = request;
    const reply =
      client >= GOVERNANCE_CLIENTS
        ? executeGovernance(execution, request)
        : canonical(service, service.execute(request.body, { domain, client, seq, time, random, emit }));
    recordReply(core, request, seq, request.acked, execution.executes ? reply : null);
    outcomes.push({ domain, client, seq, reply });
  }
  beginEpochIfDue(core.governance, execution.executed);
  return { slot: execution.executed, time, outcomes, events };
}

/**
 * Has the service run the version of the configuration in force. The first batch of an epoch switches it: the state that
 * the last checkpoint before certifies is still of the former version, for those who cannot run the next one sign it, too.
 */
function runUnderVersion(service: Service, version: number): void {
  const present = service.version();
  if (present === version) return;
  if (version < present || !service.versions.includes(version)) halt(cannotRun(service.versions, version));
  service.switchTo(version);
}

const NOTHING = new Uint8Array(0);

/** A command to change the federation, whose reply is the verdict, or what a member's binary can run. */
function executeGovernance(execution: Execution, { domain, body }: Request): Uint8Array {
  const versions = decodeAnnouncement(body);
  if (versions === null) return encodeVerdict(execution.reconfigure(execution.executed, body));
  execution.announce(domain, versions);
  return NOTHING;
}

/** A member that lost its journal asks for a new incarnation, numbered by `seq`. */
function executeCommand({ core, executed }: Execution, request: Request): void {
  const known = core.incarnations.get(request.domain)?.number ?? 0;
  if (request.seq > known) core.incarnations.set(request.domain, { number: request.seq, since: executed });
}

/** A point of the execution to which it can go back. */
export interface ExecutionMark {
  readonly slot: number;
  readonly history: Digest;
  readonly marks: Checkpointed['marks'];
}

export const markExecution = (execution: Execution): ExecutionMark => ({
  slot: execution.executed,
  history: execution.history,
  marks: { core: execution.core.state.mark(), service: execution.service.mark() },
});

/** Goes back to a mark, and forgets all later ones. */
export function rollbackExecution(execution: Execution, { slot, history, marks }: ExecutionMark): void {
  execution.core.state.rollback(marks.core);
  execution.service.rollback(marks.service);
  execution.executed = slot;
  execution.history = history;
}

/** Marks the present state so that it can be read later, while execution goes on. */
export function checkpointed(execution: Execution): Checkpointed {
  const marks = { core: execution.core.state.mark(), service: execution.service.mark() };
  return {
    slot: execution.executed,
    core: execution.core.state.snapshot(marks.core),
    service: execution.service.snapshot(marks.service),
    configuration: execution.configuration(),
    marks,
  };
}

export const rootsOf = ({ core, service, configuration }: Checkpointed): Roots => ({
  core: core.digest,
  service: service.digest,
  configuration,
});

/** Forgets this checkpoint's marks, and all earlier ones. */
export function releaseCheckpointed(execution: Execution, { marks }: Checkpointed): void {
  execution.core.state.release(marks.core);
  execution.service.release(marks.service);
}

/** Rebuilds both states from the parts of a checkpoint. */
export interface Rebuild {
  readonly parts: number;
  /** False if the bytes are not the promised part. */
  offer(part: number, bytes: Uint8Array): boolean;
  missing(limit: number): readonly number[];
  digestOf(part: number): Digest;
  /** Replaces the state. Only when nothing is missing. */
  finish(): void;
}

/** Begins to rebuild the state that hashes to `state`; null if these part digests do not. */
export function rebuild(
  execution: Execution,
  hash: Hash,
  state: Digest,
  digests: { readonly core: readonly Digest[]; readonly service: readonly Digest[] },
  roots: Roots,
): Rebuild | null {
  const expected = combinedDigest(hash, roots);
  if (!expected.every((byte, i) => byte === state[i])) return null;
  const core = execution.core.state.restore(roots.core, digests.core);
  const service = execution.service.restore(roots.service, digests.service);
  if (core === null || service === null) return null;
  return combine(core, digests.core, service, digests.service);
}

function combine(
  core: Restore,
  coreDigests: readonly Digest[],
  service: Restore,
  serviceDigests: readonly Digest[],
): Rebuild {
  const first = coreDigests.length;
  return {
    parts: first + serviceDigests.length,
    offer: (part, bytes) => (part < first ? core.offer(part, bytes) : service.offer(part - first, bytes)),
    missing: (limit) => {
      const own = core.missing(limit);
      return own.length >= limit
        ? own
        : [...own, ...service.missing(limit - own.length).map((part) => part + first)];
    },
    digestOf: (part) => (part < first ? coreDigests[part] : serviceDigests[part - first]) as Digest,
    finish: () => {
      core.finish();
      service.finish();
    },
  };
}

/** Ordered time of the last executed batch. */
export const orderedTime = (execution: Execution): Millis => execution.core.time.get();
