/**
 * How likely the traces are if exactly the nodes of a set X are honest (SybilInfer, section 3.2). A walk stays on the side where it began
 * with a probability that is fitted to the traces, and ends at any node of a side alike. Moving one node to the other side changes four
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
  honestCount: number;
  /** Walks from X that end in X, and walks from the others that end among the others. */
  stayingHonest: number;
  stayingSybil: number;
  /** By node: walks from it that end in X, and walks from X that end at it; its walks back to itself count on its own side. */
  readonly endsHonest: Uint32Array;
  readonly beginsHonest: Uint32Array;
  /** By node: walks from it that end at it. */
  readonly loops: Uint32Array;
}

/** Nobody is honest yet. */
export function emptyCut(traces: Traces): Cut {
  const nodeCount = traces.offsets.length - 1;
  const loops = new Uint32Array(nodeCount);
  for (let at = 0; at < traces.ends.length; at += 1) {
    const node = Math.floor(at / traces.perNode);
    if (traces.ends[at] === node) loops[node]! += 1;
  }
  return {
    traces,
    isHonest: new Uint8Array(nodeCount),
    honestCount: 0,
    stayingHonest: 0,
    stayingSybil: traces.ends.length,
    endsHonest: new Uint32Array(nodeCount),
    beginsHonest: new Uint32Array(nodeCount),
    loops,
  };
}

/** Counts after `node` changes sides: nodes in X, walks that stay in X, and walks that stay outside. */
export function countsAfter(cut: Cut, node: number): readonly [number, number, number] {
  const { traces, isHonest, honestCount, stayingHonest, stayingSybil, endsHonest, beginsHonest, loops } = cut;
  const loop = loops[node] as number;
  const arriving = (traces.offsets[node + 1] as number) - (traces.offsets[node] as number);
  const [toHonest, fromHonest] = [endsHonest[node] as number, beginsHonest[node] as number];
  if (isHonest[node] === 1) {
    const [toOthers, fromOthers] = [traces.perNode - toHonest, arriving - fromHonest];
    return [
      honestCount - 1,
      stayingHonest - toHonest - fromHonest + loop,
      stayingSybil + toOthers + fromOthers + loop,
    ];
  }
  const [toOthers, fromOthers] = [traces.perNode - toHonest, arriving - fromHonest];
  return [
    honestCount + 1,
    stayingHonest + toHonest + fromHonest + loop,
    stayingSybil - toOthers - fromOthers + loop,
  ];
}

/** Moves `node` to the other side; as much work as it has walks. */
export function moveNode(cut: Cut, node: number): void {
  const { traces, isHonest, endsHonest, beginsHonest } = cut;
  [cut.honestCount, cut.stayingHonest, cut.stayingSybil] = countsAfter(cut, node);
  const change = isHonest[node] === 1 ? -1 : 1;
  isHonest[node] = isHonest[node] === 1 ? 0 : 1;
  for (let walk = 0; walk < traces.perNode; walk += 1)
    beginsHonest[traces.ends[node * traces.perNode + walk] as number]! += change;
  for (let at = traces.offsets[node] as number; at < (traces.offsets[node + 1] as number); at += 1)
    endsHonest[traces.begins[at] as number]! += change;
}

/** Logarithm of the likelihood of walks from a side of `size` nodes of `nodeCount`, `staying` of `count` of which end on it. */
function sideLikelihood(size: number, nodeCount: number, staying: number, count: number): number {
  if (count === 0) return 0;
  const stay = Math.max(staying / count, size / nodeCount);
  const leaving = count - staying;
  let sum = staying === 0 ? 0 : staying * Math.log(stay / size);
  if (leaving > 0) sum += leaving * Math.log((1 - stay) / (nodeCount - size));
  return sum;
}

/** Logarithm of the likelihood of all traces, given the counts. */
export function logLikelihood(
  traces: Traces,
  [honestCount, stayingHonest, stayingSybil]: readonly [number, number, number],
): number {
  const nodeCount = traces.offsets.length - 1;
  const others = nodeCount - honestCount;
  return (
    sideLikelihood(honestCount, nodeCount, stayingHonest, honestCount * traces.perNode) +
    sideLikelihood(others, nodeCount, stayingSybil, others * traces.perNode)
  );
}

/** The counts of the cut as it stands. */
export function countsOf({
  honestCount,
  stayingHonest,
  stayingSybil,
}: Cut): readonly [number, number, number] {
  return [honestCount, stayingHonest, stayingSybil];
}
