/**
 * Signature checks off the turn. Few are done at once, when the turn has ended and what may leave has left (one costs
 * about as much as the way to a worker and back); many go to a worker thread as one block, so that the loop stays free,
 * once there is one. Results always arrive in a later turn.
 */

import { Worker } from 'node:worker_threads';
import type { Keys } from '@concordat/crypto';
import type { Job } from '@concordat/kernel';
import { createSignatures, type RuntimeKeys } from '../crypto/keys.ts';
import { asError } from '../errors.ts';
import { type Check, encodeChecks } from './verify-block.ts';

export interface OffloadOptions {
  readonly keys: Keys | RuntimeKeys;
  readonly completed: (ticket: number, holds: boolean) => void;
  readonly onFailure: (error: Error) => void;
}

export interface Offload {
  start(job: Job, ticket: number): void;
  /** Does or sends away what was started. Called after each turn. */
  flush(): void;
  /** Checks not yet answered. */
  readonly waiting: number;
  close(): Promise<void>;
}

interface Task {
  readonly job: Job;
  readonly ticket: number;
}

/** PERF: a verification takes 0.11 ms, a worker round trip 0.05-0.08 ms of latency plus the copies. */
const INLINE_CHECKS = 8;
/**
 * Done at once while the worker thread starts, which takes 50 ms on an idle machine and a second on a busy one: a view change is
 * often the first to need it, and must not wait for it. As many as a window of slots may bring.
 */
const INLINE_WHILE_STARTING = 512;

export function createOffload(options: OffloadOptions): Offload {
  const { keys, completed } = options;
  const underWay = new Map<number, readonly Task[]>();
  const travelling = createSignatures();
  let tasks: Task[] = [];
  let waiting = 0;
  let blocks = 0;
  let worker: Worker | null = null;
  let isReady = false;
  let isClosed = false;

  const answer = ({ job, ticket }: Task, holds: boolean): void => {
    waiting -= job.checks.length;
    completed(ticket, holds);
  };
  const checkHere = (task: Task): void => {
    answer(
      task,
      task.job.checks.every(({ key, signer, bytes, signature }) =>
        key === undefined
          ? keys.verify(signer, bytes, signature)
          : travelling.verifyWith(key, bytes, signature),
      ),
    );
  };
  const ensureWorker = (): Worker => {
    if (worker !== null) return worker;
    worker = new Worker(new URL('./verify-worker.js', import.meta.url));
    worker.unref();
    worker.once('message', () => {
      isReady = true;
      worker?.on('message', onVerdicts);
    });
    worker.on('error', (error) => options.onFailure(asError(error)));
    return worker;
  };
  const onVerdicts = ({ block, verdicts }: { block: number; verdicts: Uint8Array }): void => {
    let at = 0;
    for (const task of underWay.get(block) ?? []) {
      const end = at + task.job.checks.length;
      if (!isClosed) answer(task, !verdicts.subarray(at, end).includes(0));
      at = end;
    }
    underWay.delete(block);
  };
  const flush = (): void => {
    const batch = tasks;
    if (batch.length === 0) return;
    tasks = [];
    if (isClosed) return;
    const count = batch.reduce((sum, task) => sum + task.job.checks.length, 0);
    const isLarge = count > INLINE_CHECKS && 'publicKeyOf' in keys;
    const thread = isLarge ? ensureWorker() : null;
    const checks = isLarge && (isReady || count > INLINE_WHILE_STARTING) ? transferable(batch, keys) : null;
    if (thread === null || checks === null) {
      for (const task of batch) checkHere(task);
      return;
    }
    blocks++;
    underWay.set(blocks, batch);
    const bytes = encodeChecks(checks);
    thread.postMessage({ block: blocks, bytes }, [bytes.buffer]);
  };
  return {
    start: (job, ticket) => {
      tasks.push({ job, ticket });
      waiting += job.checks.length;
    },
    flush,
    get waiting() {
      return waiting;
    },
    close: async () => {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

/** A check by an unknown signer travels with an empty key, and fails there. */
function transferable(batch: readonly Task[], keys: RuntimeKeys): readonly Check[] {
  return batch.flatMap((task) =>
    task.job.checks.map(({ key, signer, bytes, signature }) => ({
      publicKey: key ?? keys.publicKeyOf(signer) ?? new Uint8Array(0),
      bytes,
      signature,
    })),
  );
}
