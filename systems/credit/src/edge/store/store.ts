/**
 * A ledger whose changes become durable. Everything happens in memory at once and is appended to the log; the appends of a turn
 * of the event loop are committed together, and `durable` tells when they are safe. Whoever answers before that may have to take
 * back after a crash what he said.
 */

import { buildGraph } from '@concordat/graph';
import { adoptPolicy } from '../../ledger/adopt.ts';
import { decodeChange, encodeChange } from '../../ledger/change-codec.ts';
import { applyChange, type Change, createLedger, type Ledger } from '../../ledger/ledger.ts';
import { encodePolicy } from '../../ledger/policy-codec.ts';
import { snapshotRecords } from '../../ledger/snapshot-codec.ts';
import { finishLoading, loadRecord, startLoading } from '../../ledger/snapshot-loading.ts';
import { advance, createNetwork } from '../../network/network.ts';
import type { LinkPolicy } from '../../policies/policy.ts';
import { CreditError } from '../errors.ts';
import type { ChangeLog } from './change-log.ts';

export interface StoreOptions {
  readonly log: ChangeLog;
  /** Data made under another policy goes over to this one. */
  readonly policy: LinkPolicy;
  /** Milliseconds since 1970; the system's unless told. */
  readonly clock?: () => number;
  /** After so many changes a snapshot is stored. */
  readonly snapshotEvery?: number;
}

export interface CreditStore {
  /** Read it; change it by `apply` and `record` alone. */
  readonly ledger: Ledger;
  /** What the log said when it failed; from then on nothing becomes durable. */
  readonly failure: CreditError | null;
  /** Changes that wait to become durable. */
  readonly waiting: number;
  /** Tells the network the time, and returns it. */
  now(): number;
  /** Does what a change says and appends it; false if it cannot be done. */
  apply(change: Change): boolean;
  /** Appends a change that the network has made already. */
  record(change: Change): void;
  /** Replaces an empty ledger by this one; it is safe once the promise resolves. */
  adopt(ledger: Ledger): Promise<void>;
  /** Resolves when all changes so far are durable; rejects with `store-failed`. */
  durable(): Promise<void>;
  /** Stores a snapshot now. One at a time: a call while one is stored waits for that. */
  snapshot(): Promise<void>;
  close(): Promise<void>;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: CreditError) => void;
}

const DEFAULT_SNAPSHOT_EVERY = 100_000;

/** Reads what the log holds. Rejects with `bad-data` if that is not a ledger; the log is closed then. */
export async function openCreditStore(options: StoreOptions): Promise<CreditStore> {
  try {
    return await readStore(options);
  } catch (error) {
    await options.log.close().catch(() => {});
    throw error;
  }
}

async function readStore(options: StoreOptions): Promise<CreditStore> {
  const { log, policy, clock = Date.now } = options;
  const found = await readLedger(log, policy, clock());
  const isOther = encodePolicy(found.network.policy) !== encodePolicy(policy);
  if (isOther && found.network.policy.isSymmetric !== policy.isSymmetric)
    throw new CreditError('bad-configuration', 'links with and without a direction cannot become each other');
  advance(found.network, clock());
  if (isOther) adoptPolicy(found.network, policy, clock());
  const store = createStore(found, options);
  // Changes are replayed under the policy that they were made under, so that has to be stored before the first of them.
  if (isOther || log.snapshot === null) await store.snapshot();
  return store;
}

function emptyLedger(policy: LinkPolicy, nowMs: number): Ledger {
  const none = { sources: new Uint32Array(0), targets: new Uint32Array(0), weights: null };
  const { graph } = buildGraph({ nodeCount: 0, isDirected: false, ...none });
  return createLedger(createNetwork({ graph, policy, nowMs }), []);
}

async function readLedger(log: ChangeLog, policy: LinkPolicy, nowMs: number): Promise<Ledger> {
  const ledger = log.snapshot === null ? emptyLedger(policy, nowMs) : await readSnapshot(log.snapshot);
  let at = 0;
  for await (const bytes of log.changes) {
    const change = decodeChange(bytes);
    if (change === null || !applyChange(ledger, change))
      throw new CreditError('bad-data', `change ${at} behind the snapshot does not fit: restore a backup`);
    at += 1;
  }
  return ledger;
}

async function readSnapshot(records: AsyncIterable<Uint8Array>): Promise<Ledger> {
  const loading = startLoading();
  let isSound = true;
  for await (const record of records) isSound = isSound && loadRecord(loading, record);
  const ledger = isSound ? finishLoading(loading) : null;
  if (ledger === null) throw new CreditError('bad-data', 'the snapshot is no whole ledger: restore a backup');
  return ledger;
}

function createStore(found: Ledger, options: StoreOptions): CreditStore {
  const { log, clock = Date.now, snapshotEvery = DEFAULT_SNAPSHOT_EVERY } = options;
  let ledger = found;
  let failure: CreditError | null = null;
  let isCommitPlanned = false;
  let snapshotEnd = log.end;
  let storing: Promise<void> | null = null;
  const waiters: Waiter[] = [];

  log.listen({
    durable: () => {
      const left = waiters.findIndex(({ position }) => position > log.durable);
      for (const { resolve } of waiters.splice(0, left < 0 ? waiters.length : left)) resolve();
    },
    failed: (error) => {
      failure = new CreditError(
        'store-failed',
        `charges do not become durable any more: ${error.message}`,
        error,
      );
      for (const { reject } of waiters.splice(0)) reject(failure);
    },
  });

  const record = (change: Change): void => {
    if (failure !== null) return;
    log.append(encodeChange(change));
    if (isCommitPlanned) return;
    isCommitPlanned = true;
    // In the check phase, when the requests of this turn have been handled: one sync for all of them.
    setImmediate(() => {
      isCommitPlanned = false;
      log.commit();
      if (log.end - snapshotEnd >= snapshotEvery) snapshot().catch(() => {});
    });
  };
  const durable = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (failure !== null) reject(failure);
      else if (log.durable >= log.end) resolve();
      else waiters.push({ position: log.end, resolve, reject });
    });
  const snapshot = (): Promise<void> => {
    if (storing !== null) return storing;
    snapshotEnd = log.end;
    storing = log.storeSnapshot(snapshotRecords(ledger)).finally(() => {
      storing = null;
    });
    return storing;
  };
  return {
    get ledger() {
      return ledger;
    },
    get failure() {
      return failure;
    },
    get waiting() {
      return log.end - log.durable;
    },
    now: () => {
      const nowMs = clock();
      advance(ledger.network, nowMs);
      return nowMs;
    },
    apply: (change) => {
      const isDone = applyChange(ledger, change);
      if (isDone) record(change);
      return isDone;
    },
    record,
    adopt: async (next) => {
      await storing?.catch(() => {});
      ledger = next;
      await snapshot();
    },
    durable,
    snapshot,
    close: async () => {
      await storing?.catch(() => {});
      await log.close();
    },
  };
}
