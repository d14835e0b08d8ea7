/**
 * Sybil regions: the graph that an attacker makes among his own accounts, at no cost. A replica of the honest graph has its degrees and
 * communities, so nothing but the attack edges tells the two apart (Wang et al., TNSE 2019); regions by preferential attachment or at
 * random are what earlier papers used, and flatter methods that look at the shape.
 */

import { edgeCountOf, type Graph, preferentialAttachment, randomGraph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';

export type SybilRegion =
  | { readonly kind: 'replica' }
  /** `share` of as many accounts as the honest region, with about its mean degree. */
  | { readonly kind: 'preferential-attachment'; readonly share: number }
  | { readonly kind: 'erdos-renyi'; readonly share: number };

/** The region's graph, numbered from 0; at least 3 nodes. */
export function growRegion(honest: Graph, region: SybilRegion, random: Prng): Graph {
  if (region.kind === 'replica') return honest;
  const nodeCount = Math.max(3, Math.round(region.share * honest.nodeCount));
  const edgesPerNode = edgeCountOf(honest) / honest.nodeCount;
  switch (region.kind) {
    case 'preferential-attachment': {
      const whole = Math.min(nodeCount - 1, Math.max(1, Math.round(edgesPerNode)));
      return preferentialAttachment({ nodeCount, edgesPerNode: whole }, random);
    }
    case 'erdos-renyi': {
      const pairs = (nodeCount * (nodeCount - 1)) / 2;
      return randomGraph(nodeCount, Math.min(pairs, Math.round(edgesPerNode * nodeCount)), random);
    }
    default:
      return region satisfies never;
  }
}
