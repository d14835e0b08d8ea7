/**
 * Viswanath, Post, Gummadi, Mislove (SIGCOMM 2010): every Sybil defence ranks accounts by how well they connect to the trusted node, and
 * local community detection does as well (Mislove et al., WSDM 2010): grow a set from the trusted nodes, always by the neighbour that
 * leaves the lowest conductance; who joins earlier ranks higher. Exactly that neighbour, although conductance depends on the set:
 *
 * A node of degree d with `inside` edges into the set of volume V and cut c leaves conductance (c + d - 2 inside) / min(V + d, rest - d).
 * Among neighbours of one degree the best is always one with the most edges inside, so candidates wait in a queue for each pair of
 * degree and `inside`, first come first served, and a step compares one candidate for each degree that occurs. O(edges + nodes x degrees
 * that occur). Weights are not used.
 */

import { conductanceBy, degreeOf, type Graph } from '@concordat/graph';
import { NEEDS_SEEDS, type Ranking } from '../rank/ranking.ts';

const NONE = 0xffff_ffff;

/** Neighbours of the growing set, in doubly linked rings through a head for each degree and number of edges inside. */
interface Candidates {
  /** Ring links: of nodes, then of heads. */
  readonly next: Uint32Array;
  readonly previous: Uint32Array;
  /** Degrees that occur, ascending; class `k` has its heads at `heads[k] .. heads[k] + degrees[k]`, by edges inside. */
  readonly degrees: Uint32Array;
  readonly heads: Uint32Array;
  readonly classOf: Uint32Array;
  /** Most edges inside of any candidate of each class, or above; 0: none. */
  readonly top: Uint32Array;
  /** Edges into the set, by node; NONE: in the set itself. */
  readonly inside: Uint32Array;
}

function createCandidates(graph: Graph): Candidates {
  const { nodeCount } = graph;
  const all = new Uint32Array(nodeCount).map((_, node) => degreeOf(graph, node));
  const degrees = Uint32Array.from(new Set(all)).sort();
  const classes = new Map([...degrees].map((degree, at) => [degree, at]));
  const heads = new Uint32Array(degrees.length);
  let end = nodeCount;
  for (const [at, degree] of degrees.entries()) {
    heads[at] = end;
    end += degree + 1;
  }
  const itself = new Uint32Array(end).map((_, place) => place);
  return {
    next: itself,
    previous: itself.slice(),
    degrees,
    heads,
    classOf: all.map((degree) => classes.get(degree) ?? 0),
    top: new Uint32Array(degrees.length),
    inside: new Uint32Array(nodeCount),
  };
}

function unlink({ next, previous }: Candidates, node: number): void {
  const [before, after] = [previous[node] as number, next[node] as number];
  next[before] = after;
  previous[after] = before;
  next[node] = previous[node] = node;
}

/** One more edge of `node` leads into the set: it moves to the end of the ring one above. */
function raise(candidates: Candidates, node: number): void {
  const { next, previous, heads, classOf, top, inside } = candidates;
  if (inside[node] === NONE) return;
  unlink(candidates, node);
  const count = (inside[node] as number) + 1;
  inside[node] = count;
  const group = classOf[node] as number;
  const head = (heads[group] as number) + count;
  const last = previous[head] as number;
  next[last] = previous[head] = node;
  previous[node] = last;
  next[node] = head;
  if (count > (top[group] as number)) top[group] = count;
}

/** The candidate whose joining leaves the lowest conductance, or NONE. */
function bestCandidate(candidates: Candidates, cut: number, volume: number, total: number): number {
  const { next, degrees, heads, top } = candidates;
  let [best, lowest] = [NONE, Infinity];
  for (let group = 0; group < top.length; group += 1) {
    let count = top[group] as number;
    while (
      count > 0 &&
      (next[(heads[group] as number) + count] as number) === (heads[group] as number) + count
    )
      count -= 1;
    top[group] = count;
    if (count === 0) continue;
    const degree = degrees[group] as number;
    const conductance = conductanceBy(cut + degree - 2 * count, volume + degree, total);
    if (conductance >= lowest) continue;
    lowest = conductance;
    best = next[(heads[group] as number) + count] as number;
  }
  return best;
}

export interface GrownCommunity {
  /** Nodes in the order in which they joined, seeds first; those that no path reaches are not in it. */
  readonly order: Uint32Array;
  /** Conductance after each of them. */
  readonly conductances: Float64Array;
}

/** Grows a set from `seeds` over everything that they reach. */
export function growCommunity(graph: Graph, seeds: readonly number[]): GrownCommunity {
  const { nodeCount, offsets, targets } = graph;
  const candidates = createCandidates(graph);
  const { inside } = candidates;
  const order = new Uint32Array(nodeCount);
  const conductances = new Float64Array(nodeCount);
  let [joined, cut, volume] = [0, 0, 0];
  const join = (node: number): void => {
    const degree = degreeOf(graph, node);
    cut += degree - 2 * (inside[node] as number);
    volume += degree;
    unlink(candidates, node);
    inside[node] = NONE;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      raise(candidates, targets[arc] as number);
    order[joined] = node;
    conductances[joined] = conductanceBy(cut, volume, targets.length);
    joined += 1;
  };
  for (const seed of seeds) join(seed);
  for (;;) {
    const node = bestCandidate(candidates, cut, volume, targets.length);
    if (node === NONE) break;
    join(node);
  }
  return { order: order.subarray(0, joined), conductances: conductances.subarray(0, joined) };
}

export const localCommunity: Ranking = {
  name: 'local-community',
  source:
    'Viswanath, Post, Gummadi, Mislove: An analysis of social network-based Sybil defenses, SIGCOMM 2010',
  needs: { ...NEEDS_SEEDS, usesWeights: false },
  rank: (graph, labels) => {
    const scores = new Float64Array(graph.nodeCount);
    const { order } = growCommunity(graph, labels.honest);
    for (const [at, node] of order.entries())
      scores[node] = graph.nodeCount - Math.max(at, labels.honest.length - 1);
    return scores;
  },
};
