/**
 * Where a server's time goes, by stage, from V8's CPU profiles of the main threads. A stage is told by the place of the
 * code that runs, or, for native code, of the code that called it. A profile counts samples, also of a thread that
 * waits for a processor; so the samples only divide up what the kernel says the main threads took. The rest of the
 * processes (signatures in workers, the journal's syncs, the collector's and the compiler's threads) is a line of its own.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { formatTable } from './table.ts';

/** Microseconds for each operation, of all servers together, the largest first. */
export type CpuShares = readonly { readonly stage: string; readonly usPerOp: number }[];

/** Nothing to do, or busy with the benchmark's own commands. */
const IDLE = 'idle';

/** The first that matches the URL or, for code without one, the name of a function. */
const STAGES: readonly (readonly [stage: string, pattern: RegExp])[] = [
  [IDLE, /^\(idle\)$|^node:(internal\/)?(inspector|child_process)|bench\/dist\/profiled-server/],
  ['garbage collection', /^\(garbage collector\)$/],
  ['the runtime itself', /^\((program|root)\)$/],
  ['signatures', /sodium|ed25519|crypto\/(sig|keys)|verify-block|host\/offload/],
  ['hashes', /internal\/crypto\/hash|runtime\/dist\/crypto\/hash|foundations\/crypto|crypto\/dist/],
  ['journal', /^node:(internal\/)?fs|runtime\/dist\/journal|memory-journal|three-phase\/(journal|records)/],
  ['sockets and TLS', /^node:/],
  [
    'links and client ports',
    /runtime\/dist\/(links|listeners|framing)|client-port|keeper\/dist\/edge\/framing/,
  ],
  ['turns', /runtime\/dist\/(host|metrics|logs)|edge\/host\/(own-calls|durability)/],
  ['jute', /keeper\/dist\/jute/],
  ['gateway', /keeper\/dist\/(gateway|edge|credentials|admin|events)/],
  ["keeper's tree", /keeper\/dist/],
  ['codecs', /wire\/dist|three-phase\/codec|accountability\/dist/],
  ['execution', /replication\/dist\/execution|state\/dist/],
  ['service', /edge\/service|edge\/host\/unreplicated|null-service/],
  ['agreement', /replication\/dist|kernel\/dist/],
  // What a command adds around its replica and gateway: who lies in demonstrations, notes as lines, status.
  ['daemon', /cli\/dist|sim\/dist/],
];
const OTHER = 'other';
const THREADS = 'other threads';

/** What it calls waits for the disk with the processor idle: a profile counts it, the kernel does not. */
const WAITS_FOR_DISK = 'fdatasyncSync';

const stageOf = ({ url, functionName }: { url: string; functionName: string }): string | null => {
  const place = url === '' ? functionName : url;
  return STAGES.find(([, pattern]) => pattern.test(place))?.[0] ?? (url === '' ? null : OTHER);
};

/** Microseconds of samples in each stage, idle time left out. */
function timesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const stage = new Map<number, string>();
  // Parents come first, so native code finds its caller's stage.
  for (const node of nodes) {
    const own = stageOf(node.callFrame) ?? stage.get(node.id) ?? OTHER;
    stage.set(node.id, own);
    const below = node.callFrame.functionName === WAITS_FOR_DISK ? IDLE : own;
    for (const child of node.children ?? []) stage.set(child, below);
  }
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = stage.get(id) ?? OTHER;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  times.delete(IDLE);
  return times;
}

export function sharesOf(
  profiles: readonly Profiler.Profile[],
  figures: { readonly serverCpuUsPerOp: number; readonly mainThreadUsPerOp: number },
): CpuShares {
  const samples = new Map<string, number>();
  for (const profile of profiles)
    for (const [name, us] of timesOf(profile)) samples.set(name, (samples.get(name) ?? 0) + us);
  const sampled = [...samples.values()].reduce((sum, us) => sum + us, 0);
  const scale = figures.mainThreadUsPerOp / Math.max(1, sampled);
  const each = [...samples].map(([stage, us]) => ({ stage, usPerOp: us * scale }));
  const threads = figures.serverCpuUsPerOp - figures.mainThreadUsPerOp;
  return [...each.sort((a, b) => b.usPerOp - a.usPerOp), { stage: THREADS, usPerOp: threads }];
}

/** Leaves one file for each server, for V8's tools to show. */
export function writeProfiles(folder: string, name: string, profiles: readonly Profiler.Profile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const [i, each] of profiles.entries())
    writeFileSync(join(folder, `${name}-server${i}.cpuprofile`), JSON.stringify(each));
}

export function formatShares(what: string, unit: string, shares: CpuShares): string {
  const lines = shares.map(({ stage, usPerOp }) => [stage, '', usPerOp.toFixed(2)]);
  const sum = shares.reduce((total, { usPerOp }) => total + usPerOp, 0);
  return formatTable([[what, '', unit], ...lines, ['all together', '', sum.toFixed(2)]]);
}
