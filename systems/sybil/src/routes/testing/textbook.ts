/**
 * SybilGuard's and SybilLimit's routes as their papers say it: everybody sends theirs, and they are compared. What ours must find by shorter
 * ways. Routes run on our permutations, or on truly random ones that are kept.
 */

import type { Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { firstArc, nextArc, type Routing, reverseOf } from '../route.ts';

export interface PlainRoutes {
  readonly graph: Graph;
  readonly next: (instance: number, arc: number) => number;
  /** With which arc a node begins its one route of an instance. */
  readonly first: (instance: number, node: number) => number;
}

export function ourRoutes(routing: Routing): PlainRoutes {
  return {
    graph: routing.graph,
    next: (instance, arc) => nextArc(routing, instance, arc),
    first: (instance, node) => firstArc(routing, instance, node),
  };
}

/** Every node shuffles its arcs in every instance, and draws where to begin. */
export function shuffledRoutes(routing: Routing, random: Prng): PlainRoutes {
  const { graph } = routing;
  const { nodeCount, offsets } = graph;
  const drawn = new Map<number, { nexts: Uint32Array; firsts: Uint32Array }>();
  const drawInstance = () => {
    const nexts = new Uint32Array(graph.targets.length);
    const firsts = new Uint32Array(nodeCount);
    for (let node = 0; node < nodeCount; node += 1) {
      const [row, end] = [offsets[node] as number, offsets[node + 1] as number];
      firsts[node] = row + random.below(Math.max(1, end - row));
      const order = Array.from({ length: end - row }, (_, at) => row + at);
      for (let at = order.length - 1; at >= 0; at -= 1) {
        const other = random.below(at + 1);
        nexts[reverseOf(routing, row + at)] = order[other] as number;
        order[other] = order[at] as number;
      }
    }
    return { nexts, firsts };
  };
  const instanceOf = (instance: number) => {
    const known = drawn.get(instance) ?? drawInstance();
    drawn.set(instance, known);
    return known;
  };
  return {
    graph,
    next: (instance, arc) => instanceOf(instance).nexts[arc] as number,
    first: (instance, node) => instanceOf(instance).firsts[node] as number,
  };
}

/** The nodes on the route of `length` arcs that begins with `arc`, except the first. */
function nodesOf({ graph, next }: PlainRoutes, instance: number, arc: number, length: number): number[] {
  const nodes: number[] = [];
  for (let at = arc; nodes.length < length; at = next(instance, at)) nodes.push(graph.targets[at] as number);
  return nodes;
}

function tailOf(routes: PlainRoutes, instance: number, node: number, length: number): number {
  let at = routes.first(instance, node);
  for (let step = 1; step < length; step += 1) at = routes.next(instance, at);
  return at;
}

/** By suspect the share of the verifier's routes that meet one of its own; both routes hold the node that sends them. */
export function textbookGuard(
  routes: PlainRoutes,
  verifier: number,
  instance: number,
  length: number,
): Float64Array {
  const { nodeCount, offsets } = routes.graph;
  const sentBy = (node: number): number[][] => {
    const sent: number[][] = [];
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      sent.push([node, ...nodesOf(routes, instance, arc, length)]);
    return sent;
  };
  const mine = sentBy(verifier);
  return new Float64Array(nodeCount).map((_, suspect) => {
    if (suspect === verifier) return 1;
    const theirs = new Set(sentBy(suspect).flat());
    const met = mine.filter((route) => route.some((node) => theirs.has(node))).length;
    return mine.length === 0 ? 0 : met / mine.length;
  });
}

/** By suspect the pairs of equal tails, of the verifier in the instances `own` and of the suspect in `theirs`, over their number. */
export function textbookLimit(
  routes: PlainRoutes,
  verifier: number,
  own: readonly number[],
  theirs: readonly number[],
  length: number,
): Float64Array {
  const counts = new Map<number, number>();
  for (const instance of own) {
    const tail = tailOf(routes, instance, verifier, length);
    counts.set(tail, (counts.get(tail) ?? 0) + 1);
  }
  const { nodeCount, offsets } = routes.graph;
  return new Float64Array(nodeCount).map((_, suspect) => {
    if (suspect === verifier) return 1;
    if (offsets[suspect] === offsets[suspect + 1]) return 0;
    let met = 0;
    for (const instance of theirs) met += counts.get(tailOf(routes, instance, suspect, length)) ?? 0;
    return met / own.length;
  });
}
