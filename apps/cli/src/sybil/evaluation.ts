/**
 * What methods are worth on a graph: either on labels that somebody has, or under attacks that are mounted on the graph, whose
 * accounts then all count as honest. Every draw has its own attack and its own seeds, and all methods meet the same draws. Which
 * accounts the seeds cannot reach is judged by nobody, and those given as seeds are not judged.
 */

import { type Graph, largestComponent } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  type AttackKind,
  type AttackModel,
  drawLabels,
  HONEST,
  type Judgement,
  judge,
  type Labels,
  localWhitelist,
  type Measured,
  mountAttack,
  objectionTo,
  type Ranking,
  type RocPoint,
  type RunRecord,
  rocCurve,
  SYBIL,
  type SybilRegion,
  UNJUDGED,
  usualAttack,
  withoutLabelled,
} from '@concordat/sybil';
import { CommandError } from '../errors.ts';
import { targetsOf } from './generated.ts';
import { reachableFrom } from './named-graph.ts';

export type Truth =
  /** HONEST, SYBIL or UNJUDGED by node of the graph. */
  | { readonly kind: 'labels'; readonly kinds: Uint8Array }
  | {
      readonly kind: 'attack';
      readonly attack: AttackKind;
      readonly region: SybilRegion;
      readonly attackEdges: number;
    };

export interface EvaluationSettings {
  /** For records. */
  readonly graphName: string;
  readonly truth: Truth;
  readonly methods: readonly Ranking[];
  readonly draws: number;
  /** Accounts given as honest, and as Sybils to methods that learn from them. */
  readonly seeds: number;
  readonly knownSybils: number;
  /** Share of these that are wrong. */
  readonly noise: number;
  readonly dice: number;
}

/** One draw: a graph, who is who, and what the methods are told. */
export interface Draw {
  readonly graph: Graph;
  /** Accounts that are told or that no seed reaches are UNJUDGED. */
  readonly kinds: Uint8Array;
  /** Of those too, what they really are. */
  readonly truth: Uint8Array;
  readonly labels: Labels;
  readonly attackEdges: number;
  readonly unreached: number;
}

/** The local whitelist of one draw. */
export interface WhitelistRecord {
  readonly draw: number;
  readonly size: number;
  readonly sybils: number;
  /** Of honest accounts among those of which the truth is known. */
  readonly precision: number;
  readonly sybilsPerAttackEdge: number;
}

export interface Evaluation {
  readonly runs: readonly RunRecord[];
  /** Empty for directed graphs, which have none. */
  readonly whitelists: readonly WhitelistRecord[];
  /** Of the first draw, by method. */
  readonly curves: ReadonlyMap<string, readonly RocPoint[]>;
  readonly firstDraw: Draw;
}

/** Numbers of accounts from the top of a list that precision is told for. */
export const LIST_SIZES = [100, 500, 1000, 5000, 10_000] as const;

/** Edges between honest accounts and Sybils. */
function attackEdgesOf({ nodeCount, offsets, targets, isDirected }: Graph, kinds: Uint8Array): number {
  let arcs = 0;
  for (let node = 0; node < nodeCount; node += 1)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const other = kinds[targets[arc] as number];
      if (other !== kinds[node] && kinds[node] !== UNJUDGED && other !== UNJUDGED) arcs += 1;
    }
  return isDirected ? arcs : arcs / 2;
}

const countOf = (kinds: Uint8Array, kind: number): number =>
  kinds.reduce((sum, value) => sum + Number(value === kind), 0);

/** Throws `too-few` where there are fewer accounts of a kind than are told. */
function requireEnough(kinds: Uint8Array, { seeds, knownSybils }: EvaluationSettings): void {
  const [honest, sybils] = [countOf(kinds, HONEST), countOf(kinds, SYBIL)];
  if (2 * seeds > honest || 2 * knownSybils > sybils)
    throw new CommandError(
      'too-few',
      `of ${honest} honest and ${sybils} fake accounts, ${seeds} and ${knownSybils} are to be told in advance`,
      'At most half of a kind: the others are what methods are judged by. See --seed-count and --known-sybils.',
    );
}

/** The largest component of the graph under an attack: what lies apart could not be attacked through it. */
function attackedDraw(honest: Graph, settings: EvaluationSettings, random: Prng): Draw {
  const { truth, seeds, knownSybils, noise } = settings;
  if (truth.kind !== 'attack') throw new TypeError('the truth is an attack');
  const everybody = new Uint8Array(honest.nodeCount).fill(HONEST);
  // The attacker that aims knows the seeds, so they are drawn before he acts.
  const aimedAt = drawLabels(everybody, { honest: seeds, sybils: 0, noise: 0 }, random.fork('seeds')).honest;
  const model: AttackModel = usualAttack(truth.attack, aimedAt);
  const attack = { region: truth.region, edges: model, edgeCount: truth.attackEdges };
  requireRoom(honest, truth.region, model, truth.attackEdges);
  const { graph, kinds } = mountAttack(honest, attack, random.fork('attack'));
  requireEnough(kinds, settings);
  const wrong = drawLabels(
    kinds,
    { honest: 0, sybils: knownSybils + Math.round(noise * seeds), noise: 0 },
    random.fork('sybils'),
  ).sybils;
  return drawOf(graph, kinds, mixed(aimedAt, wrong, settings), truth.attackEdges);
}

