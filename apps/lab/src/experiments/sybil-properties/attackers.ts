/**
 * Attackers who all pay for as many attack edges and make as many accounts, and spend what is free, edges among their own, against one property
 * each: many friends, short ways, cliques. One more makes a copy of the honest graph, which fakes every property of an account and its
 * surroundings at once, and one aims his attack edges at the accounts next to the trusted ones.
 */

import {
  buildGraph,
  createEdgeBuffer,
  edgeCountOf,
  edgeListOf,
  type Graph,
  joinGraphs,
  pushEdge,
  randomGraph,
} from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { type AttackModel, drawAttackEdges, HONEST, SYBIL } from '@concordat/sybil';

export interface Attacker {
  readonly name: string;
  /** His own accounts and their edges: as many as honest ones. */
  readonly region: (honest: Graph, random: Prng) => Graph;
  /** Whether his attack edges go to accounts near the seeds; else to anybody. */
  readonly isAimed: boolean;
  /** Only his first accounts hold attack edges; null: any of them. */
  readonly holders: number | null;
}

const [POPULARITY, HUBS] = [4, 10];

const atRandom =
  (times: number) =>
  (honest: Graph, random: Prng): Graph => {
    const { nodeCount } = honest;
    const pairs = (nodeCount * (nodeCount - 1)) / 2;
    return randomGraph(nodeCount, Math.min(pairs, times * edgeCountOf(honest)), random);
  };

/** Every account knows all hubs, and hubs each other: two steps from any to any. */
function aroundHubs(honest: Graph): Graph {
  const edges = createEdgeBuffer();
  for (let node = 0; node < honest.nodeCount; node += 1)
    for (let hub = 0; hub < HUBS; hub += 1) if (hub !== node) pushEdge(edges, node, hub);
  return buildGraph({ nodeCount: honest.nodeCount, isDirected: false, ...edgeListOf(edges) }).graph;
}

/** Cliques with about twice the mean degree of the honest graph, in a ring. */
function inCliques(honest: Graph): Graph {
  const { nodeCount } = honest;
  const size = Math.ceil((4 * edgeCountOf(honest)) / nodeCount) + 1;
  const edges = createEdgeBuffer();
  for (let node = 0; node < nodeCount; node += 1) {
    const first = node - (node % size);
    for (let other = first; other < node; other += 1) pushEdge(edges, node, other);
    if (node % size === 0) pushEdge(edges, node, (node + size) % nodeCount);
  }
  return buildGraph({ nodeCount, isDirected: false, ...edgeListOf(edges) }).graph;
}

export const ATTACKERS: readonly Attacker[] = [
  { name: 'friends at random', region: atRandom(1), isAimed: false, holders: null },
  { name: 'many friends', region: atRandom(POPULARITY), isAimed: false, holders: null },
  { name: 'hubs near the seeds', region: aroundHubs, isAimed: true, holders: HUBS },
  { name: 'cliques', region: inCliques, isAimed: false, holders: null },
  { name: 'replica', region: (honest) => honest, isAimed: false, holders: null },
  { name: 'replica near the seeds', region: (honest) => honest, isAimed: true, holders: null },
];

export interface Besieged {
  readonly graph: Graph;
  readonly kinds: Uint8Array;
}

/** Share of honest accounts that count as near. */
const NEAR = 0.05;

export function besiege(
  honest: Graph,
  attacker: Attacker,
  edgeCount: number,
  seeds: readonly number[],
  random: Prng,
): Besieged {
  const region = attacker.region(honest, random.fork('region'));
  const model: AttackModel = attacker.isAimed ? { kind: 'aimed', seeds, share: NEAR } : { kind: 'random' };
  const held = attacker.holders ?? region.nodeCount;
  const edges = drawAttackEdges(honest, held, edgeCount, model, random.fork('edges'));
  const { graph } = joinGraphs(honest, region, {
    sources: edges.victims,
    targets: edges.sybils.map((sybil) => sybil + honest.nodeCount),
    weights: null,
  });
  const kinds = new Uint8Array(graph.nodeCount).fill(HONEST);
  kinds.fill(SYBIL, honest.nodeCount);
  return { graph, kinds };
}
