/**
 * What may flow along the arcs of a graph. Flow along an arc gives its twin, the same arc the other way round, as much room for flow
 * back: all that a search for more flow needs to know is what each arc has left.
 */

import { assert } from '@concordat/kernel';
import { arcBetween, type Graph } from '../graph.ts';
import { undirectedForm } from '../parts/directions.ts';

export interface FlowNetwork {
  /** Undirected, so that every arc has its twin. */
  readonly graph: Graph;
  /** The other arc of each arc's edge. */
  readonly twins: Uint32Array;
  /** What may still flow along each arc; never below zero, and with the twin's a constant sum. */
  readonly residuals: Float64Array;
}

/**
 * The twin of each arc of an undirected graph. Linear and without a search: rows are visited by their ascending source, and that is the
 * order of the targets of the row where the twins are.
 */
export function twinsOf({ isDirected, nodeCount, offsets, targets }: Graph): Uint32Array {
  assert(!isDirected, 'arcs of an undirected graph have twins');
  const twins = new Uint32Array(targets.length);
  const next = offsets.slice(0, nodeCount);
  for (let arc = 0; arc < targets.length; arc += 1) {
    const target = targets[arc] as number;
    twins[arc] = next[target] as number;
    next[target]! += 1;
  }
  return twins;
}

/** A network in which each arc of an undirected graph has the capacity that stands in its place, 0 or more; it is kept, not copied. */
export function flowNetwork(graph: Graph, capacities: Float64Array): FlowNetwork {
  assert(capacities.length === graph.targets.length, 'each arc has a capacity');
  return { graph, twins: twinsOf(graph), residuals: capacities };
}

/** A network of a directed graph, whose arcs have the capacities that stand in their places: an arc without a twin gets an empty one. */
export function directedFlowNetwork(graph: Graph, capacities: Float64Array): FlowNetwork {
  const form = undirectedForm(graph);
  const residuals = new Float64Array(form.targets.length);
  for (let node = 0; node < graph.nodeCount; node += 1)
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      residuals[arcBetween(form, node, graph.targets[arc] as number)] = capacities[arc] as number;
  return flowNetwork(form, residuals);
}

/** Moves `amount` along an arc: what it loses its twin gains. */
export function sendAlong({ twins, residuals }: FlowNetwork, arc: number, amount: number): void {
  residuals[arc]! -= amount;
  residuals[twins[arc] as number]! += amount;
}
