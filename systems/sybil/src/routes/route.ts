/**
 * Random routes (Yu et al., SybilGuard, SIGCOMM 2006): in each instance a node forwards what arrives over one of its edges always over
 * the same other one, by a fixed random permutation of its edges. Hence the invariants: two routes that share an arc in the same
 * direction stay together (convergence), and from any arc a route can be followed backwards, to one origin (back-traceability).
 */

import { type Graph, twinsOf } from '@concordat/graph';
import { permuted, stirred, unpermuted } from './permutation.ts';

/** What routes run on, prepared once for a graph; instances are 32-bit seeds and take no memory. */
export interface Routing {
  readonly graph: Graph;
  /** For each arc the place of the same edge in the row of its other end: 4 bytes per arc. */
  readonly reverse: Uint32Array;
}

/** Prepares routes on an undirected graph: they go both ways over an edge. */
export function createRouting(graph: Graph): Routing {
  return { graph, reverse: twinsOf(graph) };
}

/** The node that an arc leaves. */
export function sourceOf(routing: Routing, arc: number): number {
  return routing.graph.targets[routing.reverse[arc] as number] as number;
}

function nodeKey(instance: number, node: number): number {
  return stirred(instance ^ stirred(node + 0x51ed2701));
}

/** The arc over which the instance's route goes on after `arc`. */
export function nextArc(routing: Routing, instance: number, arc: number): number {
  const { offsets, targets } = routing.graph;
  const node = targets[arc] as number;
  const row = offsets[node] as number;
  const size = (offsets[node + 1] as number) - row;
  if (size === 1) return row;
  return row + permuted(nodeKey(instance, node), size, (routing.reverse[arc] as number) - row);
}

/** The one arc after which the instance's routes take `arc`. */
export function previousArc(routing: Routing, instance: number, arc: number): number {
  const { offsets } = routing.graph;
  const node = sourceOf(routing, arc);
  const row = offsets[node] as number;
  const size = (offsets[node + 1] as number) - row;
  if (size === 1) return routing.reverse[row] as number;
  return routing.reverse[row + unpermuted(nodeKey(instance, node), size, arc - row)] as number;
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
  const size = (offsets[node + 1] as number) - row;
  const drawn = stirred(nodeKey(instance, node) ^ 0x2545f491);
  return row + Math.floor((drawn / 0x1_0000_0000) * size);
}
