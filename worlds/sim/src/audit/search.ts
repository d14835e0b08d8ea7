/**
 * The search for the plan that gains most, since a grid made by hand misses the best deviation. Half of the budget goes to
 * successive halving (many plans on few seeds, the better half on twice as many, and so on), the rest to a local search
 * from what survives, with steps that grow where they succeed and shrink where they do not. All plans see the same seeds.
 *
 * What it finds is audited on seeds that it never saw: the best of many estimates is best partly by luck, so its value
 * on the seeds that chose it is too high, while fresh seeds know nothing of the choice, and bounds from them hold as for a
 * plan fixed beforehand. The result bounds what this plan gains, and is a lower bound for what any could.
 */

import { createPrng, type Prng } from '@concordat/kernel';
import { type AuditOptions, auditPlan, type Finding } from './audit.ts';
import type { Deviation, Experiment, Plan } from './deviation.ts';
import { createRunner, gainOf, type PairedRun, type Runner } from './paired-runs.ts';
import { firstPoints, neighbourOf, type Point, planAt, unionOf } from './space.ts';

export interface SearchOptions extends AuditOptions {
  readonly seed: number;
  /** Runs that the search may take, obedient ones included. The audit of what it found comes on top. */
  readonly budget: number;
  /** Who deviates in the run of a seed. Default peer 0. */
  readonly deviatorsOf?: (seed: number) => readonly number[];
}

/** A step ahead: after so many runs this plan was the best, by this gain on the seeds of the search. */
export interface SearchStep {
  readonly runs: number;
  readonly gain: number;
  readonly plan: Plan;
}

export interface SearchResult {
  /** What the plan found gains, on fresh seeds. */
  readonly finding: Finding;
  /** What it seemed to gain on the seeds that chose it: too much, on average. */
  readonly chosenBy: number;
  /** Plans tried. */
  readonly plans: number;
  readonly runs: number;
  readonly trail: readonly SearchStep[];
}

interface Candidate {
  readonly point: Point;
  readonly pairs: PairedRun[];
  gain: number;
}

interface Search {
  readonly library: readonly Deviation<unknown>[];
  readonly runner: Runner;
  readonly options: SearchOptions;
  readonly random: Prng;
  readonly trail: SearchStep[];
  plans: number;
  /** Of former searches with the same runner. */
  readonly runsBefore: number;
}

/** The search sees even seeds, audits odd ones. */
const searchSeed = (index: number): number => 2 * index;
export const freshSeed = (index: number): number => 2 * index + 1;

const createCandidate = (point: Point): Candidate => ({ point, pairs: [], gain: Number.NEGATIVE_INFINITY });

function gainOver(pairs: readonly PairedRun[], { prices, measure = 'relative' }: SearchOptions): number {
  let base = 0;
  let gain = 0;
  for (const pair of pairs) {
    const sample = gainOf(pair, prices);
    gain += sample.gain;
    base += measure === 'relative' ? sample.base : pair.members.length;
  }
  return base > 0 ? gain / base : gain;
}

/** Lets a candidate see as many seeds; what it has seen already counts. */
function evaluate(search: Search, candidate: Candidate, seeds: number): void {
  const plan = planAt(search.library, candidate.point);
  if (candidate.pairs.length === 0) search.plans++;
  while (candidate.pairs.length < seeds)
    candidate.pairs.push(search.runner.pair(plan, searchSeed(candidate.pairs.length)));
  candidate.gain = gainOver(candidate.pairs, search.options);
}

const runsOf = ({ runner, runsBefore }: Search): number => runner.runs - runsBefore;

function noteBest(search: Search, { gain, point }: Candidate): void {
  search.trail.push({ runs: runsOf(search), gain, plan: planAt(search.library, point) });
}

const byGain = (a: Candidate, b: Candidate): number => b.gain - a.gain;

const FIRST_SEEDS = 2;
const SURVIVORS = 4;

/** How many plans can begin, if all rungs together may take `budget` runs: each rung takes at most as many as the first. */
function widthFor(budget: number): number {
  let width = SURVIVORS;
  while (2 * width * FIRST_SEEDS * (1 + Math.log2((2 * width) / SURVIVORS) / 2) <= budget) width *= 2;
  return width;
}

