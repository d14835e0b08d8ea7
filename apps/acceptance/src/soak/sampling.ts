/** Samples the memory of a cluster's domains while something else goes on. */

import { type Cluster, processCost } from '@concordat/bench';

export interface Sample {
  readonly atMs: number;
  /** Of the largest domain. */
  readonly residentBytes: number;
}

const EVERY_MS = 1000;

export function startSampling(cluster: Cluster, startedAt: number): { stop(): readonly Sample[] } {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const sizes = cluster.endpoints.map((_, domain) => processCost([cluster.pid(domain)]).residentBytes);
    samples.push({ atMs: performance.now() - startedAt, residentBytes: Math.max(...sizes) });
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}
