/**
 * How long the disk takes to sync, measured beside the servers: a thread of its own writes a block and calls
 * fdatasync every `intervalMs`, so that neither the load generator's event loop nor its thread pool is counted.
 */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createLatencies } from './latencies.ts';

export interface SyncLatency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export interface SyncProbe {
  /** Ends the probe and removes its file. */
  stop(): Promise<SyncLatency>;
}

/** Probes the disk of `folder`, which must exist. */
export function startSyncProbe(folder: string, intervalMs: number): SyncProbe {
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const file = join(folder, `sync-probe-${process.pid}-${Math.round(performance.now())}`);
  const worker = new Worker(new URL('./sync-probe-worker.js', import.meta.url), {
    workerData: { file, intervalMs, stopFlag },
  });
  const result = new Promise<number[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  // Whoever never stops the probe must not be held up by it, nor hear of its failure twice.
  worker.unref();
  result.catch(() => {});
  return {
    stop: async () => {
      worker.ref();
      Atomics.store(stopFlag, 0, 1);
      Atomics.notify(stopFlag, 0);
      return summary(await result);
    },
  };
}

function summary(samplesMs: readonly number[]): SyncLatency {
  const latencies = createLatencies(0);
  for (const ms of samplesMs) latencies.add(ms, 0);
  return {
    count: latencies.count,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    longestMs: latencies.percentile(1),
  };
}
