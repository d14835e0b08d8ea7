/** What experiments with rankings have in common: an honest graph under attack, labels, and the area under the ROC of whoever ranks it. */

import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import {
  type Attack,
  type AttackedGraph,
  areaUnderRoc,
  drawLabels,
  type LabelShape,
  type Labels,
  mountAttack,
  objectionTo,
  type RankOptions,
  rankingNamed,
  UNJUDGED,
  withoutLabelled,
} from '@concordat/sybil';
import type { GraphChoice } from './real-graphs.ts';

/** A graph, the attacks on it, and how often each is drawn. */
export interface AttackPlan {
  readonly choice: GraphChoice;
  readonly attackEdges: readonly number[];
  readonly draws: number;
}

export interface Scene extends AttackedGraph {
  readonly labels: Labels;
  /** The truth about those who are not labelled. */
  readonly judged: Uint8Array;
}

/** One draw: attack edges and labels, which all methods meet. */
export function setScene(honest: Graph, attack: Attack, labelled: LabelShape, draw: number): Scene {
  const random = createPrng(draw, 'scene');
  const attacked = mountAttack(honest, attack, random.fork('attack'));
  const labels = drawLabels(attacked.kinds, labelled, random.fork('labels'));
  return { ...attacked, labels, judged: withoutLabelled(attacked.kinds, labels, UNJUDGED) };
}

/** Scores of a method that can work with what it is given. */
export function scoresBy(
  method: string,
  graph: Graph,
  labels: Labels,
  options: RankOptions = {},
): Float64Array {
  const ranking = rankingNamed(method);
  if (ranking === null) throw new Error(`no ranking is named ${method}`);
  const objection = objectionTo(ranking, graph, labels, options);
  if (objection !== null) throw new Error(objection);
  return ranking.rank(graph, labels, options);
}

/** Area under the ROC of a method in a scene, from all labels or from those given. */
export function areaBy(
  method: string,
  { graph, judged, labels: all }: Scene,
  labels: Labels = all,
  options: RankOptions = {},
): number {
  return areaUnderRoc(scoresBy(method, graph, labels, options), judged);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
