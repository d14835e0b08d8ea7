/**
 * Random graphs without structure: G(n, m) of Erdős and Rényi (1959), where every graph of so many edges is as likely, and the small
 * world of Watts and Strogatz (Nature 1998), a ring whose edges are moved with some probability. Undirected and simple.
 */

import { assert, type Prng } from '@concordat/kernel';
import { buildGraph } from '../build.ts';
import type { Graph } from '../graph.ts';
import { addPair, createPairSet, hasPair } from './pair-set.ts';

/** Uniform in [0, bound) for bounds above 2^32, from 53 bits. */
function belowWide(random: Prng, bound: number): number {
  if (bound <= 0x1_0000_0000) return random.below(bound);
  const high = random.uint32();
  return Math.floor(((high * 0x20_0000 + (random.uint32() >>> 11)) / 2 ** 53) * bound);
}

/** Ends of the pair with number `index`, when pairs are counted by their higher end. */
function pairOf(index: number): [number, number] {
  let high = Math.floor((1 + Math.sqrt(1 + 8 * index)) / 2);
  // The root is rounded: it may be off by one either way.
  while ((high * (high - 1)) / 2 > index) high -= 1;
  while ((high * (high + 1)) / 2 <= index) high += 1;
  return [index - (high * (high - 1)) / 2, high];
}

/**
 * G(n, m): exactly `edgeCount` edges, by Floyd's way of drawing distinct numbers (CACM 30(9), 1987), which takes one draw for each
 * edge however dense the graph is.
 */
export function randomGraph(nodeCount: number, edgeCount: number, random: Prng): Graph {
  const pairCount = (nodeCount * (nodeCount - 1)) / 2;
  assert(edgeCount <= pairCount, 'there are as many pairs as edges');
  const seen = createPairSet(nodeCount, edgeCount);
  const [sources, targets] = [new Uint32Array(edgeCount), new Uint32Array(edgeCount)];
  for (let edge = 0; edge < edgeCount; edge += 1) {
    const last = pairCount - edgeCount + edge;
    let [low, high] = pairOf(belowWide(random, last + 1));
    if (!addPair(seen, low, high)) {
      [low, high] = pairOf(last);
      addPair(seen, low, high);
    }
    sources[edge] = low;
    targets[edge] = high;
  }
  return buildGraph({ nodeCount, isDirected: false, sources, targets, weights: null }).graph;
}

export interface SmallWorldShape {
  readonly nodeCount: number;
  /** Neighbours on each side of the ring before edges move; `2 * reach` is below `nodeCount`. */
  readonly reach: number;
  /** That an edge's far end moves to a node drawn from all. */
  readonly rewiring: number;
}

/** A small world: `nodeCount * reach` edges; an edge that finds no free place within a hundred draws stays. */
export function smallWorld({ nodeCount, reach, rewiring }: SmallWorldShape, random: Prng): Graph {
  assert(2 * reach < nodeCount, 'the ring has room for the neighbours');
  const count = nodeCount * reach;
  const seen = createPairSet(nodeCount, 2 * count);
  const [sources, targets] = [new Uint32Array(count), new Uint32Array(count)];
  let filled = 0;
  for (let hop = 1; hop <= reach; hop += 1)
    for (let node = 0; node < nodeCount; node += 1) {
      sources[filled] = node;
      targets[filled] = (node + hop) % nodeCount;
      addPair(seen, node, targets[filled] as number);
      filled += 1;
    }
  // A place that an edge has left stays taken: the ring's pairs are few, and a set without removal is simpler.
  for (let edge = 0; edge < count; edge += 1) {
    if (!random.chance(rewiring)) continue;
    const node = sources[edge] as number;
    for (let draw = 0; draw < 100; draw += 1) {
      const target = random.below(nodeCount);
      if (target === node || hasPair(seen, node, target)) continue;
      addPair(seen, node, target);
      targets[edge] = target;
      break;
    }
  }
  return buildGraph({ nodeCount, isDirected: false, sources, targets, weights: null }).graph;
}
