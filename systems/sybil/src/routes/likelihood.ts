/**
 * How likely the traces are if exactly the nodes of a set X are honest (SybilInfer, section 3.2). A walk stays on the side where it began
 * with a probability that is fitted to the traces, and ends at any node of a side alike. Moving one node to the other side changes three
 * counts only, so a proposal costs the same whatever the size of the graph.
 *
 * Reading: the fitted probability to stay is at least what chance gives, the share of nodes on that side (the paper's E_XX >= 0): else sets
 * that walks flee from would seem as likely as sets that they stay in.
 */

import type { Traces } from './traces.ts';

/** A set X, and the traces counted by it. */
export interface Cut {
  readonly traces: Traces;
  /** 1 for nodes in X. */
  readonly isHonest: Uint8Array;
  /** By node: walks to or from it, but not from it to it, whose other end is in X. */
  readonly honestEnds: Uint32Array;
  honestCount: number;
  /** Walks from X that end in X, and walks from the others that end among the others. */
  stayingHonest: number;
  stayingSybil: number;
}

/** Nobody is honest yet. */
export function emptyCut(traces: Traces): Cut {
  const nodeCount = traces.loops.length;
  return {
    traces,
    isHonest: new Uint8Array(nodeCount),
    honestEnds: new Uint32Array(nodeCount),
    honestCount: 0,
    stayingHonest: 0,
    stayingSybil: nodeCount * traces.perNode,
  };
}

/** Moves `node` to the other side; as much work as it has walks. */
export function moveNode(cut: Cut, node: number): void {
  const { isHonest, honestEnds } = cut;
  const { offsets, others, loops } = cut.traces;
  const [first, last] = [offsets[node] as number, offsets[node + 1] as number];
  const change = isHonest[node] === 1 ? -1 : 1;
  const [ends, loop] = [honestEnds[node] as number, loops[node] as number];
  cut.honestCount += change;
  cut.stayingHonest += change * (ends + loop);
  cut.stayingSybil -= change * (last - first - ends + loop);
  isHonest[node] = change === 1 ? 1 : 0;
  for (let at = first; at < last; at += 1) honestEnds[others[at] as number]! += change;
}

/** Logarithms of whole numbers: likelihoods are sums of them. */
export interface LogTables {
  readonly nodeCount: number;
  readonly perNode: number;
  /** ln k for numbers of nodes; 0 for 0. */
  readonly logs: Float64Array;
  /** k ln k for numbers of walks. PERF: a look-up near the last one is 10 times as fast as a logarithm. */
  readonly products: Float64Array;
}

/** 8 bytes for each walk and each node. */
export function createLogTables(nodeCount: number, perNode: number): LogTables {
  const logs = new Float64Array(nodeCount + 1);
  const products = new Float64Array(nodeCount * perNode + 1);
  for (let count = 2; count < logs.length; count += 1) logs[count] = Math.log(count);
  for (let count = 2; count < products.length; count += 1) products[count] = count * Math.log(count);
  return { nodeCount, perNode, logs, products };
}

/** Logarithm of the likelihood of the walks from a side of `size` nodes, of which `staying` end on it. */
function sideLikelihood(
  { nodeCount, perNode, logs, products }: LogTables,
  size: number,
  staying: number,
): number {
  const count = size * perNode;
  const leaving = count - staying;
  // No more than chance stays: then each walk ends at any node of the graph alike.
  if (staying * nodeCount <= size * count) return -count * (logs[nodeCount] as number);
  return (
    (products[staying] as number) +
    (products[leaving] as number) -
    (products[count] as number) -
    staying * (logs[size] as number) -
    leaving * (logs[nodeCount - size] as number)
  );
}

/** Logarithm of the likelihood of all traces, given the nodes in X, the walks that stay in it, and those that stay outside. */
export function logLikelihood(
  tables: LogTables,
  honestCount: number,
  stayingHonest: number,
  stayingSybil: number,
): number {
  return (
    sideLikelihood(tables, honestCount, stayingHonest) +
    sideLikelihood(tables, tables.nodeCount - honestCount, stayingSybil)
  );
}