/** Successive halving; returns the survivors, the best first. */
function halve(search: Search, budget: number): Candidate[] {
  const { library, random } = search;
  let candidates = firstPoints(library, widthFor(budget), random).map(createCandidate);
  let seeds = FIRST_SEEDS;
  for (;;) {
    for (const candidate of candidates) evaluate(search, candidate, seeds);
    candidates.sort(byGain);
    noteBest(search, candidates[0]!);
    if (candidates.length <= SURVIVORS) return candidates;
    candidates = candidates.slice(0, Math.max(SURVIVORS, candidates.length >> 1));
    seeds *= 2;
  }
}

const STEP_FIRST = 0.25;
const STEP_MIN = 0.01;
const STEP_MAX = 0.5;

interface Climber {
  best: Candidate;
  step: number;
}

function propose(search: Search, climbers: readonly Climber[], climber: Climber): Point {
  const { library, random } = search;
  if (climbers.length > 1 && random.chance(0.15))
    return unionOf(climber.best.point, random.pick(climbers).best.point);
  return neighbourOf(library, climber.best.point, climber.step, random);
}

/** One step: a neighbour that is behind on half of the seeds does not see the others. */
function climb(search: Search, climbers: readonly Climber[], climber: Climber, seeds: number): void {
  const candidate = createCandidate(propose(search, climbers, climber));
  const half = Math.max(1, seeds >> 1);
  evaluate(search, candidate, half);
  const isAhead = candidate.gain >= gainOver(climber.best.pairs.slice(0, half), search.options);
  if (isAhead) evaluate(search, candidate, seeds);
  if (isAhead && candidate.gain > climber.best.gain) {
    climber.best = candidate;
    climber.step = Math.min(STEP_MAX, climber.step * 1.5);
  } else climber.step = Math.max(STEP_MIN, climber.step * 0.9);
}

/** Climbs from each survivor in turn until the budget is spent; returns the best. */
function refine(search: Search, survivors: readonly Candidate[], budget: number): Candidate {
  const seeds = Math.max(...survivors.map(({ pairs }) => pairs.length));
  for (const survivor of survivors) evaluate(search, survivor, seeds);
  const climbers = survivors.map((best): Climber => ({ best, step: STEP_FIRST }));
  let best = [...survivors].sort(byGain)[0]!;
  for (let turn = 0; runsOf(search) + seeds <= budget && turn < budget; turn++) {
    const climber = climbers[turn % climbers.length]!;
    climb(search, climbers, climber, seeds);
    if (climber.best.gain <= best.gain) continue;
    best = climber.best;
    noteBest(search, best);
  }
  return best;
}

/** What a search chose, before anything else judges it. */
export interface Choice {
  readonly plan: Plan;
  readonly gain: number;
  readonly plans: number;
  readonly trail: readonly SearchStep[];
}

/** Looks for what gains most with the runs of `runner`, on even seeds alone. The library is not empty. */
export function choosePlan(
  runner: Runner,
  library: readonly Deviation<unknown>[],
  options: SearchOptions,
): Choice {
  const random = createPrng(options.seed, 'search of deviations');
  const search: Search = {
    library,
    runner,
    options,
    random,
    trail: [],
    plans: 0,
    runsBefore: runner.runs,
  };
  const survivors = halve(search, options.budget / 2);
  const { point, gain } = refine(search, survivors, options.budget);
  return { plan: planAt(library, point), gain, plans: search.plans, trail: search.trail };
}

/** Searches a library for what gains most, and audits it on fresh seeds. The library is not empty. */
export function searchDeviations<T>(
  experiment: Experiment<T>,
  library: readonly Deviation<T>[],
  options: SearchOptions,
): SearchResult {
  const runner = createRunner(experiment, library, options.deviatorsOf ?? (() => [0]));
  const { plan, gain, plans, trail } = choosePlan(runner, library, options);
  const finding = auditPlan(runner, plan, freshSeed, options);
  return { finding, chosenBy: gain, plans, runs: runner.runs, trail };
}
