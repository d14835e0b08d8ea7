/** Profiles of server processes that this one did not fork: asked for by signals, told by files (profiled-server.ts). */

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './cluster.ts';

export const PROFILES_VARIABLE = 'CONCORDAT_BENCH_PROFILES';
export const startedFile = (folder: string, pid: number): string => join(folder, `${pid}.started`);
export const profileFile = (folder: string, pid: number): string => join(folder, `${pid}.cpuprofile`);

/** A profile of ten thousands of samples is some MB; its server may share a processor with many. */
const ANSWER_MS = 60_000;
const LOOK_EVERY_MS = 10;

/** The environment of servers that can be profiled by signals; makes the folder in which they answer. */
export function profiledEnvironment(folder: string): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  const preload = new URL('./profiled-server.js', import.meta.url).href;
  const options = [process.env['NODE_OPTIONS'], `--import=${preload}`].filter(Boolean).join(' ');
  return { NODE_OPTIONS: options, [PROFILES_VARIABLE]: folder };
}

/** Resolves once all of them sample; rejects with a `ClusterError`. */
export async function startProfiles(folder: string, pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  for (const pid of pids) {
    await untilThere(startedFile(folder, pid));
    rmSync(startedFile(folder, pid));
  }
}

/** The profiles since `startProfiles`, in the order of `pids`; rejects with a `ClusterError`. */
export async function stopProfiles(folder: string, pids: readonly number[]): Promise<Profiler.Profile[]> {
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  const profiles: Profiler.Profile[] = [];
  for (const pid of pids) {
    const file = profileFile(folder, pid);
    await untilThere(file);
    profiles.push(JSON.parse(readFileSync(file, 'utf8')));
    rmSync(file);
  }
  return profiles;
}

async function untilThere(file: string): Promise<void> {
  const deadline = performance.now() + ANSWER_MS;
  while (!existsSync(file)) {
    if (performance.now() > deadline)
      throw new ClusterError('CLUSTER_START', `a server did not answer with ${file}`);
    await sleep(LOOK_EVERY_MS);
  }
}