/** Throws `too-many-edges` where there are not twice as many pairs as attack edges: draws would not find free ones. */
function requireRoom(honest: Graph, region: SybilRegion, model: AttackModel, attackEdges: number): void {
  const sybils = region.kind === 'replica' ? honest.nodeCount : region.share * honest.nodeCount;
  const most = Math.floor((targetsOf(model, honest.nodeCount) * Math.max(3, sybils - 1)) / 2);
  if (attackEdges > most)
    throw new CommandError(
      'too-many-edges',
      `${attackEdges} attack edges do not fit`,
      `At most ${most} between ${honest.nodeCount} honest accounts and this region under this attack.`,
    );
}

/** Labels of which a share is wrong: `sybils` are so many more than are told as such. */
function mixed(
  honest: readonly number[],
  sybils: readonly number[],
  { seeds, knownSybils, noise }: EvaluationSettings,
): Labels {
  const [wrongHonest, wrongSybils] = [Math.round(noise * seeds), Math.round(noise * knownSybils)];
  return {
    honest: [...honest.slice(wrongHonest), ...sybils.slice(knownSybils, knownSybils + wrongHonest)],
    sybils: [
      ...sybils.slice(wrongSybils, knownSybils),
      ...honest.slice(0, Math.min(wrongSybils, wrongHonest)),
    ],
  };
}

function drawOf(graph: Graph, kinds: Uint8Array, labels: Labels, attackEdges: number): Draw {
  const reached = reachableFrom(graph, [...labels.honest, ...labels.sybils]);
  const judged = withoutLabelled(kinds, labels, UNJUDGED);
  let unreached = 0;
  for (const [node, isReached] of reached.entries()) {
    if (isReached === 1 || judged[node] === UNJUDGED) continue;
    judged[node] = UNJUDGED;
    unreached += 1;
  }
  return { graph, kinds: judged, truth: kinds, labels, attackEdges, unreached };
}

function labelledDraw(graph: Graph, kinds: Uint8Array, settings: EvaluationSettings, random: Prng): Draw {
  const { seeds, knownSybils, noise } = settings;
  requireEnough(kinds, settings);
  const labels = drawLabels(kinds, { honest: seeds, sybils: knownSybils, noise }, random);
  return drawOf(graph, kinds, labels, attackEdgesOf(graph, kinds));
}

/** Told how many runs are done, of how many. */
export type EvaluationProgress = (done: number, total: number) => void;

/** Runs all methods on all draws. Throws `cannot-rank`, `too-few` and `too-many-edges`. */
export async function evaluate(
  given: Graph,
  settings: EvaluationSettings,
  onProgress: EvaluationProgress,
): Promise<Evaluation> {
  const { truth, methods, draws } = settings;
  const graph = truth.kind === 'attack' ? largestComponent(given).graph : given;
  const runs: RunRecord[] = [];
  const whitelists: WhitelistRecord[] = [];
  const curves = new Map<string, readonly RocPoint[]>();
  let firstDraw: Draw | null = null;
  for (let draw = 0; draw < draws; draw += 1) {
    const random = createPrng(settings.dice, `draw ${draw}`);
    const drawn =
      truth.kind === 'attack'
        ? attackedDraw(graph, settings, random)
        : labelledDraw(graph, truth.kinds, settings, random);
    firstDraw ??= drawn;
    if (!drawn.graph.isDirected) whitelists.push(whitelistRecord(drawn, draw));
    for (const method of methods) {
      const { record, scores } = runOne(drawn, method);
      const attack = truth.kind === 'attack' ? truth.attack : 'labels';
      runs.push({ graph: settings.graphName, attack, method: method.name, draw, ...record });
      if (draw === 0) curves.set(method.name, rocCurve(scores, drawn.kinds));
      onProgress(runs.length, draws * methods.length);
      // Signals and the meter get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (firstDraw === null)
    throw new CommandError('no-draws', 'there is nothing to evaluate', 'At least one draw.');
  return { runs, whitelists, curves, firstDraw };
}

function whitelistRecord({ graph, truth, labels, attackEdges }: Draw, draw: number): WhitelistRecord {
  const { nodes } = localWhitelist(graph, labels.honest);
  const sybils = nodes.filter((node) => truth[node] === SYBIL).length;
  const honest = nodes.filter((node) => truth[node] === HONEST).length;
  return {
    draw,
    size: nodes.length,
    sybils,
    precision: honest / (honest + sybils),
    sybilsPerAttackEdge: sybils / attackEdges,
  };
}

const memoryOf = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

function runOne(
  { graph, kinds, labels, attackEdges }: Draw,
  method: Ranking,
): { readonly record: Judgement & Measured; readonly scores: Float64Array } {
  const objection = objectionTo(method, graph, labels, {});
  if (objection !== null)
    throw new CommandError('cannot-rank', objection, 'Leave it out of --methods, or give what it needs.');
  const memoryBefore = memoryOf();
  const startedAt = performance.now();
  const scores = method.rank(graph, labels, { purpose: 'suspects' });
  const elapsedMs = performance.now() - startedAt;
  const memoryBytes = Math.max(0, memoryOf() - memoryBefore);
  const trust = method.rank(graph, labels, { purpose: 'whitelist' });
  const judgement: Judgement = judge(scores, trust, kinds, attackEdges, {
    suspects: LIST_SIZES,
    whitelist: LIST_SIZES,
    interval: 0,
  });
  return { record: { ...judgement, elapsedMs, memoryBytes }, scores };
}
