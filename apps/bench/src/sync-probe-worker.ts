/** The thread behind `sync-probe.ts`: write, sync, wait, until told to stop; then reports all durations. */

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

interface Task {
  readonly file: string;
  readonly intervalMs: number;
  readonly stopFlag: Int32Array;
}

const { file, intervalMs, stopFlag }: Task = workerData;
const block = Buffer.alloc(4_096, 7);
const descriptor = openSync(file, 'w');
const samplesMs: number[] = [];
do {
  writeSync(descriptor, block);
  const before = performance.now();
  fdatasyncSync(descriptor);
  samplesMs.push(performance.now() - before);
} while (Atomics.wait(stopFlag, 0, 0, intervalMs) === 'timed-out');
closeSync(descriptor);
rmSync(file, { force: true });
parentPort?.postMessage(samplesMs);
