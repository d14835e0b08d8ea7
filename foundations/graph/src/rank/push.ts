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

/** What a run has done and where it stands. */
interface Run {
  readonly keep: number;
  readonly tolerance: number;
  /** Of the queue: its first place, and how many wait. */
  head: number;
  waiting: number;
  pushCount: number;
  arcCount: number;
}

/** With more in the queue it is cheaper to look at all nodes in their order. PERF: 1/32 of them, against 1/8 and 1/128. */
const crowdOf = ({ nodeCount }: Graph): number => Math.max(8, nodeCount / 32);

/** Pushes from the queue until it is empty or crowded. */
function pushQueued(scratch: PushScratch, run: Run): void {
  const { graph, residuals, estimates, queue, touched } = scratch;
  const { offsets, targets, weights } = graph;
  const { keep, tolerance } = run;
  const room = queue.length;
  const crowd = crowdOf(graph);
  let { head, waiting, pushCount, arcCount } = run;
  let { touchedCount } = scratch;
  let tail = (head + waiting) % room;
  while (waiting > 0 && waiting <= crowd) {
    const node = queue[head] as number;
    head = head + 1 === room ? 0 : head + 1;
    waiting -= 1;
    const from = offsets[node] as number;
    const end = offsets[node + 1] as number;
    const residual = residuals[2 * node] as number;
    residuals[2 * node] = 0;
    estimates[node]! += from === end ? residual : keep * residual;
    pushCount += 1;
    arcCount += end - from;
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
  Object.assign(run, { head, waiting, pushCount, arcCount });
}

/**
 * One pass over all nodes in their order, pushing those that hold enough. PERF: rows are read in order and an arc costs one addition, a
 * fifth of what it costs from the queue (Wu et al., SIGMOD 2021, do the same).
 */
function pushInOrder(scratch: PushScratch, run: Run): void {
  const { graph, residuals, estimates } = scratch;
  const { nodeCount, offsets, targets, weights } = graph;
  const { keep, tolerance } = run;
  for (let node = 0; node < nodeCount; node += 1) {
    const residual = residuals[2 * node] as number;
    const degree = residuals[2 * node + 1] as number;
    if (residual < tolerance * degree) continue;
    const from = offsets[node] as number;
    const end = offsets[node + 1] as number;
    residuals[2 * node] = 0;
    estimates[node]! += from === end ? residual : keep * residual;
    run.pushCount += 1;
    run.arcCount += end - from;
    const share = ((1 - keep) * residual) / degree;
    if (weights === null)
      for (let arc = from; arc < end; arc += 1) residuals[2 * (targets[arc] as number)]! += share;
    else
      for (let arc = from; arc < end; arc += 1)
        residuals[2 * (targets[arc] as number)]! += share * (weights[arc] as number);
  }
}

/** Fills the queue with the nodes that hold enough, and takes every node for touched. */
function gatherQueue(scratch: PushScratch, run: Run): void {
  const { residuals, queue, touched } = scratch;
  run.head = run.waiting = 0;
  for (let node = 0; node < queue.length; node += 1) {
    touched[node] = node;
    if ((residuals[2 * node] as number) >= run.tolerance * (residuals[2 * node + 1] as number))
      queue[run.waiting++] = node;
  }
  scratch.touchedCount = queue.length;
}

/**
 * Approximate personalised PageRank of `seeds`, which are nodes of the scratch's graph. Along the arcs of a directed graph. The scratch
 * keeps residuals and estimates until the next call.
 */
export function pushPageRank(scratch: PushScratch, seeds: Seeds, options: PushOptions): PushedRank {
  const { graph } = scratch;
  const { teleport, tolerance, isLazy = true } = options;
  assert(teleport > 0 && teleport <= 1 && tolerance > 0, 'teleport is in (0, 1], tolerance above 0');
  clear(scratch);
  const keep = isLazy ? (2 * teleport) / (1 + teleport) : teleport;
  const waiting = plant(scratch, seeds, tolerance);
  const run: Run = { keep, tolerance, head: 0, waiting, pushCount: 0, arcCount: 0 };
  while (run.waiting > 0) {
    pushQueued(scratch, run);
    for (; run.waiting > crowdOf(graph); gatherQueue(scratch, run)) pushInOrder(scratch, run);
  }
  const { pushCount, arcCount } = run;
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
