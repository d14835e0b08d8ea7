/** What was answered, to whom and how late, since the last reset: throughput and latency come from here. */

import type { Millis, NodeId } from '@concordat/kernel';

export interface Recorder {
  add(of: NodeId, latencyMs: Millis): void;
  reset(): void;
  readonly count: number;
  /** How many each participant that got any had answered. */
  readonly byNode: ReadonlyMap<NodeId, number>;
  /** The longest that each of them waited for an answer it got. */
  readonly worstMs: ReadonlyMap<NodeId, Millis>;
  /** The latency that a share `q` in [0, 1] of the answers does not exceed; 0 without answers. */
  percentile(q: number): Millis;
}

export function createRecorder(): Recorder {
  const latencies: Millis[] = [];
  const byNode = new Map<NodeId, number>();
  const worstMs = new Map<NodeId, Millis>();
  return {
    add: (of, latencyMs) => {
      latencies.push(latencyMs);
      byNode.set(of, (byNode.get(of) ?? 0) + 1);
      worstMs.set(of, Math.max(worstMs.get(of) ?? 0, latencyMs));
    },
    reset: () => {
      latencies.length = 0;
      byNode.clear();
      worstMs.clear();
    },
    get count() {
      return latencies.length;
    },
    byNode,
    worstMs,
    percentile: (q) => {
      const sorted = Float64Array.from(latencies).sort();
      return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
    },
  };
}
