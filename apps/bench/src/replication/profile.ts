/**
 * Where a server's time goes, by category, from V8's CPU profiles of the main threads. A category is told by the place
 * of the code that runs, or, for native code, of the code that called it. What the kernel accounts to a process beyond
 * its main thread's samples (checks in workers, the collector's and the compiler's threads, waking up) is named as such.
 */

import type { Profiler } from 'node:inspector';

/** Microseconds for each request, of all servers together, the largest first. */
export type CpuShares = readonly { readonly category: string; readonly usPerRequest: number }[];

/** The first that matches the URL or, for code without one, the name of a function. */
const CATEGORIES: readonly (readonly [category: string, pattern: RegExp])[] = [
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
export const BESIDES = 'other threads, wake-ups';

const categoryOf = ({ url, functionName }: { url: string; functionName: string }): string | null => {
  const place = url === '' ? functionName : url;
  return CATEGORIES.find(([, pattern]) => pattern.test(place))?.[0] ?? (url === '' ? null : OTHER);
};

/** Microseconds of samples in each category, idle time left out. */
function timesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const category = new Map<number, string>();
  const isIdle = new Set<number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  // Parents come first, so native code finds its caller's category.
  for (const node of nodes) {
    const inherited = category.get(node.id) ?? OTHER;
    const own = categoryOf(node.callFrame) ?? inherited;
    category.set(node.id, own);
    if (node.callFrame.functionName === '(idle)') isIdle.add(node.id);
    for (const child of byId.get(node.id)?.children ?? []) category.set(child, own);
  }
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = category.get(id) ?? OTHER;
    if (!isIdle.has(id)) times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  return times;
}

export function sharesOf(
  profiles: readonly Profiler.Profile[],
  { requests, serverCpuUsPerRequest }: { readonly requests: number; readonly serverCpuUsPerRequest: number },
): CpuShares {
  const total = new Map<string, number>();
  for (const profile of profiles)
    for (const [name, us] of timesOf(profile)) total.set(name, (total.get(name) ?? 0) + us);
  const each = [...total].map(([category, us]) => ({ category, usPerRequest: us / Math.max(1, requests) }));
  const sampled = each.reduce((sum, { usPerRequest }) => sum + usPerRequest, 0);
  const besides = { category: BESIDES, usPerRequest: serverCpuUsPerRequest - sampled };
  return [...each.sort((a, b) => b.usPerRequest - a.usPerRequest), besides];
}
