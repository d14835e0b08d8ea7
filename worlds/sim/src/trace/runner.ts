/**
 * Runs golden traces: builds what the header says, does what it says at the times it says, and compares what happened
 * with what the file expects. It takes text and gives text; reading, and rewriting when asked, is someone else's.
 */

import type { Millis } from '@concordat/kernel';
import { ProcessFailure } from '../host.ts';
import type { World } from '../world.ts';
import { executeCommon, type FindNode } from './commands.ts';
import { createRecorder, type Recorder, type TraceNames } from './recorder.ts';
import { type Command, parseScenario, type Scenario } from './scenario.ts';

/** A cluster that a system built for a trace. */
export interface TraceCluster extends TraceNames {
  readonly world: World;
  /** Executes a command of the system's own; a string says what is wrong with it. */
  execute(command: Command): string | null;
}

/** How a system takes part in traces. */
export interface TraceSystem {
  /** Verbs of the commands that describe the cluster; they come first and go to `build`. */
  readonly setup: readonly string[];
  /** Builds the cluster; a string says what is wrong with its description. */
  build(setup: readonly Command[]): TraceCluster | string;
}

export interface TraceResult {
  readonly matches: boolean;
  /** The file as it would read if it were right: what rewrite mode writes. */
  readonly text: string;
  /** Where it differs, or what is wrong with the file; null if it matches. */
  readonly problem: string | null;
}

const finder =
  (cluster: TraceCluster): FindNode =>
  (name) =>
    cluster.world.ids.find((id) => cluster.nameOf(id) === name) ?? null;

/** Runs to the true time `until`; a process that fails is a line of the trace, and its end. */
function runTo(cluster: TraceCluster, recorder: Recorder, until: Millis): boolean {
  const { world } = cluster;
  try {
    if (until > world.now) world.run(until - world.now);
    return true;
  } catch (error) {
    if (!(error instanceof ProcessFailure)) throw error;
    const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
    recorder.say(error.at, `${cluster.nameOf(error.node)} failed: ${reason}`);
    return false;
  }
}

/** Plays all commands; a string says what is wrong with one. */
function play(cluster: TraceCluster, recorder: Recorder, scenario: Scenario, from: number): string | null {
  const find = finder(cluster);
  for (const command of scenario.commands.slice(from)) {
    if (!runTo(cluster, recorder, command.at)) return null;
    const common = executeCommon(cluster.world, command, find);
    const problem = common === undefined ? cluster.execute(command) : common;
    if (problem !== null) return `line ${command.line}: ${problem}`;
  }
  runTo(cluster, recorder, scenario.runMs);
  return null;
}

/** Where the two first differ, for a person. */
function firstDifference(scenario: Scenario, actual: readonly string[]): string | null {
  const { expected, expectedFrom } = scenario;
  const length = Math.max(expected.length, actual.length);
  for (let i = 0; i < length; i++) {
    if (expected[i] === actual[i]) continue;
    const [want, got] = [expected[i] ?? '(the end)', actual[i] ?? '(the end)'];
    return `line ${expectedFrom + i}:\n  expected ${want}\n  happened ${got}`;
  }
  return null;
}

export function runTrace(text: string, system: TraceSystem): TraceResult {
  const failed = (problem: string): TraceResult => ({ matches: false, text, problem });
  const scenario = parseScenario(text);
  if (typeof scenario === 'string') return failed(scenario);
  const { commands } = scenario;
  const others = commands.findIndex(({ verb }) => !system.setup.includes(verb));
  const setupCount = others < 0 ? commands.length : others;
  const cluster = system.build(commands.slice(0, setupCount));
  if (typeof cluster === 'string') return failed(cluster);
  const recorder = createRecorder(cluster);
  cluster.world.observe(recorder.observer);
  const wrong = play(cluster, recorder, scenario, setupCount);
  if (wrong !== null) return failed(wrong);
  const lines = recorder.lines();
  const problem = firstDifference(scenario, lines);
  return { matches: problem === null, text: `${scenario.head}${lines.join('\n')}\n`, problem };
}
