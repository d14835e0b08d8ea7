/**
 * Personalised PageRank by pushes (Andersen, Chung and Lang, FOCS 2006): mass starts at the seeds as residual; a node that holds much
 * for its degree keeps a part and passes the rest on. What is left over is small everywhere, and nodes far from the seeds are never
 * looked at: the work is O(1 / (tolerance * teleport)), whatever the size of the graph.
 *
 * Invariant: estimates + the PageRank of the residuals = the PageRank of the seeds. At the end each residual is below
 * `tolerance * degree`, so on an undirected graph each estimate is too low by at most that.
 *
 * Deviation: the paper's walk is lazy, half of what a push passes on stays where it is, to be pushed again. All those pushes of one node
 * are done at once here: lazy with teleport `a` is plain with `2a / (1 + a)`.
 */

import { assert } from '@concordat/kernel';
import { weightedDegrees } from '../degrees.ts';
import type { Graph } from '../graph.ts';

export interface PushScratch {
  readonly graph: Graph;
  /**
   * Residual and weighted degree of node `u` at `2 u` and `2 u + 1`. PERF: visiting an arc needs both, and side by side they are one
   * cache line. A node without arcs has degree 1: it is its own neighbour.
   */
  readonly residuals: Float64Array;
  readonly estimates: Float64Array;
  /** A ring: nodes whose residual is to be pushed, each once. */
  readonly queue: Uint32Array;
  /** Nodes with anything above zero, each once, so that clearing costs what the former call visited. */
  readonly touched: Uint32Array;
  touchedCount: number;
}

/** 40 bytes for each node, made once for many calls of `pushPageRank`. */
export function createPushScratch(graph: Graph): PushScratch {
  const residuals = new Float64Array(2 * graph.nodeCount);
  for (const [node, degree] of weightedDegrees(graph).entries())
    residuals[2 * node + 1] = degree === 0 ? 1 : degree;
  return {
    graph,
    residuals,
    estimates: new Float64Array(graph.nodeCount),
    queue: new Uint32Array(graph.nodeCount),
    touched: new Uint32Array(graph.nodeCount),
    touchedCount: 0,
  };
}

export interface Seeds {
  readonly nodes: ArrayLike<number>;
  /** Shares of the mass, above zero, of any sum; null: the same for all. */
  readonly weights: ArrayLike<number> | null;
}

export interface PushOptions {
  /** Probability per step of going back to a seed, in (0, 1]: the reach of the walk is its inverse. */
  readonly teleport: number;
  /** Residual that is left per unit of degree, above 0. */
  readonly tolerance: number;
  /** Whether half of the steps stay in place, as in the paper; default true. */
  readonly isLazy?: boolean;
}

export interface PushedRank {
  /** Nodes with an estimate above zero, in the order in which they were reached. */
  readonly nodes: Uint32Array;
  /** Their estimates; with the residuals of all nodes they sum to 1. */
  readonly estimates: Float64Array;
  readonly pushCount: number;
  /** Arcs that were followed. */
  readonly arcCount: number;
}

function clear(scratch: PushScratch): void {
  for (let at = 0; at < scratch.touchedCount; at += 1) {
    const node = scratch.touched[at] as number;
    scratch.residuals[2 * node] = 0;
    scratch.estimates[node] = 0;
  }
  scratch.touchedCount = 0;
}

/** Puts the mass on the seeds and those that hold enough in the queue; returns how many those are. */
function plant(scratch: PushScratch, { nodes, weights }: Seeds, tolerance: number): number {
  const { residuals, queue, touched } = scratch;
  let total = weights === null ? nodes.length : 0;
  for (let at = 0; weights !== null && at < nodes.length; at += 1) total += weights[at] as number;
  assert(total > 0, 'there is a seed');
  let waiting = 0;
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at] as number;
    if (residuals[2 * node] === 0) touched[scratch.touchedCount++] = node;
    residuals[2 * node]! += (weights === null ? 1 : (weights[at] as number)) / total;
  }
  for (let at = 0; at < scratch.touchedCount; at += 1) {
    const node = touched[at] as number;
    if ((residuals[2 * node] as number) < tolerance * (residuals[2 * node + 1] as number)) continue;
    queue[waiting++] = node;
  }
  return waiting;
}

/** Runs the pushes; returns how many pushes there were and how many arcs they followed. */
function pushAll(
  scratch: PushScratch,
  waitingAtFirst: number,
  keep: number,
  tolerance: number,
): [number, number] {
  const { graph, residuals, estimates, queue, touched } = scratch;
  const { offsets, targets, weights } = graph;
  const room = queue.length;
  let [head, waiting, touchedCount] = [0, waitingAtFirst, scratch.touchedCount];
  let tail = waiting === room ? 0 : waiting;
  let [pushes, visits] = [0, 0];
  while (waiting > 0) {
    const node = queue[head] as number;
    head = head + 1 === room ? 0 : head + 1;
    waiting -= 1;
    const from = offsets[node] as number;
    const end = offsets[node + 1] as number;
    const residual = residuals[2 * node] as number;
    residuals[2 * node] = 0;
    estimates[node]! += from === end ? residual : keep * residual;
    pushes += 1;
    visits += end - from;
    const share = ((1 - keep) * residual) / (residuals[2 * node + 1] as number);
    for (let arc = from; arc < end; arc += 1) {
      const target = targets[arc] as number;
      const before = residuals[2 * target] as number;
      const after = before + (weights === null ? share : share * (weights[arc] as number));
      residuals[2 * target] = after;
      const limit = tolerance * (residuals[2 * target + 1] as number);
      if (after >= limit && before < limit) {
        queue[tail] = target;
        tail = tail + 1 === room ? 0 : tail + 1;
        waiting += 1;
      }
      // Whoever has pushed has an estimate: a node comes here once.
      if (before === 0 && estimates[target] === 0) touched[touchedCount++] = target;
    }
  }
  scratch.touchedCount = touchedCount;
  return [pushes, visits];
}

/**
 * Approximate personalised PageRank of `seeds`, which are nodes of the scratch's graph. Along the arcs of a directed graph. The scratch
 * keeps residuals and estimates until the next call.
 */
export function pushPageRank(scratch: PushScratch, seeds: Seeds, options: PushOptions): PushedRank {
  const { teleport, tolerance, isLazy = true } = options;
  assert(teleport > 0 && teleport <= 1 && tolerance > 0, 'teleport is in (0, 1], tolerance above 0');
  clear(scratch);
  const keep = isLazy ? (2 * teleport) / (1 + teleport) : teleport;
  const [pushCount, arcCount] = pushAll(scratch, plant(scratch, seeds, tolerance), keep, tolerance);
  const reached = scratch.touched.subarray(0, scratch.touchedCount);
  const nodes = reached.filter((node) => scratch.estimates[node] !== 0);
  const estimates = Float64Array.from(nodes, (node) => scratch.estimates[node] as number);
  return { nodes, estimates, pushCount, arcCount };
}

/** Scores of some nodes as scores of all, 0 for the rest. */
export function scoresOfAll(nodeCount: number, nodes: Uint32Array, scores: Float64Array): Float64Array {
  const all = new Float64Array(nodeCount);
  for (let at = 0; at < nodes.length; at += 1) all[nodes[at] as number] = scores[at] as number;
  return all;
}
