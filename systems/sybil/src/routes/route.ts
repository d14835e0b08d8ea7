/**
 * Random routes (Yu et al., SybilGuard, SIGCOMM 2006): in each instance a node forwards what arrives over one of its edges always over
 * the same other one, by a fixed random permutation of its edges. Hence the invariants: two routes that share an arc in the same
 * direction stay together (convergence), and from any arc a route can be followed backwards, to one origin (back-traceability).
 */

import { type Graph, twinsOf } from '@concordat/graph';
import { factorOf, type Moduli, moduliOf, permuted, scaled, stirred, unpermuted } from './permutation.ts';

/** What routes run on, prepared once for a graph; instances are 32-bit seeds and take no memory. */
export interface Routing {
  readonly graph: Graph;
  /**
   * For each arc the node that it leads to, and the place of the same edge in that node's row: 8 bytes per arc. PERF: side by side
   * because a route comes by at random, and waits for memory once.
   */
  readonly crossings: Uint32Array;
  /** Of all degrees. */
  readonly moduli: Moduli;
}

/** Prepares routes on an undirected graph: they go both ways over an edge. */
export function createRouting(graph: Graph): Routing {
  const { nodeCount, offsets, targets } = graph;
  const twins = twinsOf(graph);
  const crossings = new Uint32Array(2 * targets.length);
  for (let arc = 0; arc < targets.length; arc += 1) {
    crossings[2 * arc] = targets[arc] as number;
    crossings[2 * arc + 1] = twins[arc] as number;
  }
  const degrees = new Set<number>();
  for (let node = 0; node < nodeCount; node += 1)
    degrees.add((offsets[node + 1] as number) - (offsets[node] as number));
  return { graph, crossings, moduli: moduliOf(degrees) };
}

/** The arc that goes the other way over the same edge. */
export function reverseOf({ crossings }: Routing, arc: number): number {
  return crossings[2 * arc + 1] as number;
}

/** The node that an arc leaves. */
export function sourceOf(routing: Routing, arc: number): number {
  return routing.graph.targets[reverseOf(routing, arc)] as number;
}

function nodeKey(instance: number, node: number): number {
  return stirred(instance ^ Math.imul(node + 1, 0x51ed2701));
}

/** Over which arc of its own `node` sends on what comes over the edge of its arc `from`. */
function sentOn(
  { offsets }: Graph,
  { primes, starts, inverses }: Moduli,
  instance: number,
  node: number,
  from: number,
): number {
  const row = offsets[node] as number;
  const size = (offsets[node + 1] as number) - row;
  const key = nodeKey(instance, node);
  const prime = primes[size] as number;
  const inverse = inverses[(starts[size] as number) + factorOf(key, prime)] as number;
  return row + permuted(prime, inverse, key, size, from - row);
}

/** Over the edge of which arc of its own there came to `node` what it sends on over its arc `to`. */
export function cameFrom(
  offsets: Uint32Array,
  primes: Uint32Array,
  instance: number,
  node: number,
  to: number,
): number {
  const row = offsets[node] as number;
  const size = (offsets[node + 1] as number) - row;
  return row + unpermuted(primes[size] as number, nodeKey(instance, node), size, to - row);
}

/** The arc over which the instance's route goes on after `arc`. */
export function nextArc(routing: Routing, instance: number, arc: number): number {
  return sentOn(
    routing.graph,
    routing.moduli,
    instance,
    routing.graph.targets[arc] as number,
    reverseOf(routing, arc),
  );
}

/** The one arc after which the instance's routes take `arc`. */
export function previousArc(routing: Routing, instance: number, arc: number): number {
  return reverseOf(
    routing,
    cameFrom(routing.graph.offsets, routing.moduli.primes, instance, sourceOf(routing, arc), arc),
  );
}

/** Over each arc to the node that it leads to, and there to the arc of the same edge. */
function cross(crossings: Uint32Array, arcs: Uint32Array, nodes: Uint32Array): void {
  for (let at = 0; at < arcs.length; at += 1) {
    const arc = arcs[at] as number;
    nodes[at] = crossings[2 * arc] as number;
    arcs[at] = crossings[2 * arc + 1] as number;
  }
}

/**
 * Takes routes, each in an instance of its own, from their first arcs to their last, in place; `length` counts arcs. PERF: all of them step by
 * step and memory apart from arithmetic, so that the processor waits for many arcs at once: 30 instead of 350 ns for a step among 1.6 million.
 */
export function routeOn(
  { graph, crossings, moduli }: Routing,
  instances: Uint32Array,
  arcs: Uint32Array,
  length: number,
): void {
  const nodes = new Uint32Array(arcs.length);
  for (let step = 1; step < length; step += 1) {
    cross(crossings, arcs, nodes);
    for (let at = 0; at < arcs.length; at += 1)
      arcs[at] = sentOn(graph, moduli, instances[at] as number, nodes[at] as number, arcs[at] as number);
  }
}

/** The way back in one instance, from the last arcs of routes to their first, in place; `nodes` are those that the arcs leave. */
export function routeBack(
  routing: Routing,
  instance: number,
  arcs: Uint32Array,
  nodes: Uint32Array,
  length: number,
): void {
  const { crossings } = routing;
  const { offsets } = routing.graph;
  const { primes } = routing.moduli;
  for (let step = 1; step < length; step += 1) {
    for (let at = 0; at < arcs.length; at += 1)
      arcs[at] = cameFrom(offsets, primes, instance, nodes[at] as number, arcs[at] as number);
    cross(crossings, arcs, nodes);
  }
}

/** The last arc of the route of `length` arcs that begins with `arc`. */
export function tailOf(routing: Routing, instance: number, arc: number, length: number): number {
  let at = arc;
  for (let step = 1; step < length; step += 1) at = nextArc(routing, instance, at);
  return at;
}

/** The first arc of the one route of `length` arcs that ends with `arc`. */
export function headOf(routing: Routing, instance: number, arc: number, length: number): number {
  let at = arc;
  for (let step = 1; step < length; step += 1) at = previousArc(routing, instance, at);
  return at;
}

/** The arc that `node`, which has neighbours, draws to begin its route of the instance. */
export function firstArc(routing: Routing, instance: number, node: number): number {
  const { offsets } = routing.graph;
  const row = offsets[node] as number;
  return row + scaled(stirred(nodeKey(instance, node) ^ 0x2545f491), (offsets[node + 1] as number) - row);
}
