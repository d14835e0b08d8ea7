/**
 * Swarm simulation: random configuration x random faults within a budget x seed. Safety is judged after every turn
 * (invariants) and at the end (judges); liveness too: once faults heal to within the budget, every outstanding
 * operation completes within 30 simulated seconds, or the run is a violation like a wrong one (DESIGN section 9,
 * rule 13). Protocols stay outside: a system says how to build and how to judge.
 */

import { AssertionError, createPrng, type Millis, type NodeId, type Prng } from '@concordat/kernel';
import { type Observer, ProcessFailure } from '../host.ts';
import type { World } from '../world.ts';
import {
  describeFaults,
  type FaultBudget,
  type FaultPlan,
  healAll,
  randomFaults,
  scheduleFaults,
} from './fault-plan.ts';
import { sameTwice } from './transcript.ts';

/** One world, ready to run, with load of its own. */
export interface SweepCase {
  readonly world: World;
  /** Operations begun but not completed, by clients that are not faulty. New ones begin only before the horizon. */
  outstanding(): number;
  /** Nodes that stay down when all else heals, beside those of the plan: a case may have faults of its own. */
  readonly stopped?: ReadonlySet<NodeId>;
  /** By detector: null, or what is wrong. Called once, at the end. */
  readonly judges: Readonly<Record<string, () => string | null>>;
}

/** What a system's `build` gets. */
export interface SweepSetting<C> {
  readonly seed: number;
  readonly config: C;
  /** Draws for the load and whatever else the case needs. */
  readonly random: Prng;
  /** Who is an adversary, and of which kind. */
  readonly byzantine: ReadonlyMap<NodeId, string>;
  readonly horizonMs: Millis;
}

export interface SweepSystem<C> {
  readonly name: string;
  configure(random: Prng): C;
  /** The members that faults may strike, and how many of them. */
  faults(config: C): { readonly budget: FaultBudget; readonly members: readonly NodeId[] };
  /** Names of the strategies that `build` knows. */
  readonly strategies: readonly string[];
  build(setting: SweepSetting<C>): SweepCase;
}

export interface SweepOptions {
  /** How long faults and load go on. Default 10 s. */
  readonly horizonMs?: Millis;
  /** How long outstanding operations may take after that. Default 30 s. */
  readonly patienceMs?: Millis;
  /** Episodes of faults per simulated second, at most. Default 2. */
  readonly faultsPerSecond?: number;
  /** Episodes of faults to leave out, by number: what `shrink` found to be of no matter. */
  readonly skip?: readonly number[];
  /** The command that replays one seed. */
  readonly replayCommand?: (name: string, seed: number, skip: readonly number[]) => string;
}

export interface Violation {
  readonly seed: number;
  /** `invariant`, `assertion`, `liveness`, `determinism`, or the judge's name. */
  readonly detector: string;
  readonly message: string;
  readonly at: Millis;
  readonly config: unknown;
  /** Episodes of faults that were left out. */
  readonly skip: readonly number[];
  /** The faults of the run, for people. */
  readonly faults: readonly string[];
  /** Type this to see it again. */
  readonly replay: string;
}

export interface SweepReport {
  readonly seeds: number;
  readonly violations: readonly Violation[];
}

/** Everything about one seed, before it runs. */
interface Trial {
  readonly setting: SweepSetting<unknown>;
  readonly faults: FaultPlan;
  readonly trialCase: SweepCase;
}

function prepare<C>(system: SweepSystem<C>, seed: number, options: SweepOptions): Trial {
  const random = createPrng(seed, `sweep ${system.name}`);
  const config = system.configure(random.fork('configuration'));
  const { horizonMs = 10_000, faultsPerSecond = 2 } = options;
  const faults = randomFaults(random.fork('faults'), {
    ...system.faults(config),
    horizonMs,
    strategies: system.strategies,
    perSecond: faultsPerSecond,
    skip: new Set(options.skip),
  });
  const setting = { seed, config, random: random.fork('load'), byzantine: faults.byzantine, horizonMs };
  return { setting, faults, trialCase: system.build(setting) };
}

/** What went wrong, if anything: detector and sentence. */
type Finding = readonly [detector: string, message: string] | null;

function judge(trial: Trial): Finding {
  for (const [detector, verdict] of Object.entries(trial.trialCase.judges)) {
    const message = verdict();
    if (message !== null) return [detector, message];
  }
  return null;
}

