/** The adjacency matrix times a vector: what rankings of a whole graph spend their time on. */

import type { Graph } from '../graph.ts';

/**
 * For each node the sum of `values` at the ends of its arcs, by weight. PERF: four sums side by side, as an addition that waits for the
 * one before is what limits a single one: a fifth faster on two million arcs, and as fast as a compiled sparse product.
 */
export function neighbourSums(graph: Graph, values: Float64Array, into: Float64Array): void {
  if (graph.weights !== null) return weightedSums(graph, graph.weights, values, into);
  const { nodeCount, offsets, targets } = graph;
  let arc = 0;
  for (let node = 0; node < nodeCount; node += 1) {
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    const end = offsets[node + 1] as number;
    for (const last = end - 3; arc < last; arc += 4) {
      first += values[targets[arc] as number] as number;
      second += values[targets[arc + 1] as number] as number;
      third += values[targets[arc + 2] as number] as number;
      fourth += values[targets[arc + 3] as number] as number;
    }
    for (; arc < end; arc += 1) first += values[targets[arc] as number] as number;
    into[node] = first + second + (third + fourth);
  }
}

function weightedSums(
  { nodeCount, offsets, targets }: Graph,
  weights: Float64Array,
  values: Float64Array,
  into: Float64Array,
): void {
  let arc = 0;
  for (let node = 0; node < nodeCount; node += 1) {
    let first = 0;
    let second = 0;
    const end = offsets[node + 1] as number;
    for (const last = end - 1; arc < last; arc += 2) {
      first += (values[targets[arc] as number] as number) * (weights[arc] as number);
      second += (values[targets[arc + 1] as number] as number) * (weights[arc + 1] as number);
    }
    for (; arc < end; arc += 1)
      first += (values[targets[arc] as number] as number) * (weights[arc] as number);
    into[node] = first + second;
  }
}

/**
 * How to sum over the arcs of one graph again and again. PERF: the values of a million nodes fill the caches and the pages that a processor
 * knows: an arc costs 2 ns alone and 8 ns beside other work. Arcs that lie in blocks by the node that they lead to read values out of half
 * a megabyte at a time: 2 ns, whatever runs beside. Making the blocks costs as much as three rounds. (Tiles by both ends: 6 ns.)
 */
export interface SumsPlan {
  readonly graph: Graph;
  /** Null: the graph is small enough to be summed over as it is. */
  readonly blocks: ArcBlocks | null;
}

/** All arcs of a graph, by the block of nodes that they lead to, then by the node that they leave. */
interface ArcBlocks {
  /** Where the arcs of each block begin, and after the last one. */
  readonly starts: Uint32Array;
  readonly sources: Uint32Array;
  /** The targets' places in their block. */
  readonly places: Uint16Array;
  readonly weights: Float64Array | null;
}

const BLOCK_BITS = 16;
const BLOCK_NODES = 1 << BLOCK_BITS;
/** Two megabytes of values. */
const LARGE_GRAPH = 4 * BLOCK_NODES;

/** Prepares sums; graphs of `large` nodes and more are cut into blocks, which takes 6 bytes for each arc, 14 with weights. */
export function planSums(graph: Graph, large = LARGE_GRAPH): SumsPlan {
  const { nodeCount, offsets, targets, weights: weighed } = graph;
  if (nodeCount < large) return { graph, blocks: null };
  const starts = new Uint32Array(Math.ceil(nodeCount / BLOCK_NODES) + 1);
  for (let arc = 0; arc < targets.length; arc += 1)
    starts[((targets[arc] as number) >>> BLOCK_BITS) + 1]! += 1;
  for (let block = 1; block < starts.length; block += 1) starts[block]! += starts[block - 1] as number;
  const next = starts.slice(0, -1);
  const sources = new Uint32Array(targets.length);
  const places = new Uint16Array(targets.length);
  const weights = weighed === null ? null : new Float64Array(targets.length);
  for (let node = 0; node < nodeCount; node += 1) {
    const end = offsets[node + 1] as number;
    for (let arc = offsets[node] as number; arc < end; arc += 1) {
      const target = targets[arc] as number;
      const at = next[target >>> BLOCK_BITS] as number;
      next[target >>> BLOCK_BITS] = at + 1;
      sources[at] = node;
      places[at] = target & (BLOCK_NODES - 1);
      if (weights !== null) weights[at] = weighed?.[arc] as number;
    }
  }
  return { graph, blocks: { starts, sources, places, weights } };
}

/** What `neighbourSums` does, as planned. */
export function plannedSums({ graph, blocks }: SumsPlan, values: Float64Array, into: Float64Array): void {
  if (blocks === null) return neighbourSums(graph, values, into);
  into.fill(0);
  for (let block = 0; block + 1 < blocks.starts.length; block += 1) {
    const here = values.subarray(block * BLOCK_NODES, (block + 1) * BLOCK_NODES);
    if (blocks.weights === null) addBlock(blocks, block, here, into);
    else addWeightedBlock(blocks, blocks.weights, block, here, into);
  }
}

/** PERF: four arcs a turn, all values read before any is added, take two thirds of the time of one. */
function addBlock(
  { starts, sources, places }: ArcBlocks,
  block: number,
  values: Float64Array,
  into: Float64Array,
): void {
  const end = starts[block + 1] as number;
  let at = starts[block] as number;
  for (const last = end - 3; at < last; at += 4) {
    const first = values[places[at] as number] as number;
    const second = values[places[at + 1] as number] as number;
    const third = values[places[at + 2] as number] as number;
    const fourth = values[places[at + 3] as number] as number;
    into[sources[at] as number]! += first;
    into[sources[at + 1] as number]! += second;
    into[sources[at + 2] as number]! += third;
    into[sources[at + 3] as number]! += fourth;
  }
  for (; at < end; at += 1) into[sources[at] as number]! += values[places[at] as number] as number;
}

function addWeightedBlock(
  { starts, sources, places }: ArcBlocks,
  weights: Float64Array,
  block: number,
  values: Float64Array,
  into: Float64Array,
): void {
  const end = starts[block + 1] as number;
  let at = starts[block] as number;
  for (const last = end - 1; at < last; at += 2) {
    const first = (values[places[at] as number] as number) * (weights[at] as number);
    const second = (values[places[at + 1] as number] as number) * (weights[at + 1] as number);
    into[sources[at] as number]! += first;
    into[sources[at + 1] as number]! += second;
  }
  for (; at < end; at += 1)
    into[sources[at] as number]! += (values[places[at] as number] as number) * (weights[at] as number);
}
