/** An honest graph under attack: both regions as one graph, with the truth about every account beside it. */

import { type Graph, joinGraphs } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { HONEST, SYBIL } from '../evaluate/roc.ts';
import { type AttackModel, drawAttackEdges } from './attack-edges.ts';
import { growRegion, type SybilRegion } from './region.ts';

export interface Attack {
  readonly region: SybilRegion;
  readonly edges: AttackModel;
  readonly edgeCount: number;
}

export interface AttackedGraph {
  /** Honest accounts first, under their old numbers, then Sybils. */
  readonly graph: Graph;
  readonly honestCount: number;
  /** HONEST or SYBIL by node. */
  readonly kinds: Uint8Array;
  readonly attackEdgeCount: number;
  /** Honest accounts with an attack edge, by node 1. */
  readonly victims: Uint8Array;
}

/** `honest`, undirected, with a Sybil region beside it and attack edges between. The same draws give the same attack. */
export function mountAttack(honest: Graph, attack: Attack, random: Prng): AttackedGraph {
  const region = growRegion(honest, attack.region, random.fork('region'));
  const edges = drawAttackEdges(
    honest,
    region.nodeCount,
    attack.edgeCount,
    attack.edges,
    random.fork('edges'),
  );
  const { graph } = joinGraphs(honest, region, {
    sources: edges.victims,
    targets: edges.sybils.map((sybil) => sybil + honest.nodeCount),
    weights: null,
  });
  const kinds = new Uint8Array(graph.nodeCount).fill(HONEST);
  kinds.fill(SYBIL, honest.nodeCount);
  const victims = new Uint8Array(graph.nodeCount);
  for (const victim of edges.victims) victims[victim] = 1;
  return { graph, honestCount: honest.nodeCount, kinds, attackEdgeCount: attack.edgeCount, victims };
}
