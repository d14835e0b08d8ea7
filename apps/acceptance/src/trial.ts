/**
 * One acceptance trial: what it needs, how long it may take, and the lines that it prints. `check` states a claim that
 * must hold everywhere; `bar` states one that is Concordat's own, of which the baseline only shows its figure.
 */

import type { Cluster, ClusterOptions } from '@concordat/bench';
import type { DifferentialOptions } from './differential/differential.ts';
import type { SuitesOptions } from './suites/suites.ts';

export type Need =
  | 'kazoo'
  | 'pure-sasl'
  | 'zkCli'
  | 'openssl'
  | 'keytool'
  | 'strace'
  | 'apache'
  | 'postgres'
  | 'ffmpeg';

export interface Trial {
  readonly target: Cluster['name'];
  /** Starts the cluster under test; it is stopped when the trial ends, however it ends. */
  cluster(options?: ClusterOptions): Promise<Cluster>;
  check(holds: boolean, claim: string): void;
  bar(holds: boolean, claim: string): void;
  note(line: string): void;
  /** Nothing can be said, because something cannot be had here. */
  skip(reason: string): void;
  /** Aborts when the trial's time is up. */
  readonly signal: AbortSignal;
  /** How long a trial goes on that can go on for any time. */
  readonly minutes: number;
  /** Where figures are written. */
  readonly out: string;
  /** What the comparison with Apache ZooKeeper plays, and against what. */
  readonly differential: DifferentialOptions;
  /** Which tests of clients run. */
  readonly suites: SuitesOptions;
}

/** What a trial is told on the command line. */
export type TrialSettings = Pick<Trial, 'target' | 'minutes' | 'out' | 'differential' | 'suites'>;

export interface Acceptance {
  readonly name: string;
  readonly summary: string;
  readonly needs: readonly Need[];
  /** Beside the minutes asked for, where those count. */
  readonly deadlineMs: number;
  run(trial: Trial): Promise<void>;
}

export interface TrialResult {
  readonly passed: number;
  readonly failed: number;
  readonly isSkipped: boolean;
}

export interface TrialHost extends TrialSettings {
  readonly print: (line: string) => void;
  start(options?: ClusterOptions): Promise<Cluster>;
}

/** Runs one trial to its end or its deadline; an error of the trial is a failure of it. */
export async function runTrial(acceptance: Acceptance, host: TrialHost): Promise<TrialResult> {
  const clusters: Cluster[] = [];
  const deadline = new AbortController();
  let passed = 0;
  let failed = 0;
  let isSkipped = false;
  const check = (holds: boolean, claim: string): void => {
    if (holds) passed++;
    else failed++;
    host.print(`${holds ? 'PASS' : 'FAIL'} ${acceptance.name}: ${claim}`);
  };
  const note = (line: string): void => host.print(`     ${line}`);
  const trial: Trial = {
    target: host.target,
    minutes: host.minutes,
    out: host.out,
    differential: host.differential,
    suites: host.suites,
    signal: deadline.signal,
    cluster: async (options) => {
      const cluster = await host.start(options);
      clusters.push(cluster);
      return cluster;
    },
    check,
    bar: (holds, claim) => {
      if (host.target === 'concordat') check(holds, claim);
      else note(`(baseline, ${holds ? 'holds' : 'does not hold'}) ${claim}`);
    },
    note,
    skip: (reason) => {
      isSkipped = true;
      host.print(`SKIP ${acceptance.name}: ${reason}`);
    },
  };
  const timer = setTimeout(() => deadline.abort(), acceptance.deadlineMs + host.minutes * 60_000);
  const overdue = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => reject(new Error('the trial ran past its deadline')));
  });
  try {
    await Promise.race([acceptance.run(trial), overdue]);
  } catch (error) {
    check(false, `it runs to its end: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  } finally {
    clearTimeout(timer);
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
  return { passed, failed, isSkipped };
}
