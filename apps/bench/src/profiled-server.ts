/**
 * Preloaded into servers that are to be profiled (`node --import`): SIGUSR2 starts a V8 profile of the main thread, the
 * next one ends it. The product knows nothing of it. What it does is told by files in the folder that the environment
 * names: `PID.started` once it samples, and `PID.cpuprofile`, complete, once it has stopped.
 */

import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { PROFILES_VARIABLE, profileFile, startedFile } from './profiling.ts';

const folder = process.env[PROFILES_VARIABLE];
// Workers inherit what is preloaded.
if (isMainThread && folder !== undefined) profileOnSignals(folder);

/**
 * Each sample wakes an idle server by a signal: every millisecond, as V8 would have it, they take more time than a federation
 * that has nothing to do.
 */
const SAMPLE_EVERY_US = 5_000;

function profileOnSignals(directory: string): void {
  let session: Session | null = null;
  const start = async (): Promise<void> => {
    const starting = new Session();
    session = starting;
    starting.connect();
    await starting.post('Profiler.enable');
    await starting.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await starting.post('Profiler.start');
    writeFileSync(startedFile(directory, process.pid), '');
  };
  const stop = async (running: Session): Promise<void> => {
    session = null;
    const { profile } = await running.post('Profiler.stop');
    running.disconnect();
    const draft = join(directory, `${process.pid}.draft`);
    writeFileSync(draft, JSON.stringify(profile));
    renameSync(draft, profileFile(directory, process.pid));
  };
  process.on('SIGUSR2', () => void (session === null ? start() : stop(session)));
}
