/**
 * The part of a graph that one picture shows: an account, the ends of the cut that separates it from the seeds, seeds, what joins
 * them, and what lies around, in this order, until there are enough. The cut's edges are all in it, which may make it larger than asked
 * for; only where they would pass all bounds it has those nearest to the account, and how many are missing is told.
 */

import { degreeOf, type Graph } from '@concordat/graph';

export interface Scene {
  /** Undirected. */
  readonly graph: Graph;
  readonly account: number;
  readonly seeds: readonly number[];
  /** By node: 1 beyond the cut, 0 on the seeds' side. */
  readonly side: Uint8Array;
}

export interface Neighbourhood {
  /** Distinct nodes of the graph, the account first. */
  readonly nodes: readonly number[];
  /** Pairs of places in `nodes`, each edge once. */
  readonly edges: readonly (readonly [number, number])[];
  /** Edges of the whole cut, and those that the picture has not. */
  readonly cutEdges: number;
  readonly hiddenCutEdges: number;
  /** Accounts of the graph that the picture has not. */
  readonly hiddenAccounts: number;
}

/** Seeds in the picture: they show where trust comes from, and all would show nothing else. */
const SEEDS_SHOWN = 20;
/** What is around takes this share of the asked size at least, however many ends the cut has. */
const AROUND_SHARE = 0.3;

/** Hops from `start` by node, and the node from which each was reached; -1 where it was not. */
function distancesFrom({ nodeCount, offsets, targets }: Graph, start: number): [Int32Array, Int32Array] {
  const hops = new Int32Array(nodeCount).fill(-1);
  const via = new Int32Array(nodeCount).fill(-1);
  const queue = new Uint32Array(nodeCount);
  hops[start] = 0;
  queue[0] = start;
  for (let head = 0, tail = 1; head < tail; head += 1) {
    const node = queue[head] as number;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const next = targets[arc] as number;
      if (hops[next] !== -1) continue;
      hops[next] = (hops[node] as number) + 1;
      via[next] = node;
      queue[tail] = next;
      tail += 1;
    }
  }
  return [hops, via];
}

/** Edges between the sides, [beyond, seeds' side], the nearest to the account first. */
function cutOf({ graph, side }: Scene, hops: Int32Array): [number, number][] {
  const cut: [number, number][] = [];
  for (let node = 0; node < graph.nodeCount; node += 1) {
    if (side[node] !== 1) continue;
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1) {
      const other = graph.targets[arc] as number;
      if (side[other] !== 1) cut.push([node, other]);
    }
  }
  const far = graph.nodeCount;
  const distance = (node: number): number => ((hops[node] as number) < 0 ? far : (hops[node] as number));
  return cut.sort((a, b) => distance(a[0]) - distance(b[0]) || a[0] - b[0] || a[1] - b[1]);
}

/**
 * About `asked` nodes, more where the cut has so many ends, but at most `most`. Both are at least 50. O(edges + cut * log cut).
 */
export function neighbourhoodOf(scene: Scene, asked: number, most: number): Neighbourhood {
  const { graph, account, seeds } = scene;
  const [hops, via] = distancesFrom(graph, account);
  const chosen = new Set<number>([account]);
  const add = (node: number, most: number): boolean => {
    if (chosen.has(node)) return true;
    if (chosen.size >= most) return false;
    chosen.add(node);
    return true;
  };
  const cut = cutOf(scene, hops);
  // Both ends or none: half an edge shows nothing.
  for (const [inside, outside] of cut) {
    const needed = Number(!chosen.has(inside)) + Number(!chosen.has(outside));
    if (chosen.size + needed > most - AROUND_SHARE * asked) break;
    chosen.add(inside).add(outside);
  }
  const limit = Math.min(most, Math.max(asked, Math.ceil(chosen.size + AROUND_SHARE * asked)));
  const near = [...seeds]
    .filter((seed) => (hops[seed] as number) >= 0)
    .sort((a, b) => (hops[a] as number) - (hops[b] as number) || a - b);
  for (const seed of near.slice(0, SEEDS_SHOWN))
    for (let node = seed; node !== -1 && add(node, limit); ) node = via[node] as number;
  // Ends of the cut hang together with the account by the ways to it, and everything with what is around.
  for (const end of [...chosen])
    for (let node = end; node !== -1 && add(node, limit); ) node = via[node] as number;
  spread(scene, chosen, limit);
  const nodes = [...chosen];
  const edges = edgesAmong(graph, nodes);
  const kept = edges.filter(([a, b]) => isAcross(scene, nodes, a, b)).length;
  return {
    nodes,
    edges,
    cutEdges: cut.length,
    hiddenCutEdges: cut.length - kept,
    hiddenAccounts: graph.nodeCount - nodes.length,
  };
}

const isAcross = ({ side }: Scene, nodes: readonly number[], a: number, b: number): boolean =>
  side[nodes[a] as number] !== side[nodes[b] as number];

/** Friends of those chosen, round by round, until there are `limit`: in turns from each side, so that one does not fill the picture. */
function spread({ graph, side }: Scene, chosen: Set<number>, limit: number): void {
  let fringe = [...chosen];
  while (fringe.length > 0 && chosen.size < limit) {
    const found: [number[], number[]] = [[], []];
    const seen = new Set<number>();
    for (const node of fringe)
      for (let at = 0; at < degreeOf(graph, node); at += 1) {
        const next = graph.targets[(graph.offsets[node] as number) + at] as number;
        if (chosen.has(next) || seen.has(next)) continue;
        seen.add(next);
        found[side[next] === 1 ? 1 : 0].push(next);
      }
    fringe = [];
    for (let at = 0; at < Math.max(found[0].length, found[1].length); at += 1)
      for (const list of [found[1], found[0]]) {
        const next = list[at];
        if (next === undefined || chosen.size >= limit) continue;
        chosen.add(next);
        fringe.push(next);
      }
  }
}

function edgesAmong(graph: Graph, nodes: readonly number[]): [number, number][] {
  const places = new Map(nodes.map((node, at) => [node, at]));
  const edges: [number, number][] = [];
  for (const [at, node] of nodes.entries())
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1) {
      const other = places.get(graph.targets[arc] as number);
      if (other !== undefined && other > at) edges.push([at, other]);
    }
  return edges;
}