function play(trial: Trial, patienceMs: Millis): Finding {
  const { trialCase, faults, setting } = trial;
  const { world, stopped } = trialCase;
  scheduleFaults(world, faults);
  world.run(setting.horizonMs - world.now);
  healAll(world, { stopped: new Set([...faults.stopped, ...(stopped ?? [])]) });
  // Who was restarted just now has a state to be judged.
  world.run(0);
  const isDone = world.runUntil(() => trialCase.outstanding() === 0, patienceMs);
  // Safety first: a stuck run that is also wrong is reported as wrong.
  const wrong = judge(trial);
  if (wrong !== null || isDone) return wrong;
  return [
    'liveness',
    `${trialCase.outstanding()} operations are outstanding ${patienceMs} ms after all faults`,
  ];
}

/** As `play`, but bugs that halt a process are findings. */
function playSafely(trial: Trial, patienceMs: Millis): Finding {
  try {
    return play(trial, patienceMs);
  } catch (error) {
    if (error instanceof ProcessFailure) return ['invariant', error.message];
    if (error instanceof AssertionError) return ['assertion', error.message];
    throw error;
  }
}

const defaultReplay = (name: string, seed: number, skip: readonly number[]): string =>
  `concordat sim ${name} --seed ${seed}${skip.length > 0 ? ` --skip ${skip.join(',')}` : ''}`;

function violationOf<C>(
  system: SweepSystem<C>,
  trial: Trial,
  finding: readonly [string, string],
  options: SweepOptions,
): Violation {
  const { seed, config } = trial.setting;
  const [detector, message] = finding;
  return {
    seed,
    detector,
    message,
    at: trial.trialCase.world.now,
    config,
    skip: options.skip ?? [],
    faults: describeFaults(trial.faults),
    replay: (options.replayCommand ?? defaultReplay)(system.name, seed, options.skip ?? []),
  };
}

/** Runs one seed; null if nothing is wrong. `observer` sees all of it. */
export function runSeed<C>(
  system: SweepSystem<C>,
  seed: number,
  options: SweepOptions = {},
  observer?: Observer,
): Violation | null {
  const trial = prepare(system, seed, options);
  if (observer !== undefined) trial.trialCase.world.observe(observer);
  const finding = playSafely(trial, options.patienceMs ?? 30_000);
  return finding === null ? null : violationOf(system, trial, finding, options);
}

/**
 * Leaves out one episode of faults after the other, as long as the same detector finds something; returns the
 * violation with as few faults as that gives. `violation` is what `runSeed` found with these options.
 */
export function shrink<C>(
  system: SweepSystem<C>,
  violation: Violation,
  options: SweepOptions = {},
): Violation {
  const { faults } = prepare(system, violation.seed, options);
  let smallest = violation;
  let skip = [...(options.skip ?? [])];
  // Later faults are dropped first: an early one is more likely to be the cause.
  for (let episode = faults.episodes - 1; episode >= 0; episode--) {
    if (skip.includes(episode)) continue;
    const found = runSeed(system, violation.seed, { ...options, skip: [...skip, episode] });
    if (found?.detector !== violation.detector) continue;
    skip = [...skip, episode];
    smallest = found;
  }
  return smallest;
}

/** Runs one seed twice; null if both runs are the same. */
export function checkDeterminism<C>(
  system: SweepSystem<C>,
  seed: number,
  options: SweepOptions = {},
): Violation | null {
  const difference = sameTwice((observer) => void runSeed(system, seed, options, observer));
  return difference === null
    ? null
    : violationOf(system, prepare(system, seed, options), ['determinism', difference], options);
}

/** Runs seeds `from` up to but not including `to`, and tells of each as it ends. */
export function sweep<C>(
  system: SweepSystem<C>,
  seeds: { readonly from: number; readonly to: number },
  options: SweepOptions = {},
  onOutcome: (seed: number, violation: Violation | null) => void = () => {},
): SweepReport {
  const violations: Violation[] = [];
  for (let seed = seeds.from; seed < seeds.to; seed++) {
    const violation = runSeed(system, seed, options);
    if (violation !== null) violations.push(violation);
    onOutcome(seed, violation);
  }
  return { seeds: seeds.to - seeds.from, violations };
}

/** A violation as a person reads it. */
export const describeViolation = (violation: Violation): string =>
  [
    `seed ${violation.seed}: ${violation.detector} at ${violation.at.toFixed(3)} ms: ${violation.message}`,
    ...violation.faults.map((line) => `  ${line}`),
    `  replay: ${violation.replay}`,
  ].join('\n');
