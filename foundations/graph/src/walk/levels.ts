/**
 * Breadth-first levels around up to 32 sources in one search (Then et al., The more the merrier, VLDB 2014): a bit of a word stands for a source,
 * so that one look at an arc serves all sources whose searches cross it in the same step. In a small world they mostly do.
 */

import { assert } from '@concordat/kernel';
import type { Graph } from '../graph.ts';

/** Sources that one search takes. */
export const SOURCES_AT_ONCE = 32;

export interface SourceLevels {
  /**
   * Steps from the source to each node, modulo 256; 0 for nodes out of reach. In an undirected graph levels of neighbours
   * differ by at most one, so that which of them is farther out shows whatever the depth.
   */
  readonly levels: Uint8Array;
  /** Nodes within reach, the source among them. */
  readonly reachedCount: number;
}

/** Levels around each of at most `SOURCES_AT_ONCE` sources. O(arcs * levels that differ between sources); 44 bytes for each node. */
export function levelsAround(
  { nodeCount, offsets, targets }: Graph,
  sources: readonly number[],
): SourceLevels[] {
  assert(sources.length <= SOURCES_AT_ONCE, 'a word has a bit for each source');
  const levels = new Uint8Array(sources.length * nodeCount);
  const reachedCounts = new Uint32Array(sources.length).fill(1);
  const [seen, frontier, arriving] = [
    new Int32Array(nodeCount),
    new Int32Array(nodeCount),
    new Int32Array(nodeCount),
  ];
  for (const [at, source] of sources.entries()) frontier[source]! |= 1 << at;
  seen.set(frontier);
  let isGrowing = sources.length > 0;
  for (let level = 1; isGrowing; level += 1) {
    for (let node = 0; node < nodeCount; node += 1) {
      const bits = frontier[node] as number;
      if (bits === 0) continue;
      const end = offsets[node + 1] as number;
      for (let arc = offsets[node] as number; arc < end; arc += 1) arriving[targets[arc] as number]! |= bits;
    }
    isGrowing = false;
    for (let node = 0; node < nodeCount; node += 1) {
      let bits = (arriving[node] as number) & ~(seen[node] as number);
      arriving[node] = 0;
      frontier[node] = bits;
      if (bits === 0) continue;
      isGrowing = true;
      seen[node]! |= bits;
      for (; bits !== 0; bits &= bits - 1) {
        const at = 31 - Math.clz32(bits & -bits);
        levels[at * nodeCount + node] = level;
        reachedCounts[at]! += 1;
      }
    }
  }
  return sources.map((_, at) => ({
    levels: levels.subarray(at * nodeCount, (at + 1) * nodeCount),
    reachedCount: reachedCounts[at] as number,
  }));
}
