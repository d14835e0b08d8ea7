/**
 * Planted communities: the stochastic block model (Holland, Laskey and Leinhardt, Social Networks 1983). Nodes lie in blocks, and two
 * of them are friends with a probability that depends on their blocks alone.
 */

import { assert, type Prng } from '@concordat/kernel';
import { buildGraph, type EdgeList } from '../build.ts';
import { createEdgeBuffer, type EdgeBuffer, edgeListOf, pushEdge } from '../edge-buffer.ts';
import type { Graph } from '../graph.ts';

export interface PlantedGraph {
  readonly graph: Graph;
  /** The block of each node; blocks lie one after the other. */
  readonly blocks: Uint32Array;
}

/**
 * Visits each of `count` places with `probability`, by drawing how many to skip: as many draws as hits. `log1p` keeps the smallest
 * probabilities apart.
 */
function visitSome(count: number, probability: number, random: Prng, visit: (place: number) => void): void {
  if (probability <= 0) return;
  if (probability >= 1) {
    for (let place = 0; place < count; place += 1) visit(place);
    return;
  }
  const scale = 1 / Math.log1p(-probability);
  let place = -1;
  for (;;) {
    place += 1 + Math.floor(Math.log1p(-random.unit()) * scale);
    if (!(place < count)) return;
    visit(place);
  }
}

function drawBetween(
  edges: EdgeBuffer,
  [first, size]: readonly [number, number],
  [other, otherSize]: readonly [number, number],
  probability: number,
  random: Prng,
): void {
  if (first !== other)
    visitSome(size * otherSize, probability, random, (place) =>
      pushEdge(edges, first + Math.floor(place / otherSize), other + (place % otherSize)),
    );
  // Within a block each pair once: places below the diagonal, row by row.
  let [row, rowStart] = [1, 0];
  if (first === other)
    visitSome((size * (size - 1)) / 2, probability, random, (place) => {
      while (place >= rowStart + row) {
        rowStart += row;
        row += 1;
      }
      pushEdge(edges, first + row, first + place - rowStart);
    });
}

/**
 * A graph of blocks with `sizes`; `probability` is asked once for each pair of blocks, and for each block with itself. Work:
 * edges, nodes and pairs of blocks.
 */
export function stochasticBlocks(
  sizes: readonly number[],
  probability: (block: number, other: number) => number,
  random: Prng,
): PlantedGraph {
  const firsts = sizes.map((_, block) => sizes.slice(0, block).reduce((sum, size) => sum + size, 0));
  const nodeCount = sizes.reduce((sum, size) => sum + size, 0);
  const edges = createEdgeBuffer();
  const blocks = new Uint32Array(nodeCount);
  for (const [block, size] of sizes.entries()) {
    const here = [firsts[block] as number, size] as const;
    blocks.fill(block, here[0], here[0] + size);
    for (let other = block; other < sizes.length; other += 1)
      drawBetween(
        edges,
        here,
        [firsts[other] as number, sizes[other] as number],
        probability(block, other),
        random,
      );
  }
  const list: EdgeList = { nodeCount, isDirected: false, ...edgeListOf(edges) };
  return { graph: buildGraph(list).graph, blocks };
}

export interface CommunitiesShape {
  readonly communityCount: number;
  readonly communitySize: number;
  /** Expected friends of a node in its own community, and in all others together. */
  readonly degreeInside: number;
  readonly degreeOutside: number;
}

/** Communities of one size, told apart by `degreeInside` against `degreeOutside`. */
export function plantedCommunities(shape: CommunitiesShape, random: Prng): PlantedGraph {
  const { communityCount, communitySize, degreeInside, degreeOutside } = shape;
  const others = communitySize * (communityCount - 1);
  assert(degreeInside < communitySize && degreeOutside <= others, 'communities have room for the friends');
  const inside = communitySize > 1 ? degreeInside / (communitySize - 1) : 0;
  const outside = others > 0 ? degreeOutside / others : 0;
  const sizes = Array.from({ length: communityCount }, () => communitySize);
  return stochasticBlocks(sizes, (block, other) => (block === other ? inside : outside), random);
}
