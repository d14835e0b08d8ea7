/**
 * An evaluation as records: the judgement of each run (graph x attack x method x draw), and their summary over draws. Pure: who
 * executes a run measures time and memory and adds them, since there is no clock here.
 */

import { descendingOrder } from '@concordat/graph';
import { type Estimate, estimate, pairedDifference } from './paired.ts';
import {
  areaUnderRoc,
  HONEST,
  intervalPrecision,
  type Precision,
  SYBIL,
  suspectPrecision,
  whitelistPrecision,
} from './roc.ts';

export interface RunName {
  readonly graph: string;
  readonly attack: string;
  readonly method: string;
  readonly draw: number;
}

export interface JudgeOptions {
  /** Numbers of suspects and of whitelisted accounts to tell the precision at. */
  readonly suspects: readonly number[];
  readonly whitelist: readonly number[];
  /** Width of the intervals of the suspect list; 0: none. */
  readonly interval: number;
}

export interface Judgement {
  readonly areaUnderRoc: number;
  readonly suspects: readonly Precision[];
  readonly whitelist: readonly Precision[];
  readonly intervals: readonly number[];
  /** Sybils per attack edge among as many best accounts as there are honest ones: what "accept all but the Sybils" lets in. */
  readonly sybilsPerAttackEdge: number;
}

export interface Measured {
  readonly elapsedMs: number;
  readonly memoryBytes: number;
}

export interface RunRecord extends RunName, Judgement, Measured {}

/** Sybils among `accepted`, by attack edge. */
export function sybilsPerEdge(
  accepted: Iterable<number>,
  kinds: Uint8Array,
  attackEdgeCount: number,
): number {
  let sybils = 0;
  for (const node of accepted) if (kinds[node] === SYBIL) sybils += 1;
  return sybils / attackEdgeCount;
}

/** What `scores` are worth against the truth; unjudged accounts count nowhere. `suspectScores` order suspects, `whitelistScores` the whitelist. */
export function judge(
  suspectScores: Float64Array,
  whitelistScores: Float64Array,
  kinds: Uint8Array,
  attackEdgeCount: number,
  options: JudgeOptions,
): Judgement {
  const honest = kinds.reduce((count, kind) => count + (kind === HONEST ? 1 : 0), 0);
  const best = descendingOrder(suspectScores).filter(
    (node) => kinds[node] === HONEST || kinds[node] === SYBIL,
  );
  return {
    areaUnderRoc: areaUnderRoc(suspectScores, kinds),
    suspects: suspectPrecision(suspectScores, kinds, options.suspects),
    whitelist: whitelistPrecision(whitelistScores, kinds, options.whitelist),
    intervals: options.interval > 0 ? intervalPrecision(suspectScores, kinds, options.interval) : [],
    sybilsPerAttackEdge: sybilsPerEdge(best.subarray(0, honest), kinds, attackEdgeCount),
  };
}

export interface MethodSummary {
  readonly graph: string;
  readonly attack: string;
  readonly method: string;
  readonly area: Estimate;
  /** Against the method named in the call, draw by draw; null for itself or where draws are missing. */
  readonly lead: Estimate | null;
  readonly elapsedMs: Estimate;
}

/** One line for each graph, attack and method, in the order of their first runs. */
export function summarise(runs: readonly RunRecord[], against: string): MethodSummary[] {
  const groups = new Map<string, RunRecord[]>();
  const keyOf = (graph: string, attack: string, method: string): string => [graph, attack, method].join('\n');
  for (const run of runs) {
    const key = keyOf(run.graph, run.attack, run.method);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const areas = (group: readonly RunRecord[]): number[] =>
    [...group].sort((a, b) => a.draw - b.draw).map((run) => run.areaUnderRoc);
  return [...groups.values()].map((group) => {
    const { graph, attack, method } = group[0] as RunRecord;
    const rival = groups.get(keyOf(graph, attack, against));
    const isPaired = method !== against && rival?.length === group.length;
    return {
      graph,
      attack,
      method,
      area: estimate(areas(group)),
      lead: isPaired ? pairedDifference(areas(group), areas(rival)) : null,
      elapsedMs: estimate(group.map((run) => run.elapsedMs)),
    };
  });
}
