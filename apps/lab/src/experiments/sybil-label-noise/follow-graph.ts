/**
 * A graph of who follows whom, as an attacker meets it: honest accounts follow each other within communities, mostly both ways; each Sybil
 * follows many honest accounts and few of those follow back; Sybils follow each other both ways. Read without direction, every follow of a
 * Sybil is an attack edge that costs him nothing.
 */

import {
  buildGraph,
  createEdgeBuffer,
  edgeListOf,
  edgesOf,
  type Graph,
  plantedCommunities,
  pushEdge,
} from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { HONEST, SYBIL } from '@concordat/sybil';

export interface FollowShape {
  readonly communityCount: number;
  readonly communitySize: number;
  /** Share of honest friendships that go both ways. */
  readonly mutual: number;
  readonly sybils: number;
  /** Friends of a Sybil among Sybils, about. */
  readonly sybilFriends: number;
  /** Honest accounts that a Sybil follows. */
  readonly follows: number;
  /** Share of these that follow back. */
  readonly followBack: number;
}

export interface Follows {
  readonly graph: Graph;
  readonly kinds: Uint8Array;
}

export function drawFollows(shape: FollowShape, random: Prng): Follows {
  const { communityCount, communitySize, mutual, sybils, sybilFriends, follows, followBack } = shape;
  const honest = plantedCommunities(
    { communityCount, communitySize, degreeInside: 14, degreeOutside: 3 },
    random.fork('honest'),
  ).graph;
  const edges = createEdgeBuffer();
  const { sources, targets } = edgesOf(honest);
  for (let edge = 0; edge < sources.length; edge += 1) {
    const isTurned = random.chance(0.5);
    const from = (isTurned ? targets : sources)[edge] ?? 0;
    const to = (isTurned ? sources : targets)[edge] ?? 0;
    pushEdge(edges, from, to);
    if (random.chance(mutual)) pushEdge(edges, to, from);
  }
  const first = honest.nodeCount;
  for (let sybil = first; sybil < first + sybils; sybil += 1) {
    for (let drawn = 0; drawn < sybilFriends / 2; drawn += 1) {
      const other = first + random.below(sybils);
      pushEdge(edges, sybil, other);
      pushEdge(edges, other, sybil);
    }
    for (let drawn = 0; drawn < follows; drawn += 1) {
      const victim = random.below(first);
      pushEdge(edges, sybil, victim);
      if (random.chance(followBack)) pushEdge(edges, victim, sybil);
    }
  }
  const nodeCount = first + sybils;
  const kinds = new Uint8Array(nodeCount).fill(HONEST);
  kinds.fill(SYBIL, first);
  return { graph: buildGraph({ nodeCount, isDirected: true, ...edgeListOf(edges) }).graph, kinds };
}
