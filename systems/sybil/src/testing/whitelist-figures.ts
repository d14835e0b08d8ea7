/** What a local whitelist lets in under each attack model, beside its bound: one draw of attack edges and seeds. */

import { type Graph, weightedDegreeOf } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { mountAttack } from '../attack/attack.ts';
import { type AttackKind, usualAttack } from '../attack/attack-edges.ts';
import { drawLabels } from '../attack/draw-labels.ts';
import { sybilsPerEdge } from '../evaluate/run.ts';
import { localWhitelist, type WhitelistOptions } from '../whitelist/local-whitelist.ts';
import { weighByTriangles } from '../whitelist/triangle-weights.ts';

export interface WhitelistDraw {
  readonly honest: number;
  readonly precision: number;
  readonly sybilsPerAttackEdge: number;
  readonly conductance: number;
  /** Volume of Sybils on the list per unit of weight of attack edges, in the weights that the list was made with, and its bound. */
  readonly sybilVolumePerUnit: number;
  readonly boundPerUnit: number;
  /** Mass on Sybils over its bound: above 1 where the assumption does not hold, or in an unlucky draw. */
  readonly escapeOverBound: number;
}

/** `honest` is connected; its replica is the Sybil region. */
export function whitelistDraw(
  honest: Graph,
  kind: AttackKind,
  edgeCount: number,
  seedCount: number,
  draw: number,
  options: WhitelistOptions = {},
): WhitelistDraw {
  const random = createPrng(draw, `whitelist ${kind} ${edgeCount}`);
  const shape = { honest: seedCount, sybils: 0, noise: 0 };
  const { honest: seeds } = drawLabels(new Uint8Array(honest.nodeCount), shape, random.fork('seeds'));
  const attack = { region: { kind: 'replica' }, edges: usualAttack(kind, seeds), edgeCount } as const;
  const { graph, kinds, honestCount } = mountAttack(honest, attack, random.fork('attack'));
  const list = localWhitelist(graph, seeds, options);
  const weighed = options.weighting === 'plain' ? graph : weighByTriangles(graph);
  const sybils = list.nodes.filter((node) => node >= honestCount);
  let attackWeight = 0;
  for (let arc = 0; arc < (graph.offsets[honestCount] as number); arc += 1)
    if ((graph.targets[arc] as number) >= honestCount) attackWeight += weighed.weights?.[arc] ?? 1;
  const volume = sybils.reduce((sum, node) => sum + weightedDegreeOf(weighed, node), 0);
  const escaped = list.mass.subarray(honestCount).reduce((sum, mass) => sum + mass, 0);
  return {
    honest: list.nodes.length - sybils.length,
    precision: 1 - sybils.length / list.nodes.length,
    sybilsPerAttackEdge: sybilsPerEdge(list.nodes, kinds, edgeCount),
    conductance: list.cut.conductance,
    sybilVolumePerUnit: volume / attackWeight,
    boundPerUnit: list.bound.sybilVolumePerUnit,
    escapeOverBound: escaped / (attackWeight * list.bound.escapePerUnit),
  };
}
