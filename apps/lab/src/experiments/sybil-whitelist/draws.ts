/** One whitelist under attack: how many honest accounts and Sybils are on it, and how much of its walk escaped, beside the bound. */

import { cutAround, type Graph, marksOf } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  type AttackKind,
  localWhitelist,
  mountAttack,
  sybilsPerEdge,
  usualAttack,
  weighByTriangles,
} from '@concordat/sybil';

/** Distinct accounts drawn by degree, which is what the bound is about: the far end of a random friendship. */
function drawSeeds({ targets }: Graph, count: number, random: Prng): number[] {
  const seeds = new Set<number>();
  while (seeds.size < count) seeds.add(targets[random.below(targets.length)] ?? 0);
  return [...seeds];
}

export interface Draw {
  readonly honest: number;
  readonly sybils: number;
  readonly precision: number;
  readonly perEdge: number;
  /** Mass on all Sybils over the bound of its mean. */
  readonly escape: number;
  /** Volume of the Sybils on the list over the bound of its mean. */
  readonly volume: number;
}

export function drawList(
  honest: Graph,
  kind: AttackKind,
  edgeCount: number,
  seedCount: number,
  draw: number,
): Draw {
  const random = createPrng(draw, `whitelist ${kind}`);
  const seeds = drawSeeds(honest, seedCount, random.fork('seeds'));
  const attack = { region: { kind: 'replica' }, edges: usualAttack(kind, seeds), edgeCount } as const;
  const { graph, kinds, honestCount } = mountAttack(honest, attack, random.fork('attack'));
  const { nodes, mass, bound } = localWhitelist(graph, seeds);
  const weighed = weighByTriangles(graph);
  const sybils = nodes.filter((node) => node >= honestCount);
  const attackWeight = cutAround(weighed, kinds).weight;
  const escaped = mass.subarray(honestCount).reduce((sum, share) => sum + share, 0);
  const volume = cutAround(weighed, marksOf(graph.nodeCount, sybils)).volume;
  return {
    honest: nodes.length - sybils.length,
    sybils: sybils.length,
    precision: 1 - sybils.length / nodes.length,
    perEdge: sybilsPerEdge(nodes, kinds, edgeCount),
    escape: escaped / (bound.escapePerUnit * attackWeight),
    volume: volume / (bound.sybilVolumePerUnit * attackWeight),
  };
}
