/**
 * Where a server's time goes, by category, from V8's CPU profiles of the main threads. A category is told by the place
 * of the code that runs, or, for native code, of the code that called it. A profile counts samples, also of a thread
 * that waits for a processor; so the samples only divide up what the kernel says the main threads took. The rest of the
 * processes (signatures in workers, the collector's and the compiler's threads) is a line of its own.
 */

import type { Profiler } from 'node:inspector';

/** Microseconds for each request, of all servers together, the largest first. */
export type CpuShares = readonly { readonly category: string; readonly usPerRequest: number }[];

/** Nothing to do, or busy with the benchmark's own commands. */
const IDLE = 'idle';

/** The first that matches the URL or, for code without one, the name of a function. */
const CATEGORIES: readonly (readonly [category: string, pattern: RegExp])[] = [
  [IDLE, /^\(idle\)$|^node:(internal\/)?(inspector|child_process)/],
  ['garbage collection', /^\(garbage collector\)$/],
  ['the runtime itself', /^\((program|root)\)$/],
  ['signatures', /sodium|ed25519|crypto\/(sig|keys)|verify-block|host\/offload/],
  ['hashes', /internal\/crypto\/hash|runtime\/dist\/crypto\/hash|foundations\/crypto|crypto\/dist/],
  ['sockets and TLS', /^node:/],
  ['links and client ports', /runtime\/dist\/(links|listeners|framing)|client-port/],
  ['turns', /runtime\/dist\/(host|metrics|logs)|edge\/host\/(own-calls|durability)/],
  ['journal', /runtime\/dist\/journal|memory-journal|three-phase\/(journal|records)/],
  ['codecs', /wire\/dist|three-phase\/codec|accountability\/dist/],
  ['execution', /replication\/dist\/execution|state\/dist/],
  ['service', /edge\/service|edge\/host\/unreplicated|null-service/],
  ['agreement', /replication\/dist/],
];
const OTHER = 'other';
const THREADS = 'other threads';

const categoryOf = ({ url, functionName }: { url: string; functionName: string }): string | null => {
  const place = url === '' ? functionName : url;
  return CATEGORIES.find(([, pattern]) => pattern.test(place))?.[0] ?? (url === '' ? null : OTHER);
};

/** Microseconds of samples in each category, idle time left out. */
function timesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const category = new Map<number, string>();
  // Parents come first, so native code finds its caller's category.
  for (const node of nodes) {
    const own = categoryOf(node.callFrame) ?? category.get(node.id) ?? OTHER;
    category.set(node.id, own);
    for (const child of node.children ?? []) category.set(child, own);
  }
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = category.get(id) ?? OTHER;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  times.delete(IDLE);
  return times;
}

export function sharesOf(
  profiles: readonly Profiler.Profile[],
  figures: { readonly serverCpuUsPerRequest: number; readonly mainThreadUsPerRequest: number },
): CpuShares {
  const samples = new Map<string, number>();
  for (const profile of profiles)
    for (const [name, us] of timesOf(profile)) samples.set(name, (samples.get(name) ?? 0) + us);
  const sampled = [...samples.values()].reduce((sum, us) => sum + us, 0);
  const scale = figures.mainThreadUsPerRequest / Math.max(1, sampled);
  const each = [...samples].map(([category, us]) => ({ category, usPerRequest: us * scale }));
  const threads = figures.serverCpuUsPerRequest - figures.mainThreadUsPerRequest;
  return [
    ...each.sort((a, b) => b.usPerRequest - a.usPerRequest),
    { category: THREADS, usPerRequest: threads },
  ];
}
