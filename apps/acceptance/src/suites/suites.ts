/**
 * The test suites of ZooKeeper's clients, unchanged, with domains of a federation in place of their servers (or with Apache
 * ZooKeeper's, for comparison). Failures must be those that the list of exceptions names, and those must fail.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Acceptance, Trial } from '../trial.ts';
import { apacheLaunchers } from './apache.ts';
import { cClient } from './c-client.ts';
import { curator } from './curator.ts';
import { goZookeeper } from './go-zookeeper.ts';
import { kazoo } from './kazoo.ts';
import { nodeClient } from './node-client.ts';
import type { Outcome } from './outcomes.ts';
import { type Kept, runParts } from './parts.ts';
import { type Counts, readExceptions, record } from './results.ts';
import type { Ground, Suite } from './suite.ts';
import { makeLaunchers } from './template.ts';
import { judge, listedFor, type Verdict } from './verdict.ts';
import { zkCli } from './zkcli.ts';

export const SUITES: readonly Suite[] = [kazoo, goZookeeper, cClient, nodeClient, zkCli, curator];
const CACHE = fileURLToPath(new URL('../../../../.cache/suites', import.meta.url));
/** More than these are no accident of a busy machine. */
const RERUN_AT_MOST = 12;

export interface SuitesOptions {
  /** All when there is none. */
  readonly names: readonly string[];
  /** Tests to run alone, as the suite's own program chooses them. */
  readonly only: string | null;
  readonly short: boolean;
  /** Write the page. */
  readonly record: boolean;
  /** Of suites that run in parts. */
  readonly kept: Kept;
}

export const suites: Acceptance = {
  name: 'suites',
  summary: "clients' own tests (downloaded), with our domains in place of their servers; not part of `all`",
  needs: [],
  deadlineMs: 14_400_000,
  run: async (trial) => {
    const { names, short } = trial.suites;
    const chosen = SUITES.filter(({ name }) => names.length === 0 || names.includes(name));
    const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
    trial.check(unknown.length === 0, `suites are ${SUITES.map(({ name }) => name).join(', ')}`);
    mkdirSync(CACHE, { recursive: true });
    for (const suite of chosen) if (!short || suite.short !== null) await runOne(trial, suite);
  },
};

async function runOne(trial: Trial, suite: Suite): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-suite-'));
  const { short, record: isRecorded } = trial.suites;
  const only = trial.suites.only ?? (short ? suite.short : null);
  let mark = folder;
  try {
    const launchers =
      trial.target === 'apache'
        ? await apacheLaunchers(trial, folder, CACHE, suite.apache)
        : await makeLaunchers(trial, folder, suite.beside);
    mark = launchers.mark;
    const ground: Ground = { trial, cache: CACHE, folder, launchers, only };
    const lacks = await suite.get(ground);
    if (lacks !== null) {
      trial.skip(`${suite.title} cannot be had: ${lacks}`);
      return;
    }
    const { verdict, alone, left } = await verdictOn(ground, suite);
    for (const part of left) trial.note(`${suite.name}: not run: ${part}`);
    report(trial, suite, verdict, only !== null || left.length > 0);
    const counts: Counts = {
      version: suite.version,
      passed: verdict.passed,
      skipped: verdict.skipped.map(({ test, detail }) => ({ test, reason: detail })),
      failed: [...verdict.excepted, ...verdict.unexpected].map(({ test }) => test),
      alone,
      ...(left.length === 0 ? {} : { left }),
    };
    if (isRecorded && trial.suites.only === null && !short) record(suite, trial.target, counts);
  } finally {
    endMarked(mark);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it; what fails and should not runs once more, alone, because clients' tests give servers little time. */
async function verdictOn(
  ground: Ground,
  suite: Suite,
): Promise<{
  readonly verdict: Verdict;
  readonly alone: readonly string[];
  readonly left: readonly string[];
}> {
  const { trial, launchers } = ground;
  const exceptions = trial.target === 'concordat' ? listedFor(suite.name, readExceptions()) : [];
  const { outcomes, left } = await runParts(ground, suite, trial.suites.kept, () => {
    endMarked(launchers.mark);
  });
  const first = judge(outcomes, exceptions);
  const alone: Outcome[] = [];
  for (const outcome of first.unexpected.slice(0, RERUN_AT_MOST)) {
    trial.note(`${suite.name}: ${outcome.test} failed (${outcome.detail}); once more, alone`);
    endMarked(launchers.mark);
    const again = await suite.run({ ...ground, only: suite.alone(outcome.test) });
    const same = again.find(({ test }) => test === outcome.test);
    if (same?.result === 'passed') alone.push(same);
  }
  const final = outcomes.map((outcome) => alone.find(({ test }) => test === outcome.test) ?? outcome);
  return { verdict: judge(final, exceptions), alone: alone.map(({ test }) => test), left };
}

function report(trial: Trial, suite: Suite, verdict: Verdict, isPart: boolean): void {
  for (const { test, detail } of verdict.skipped) trial.note(`skipped: ${test}: ${detail}`);
  for (const { test, detail } of verdict.excepted) trial.note(`excepted: ${test}: ${detail}`);
  for (const { test, detail } of verdict.unexpected) trial.note(`FAILED: ${test}: ${detail}`);
  const { passed, skipped, excepted, unexpected, outdated } = verdict;
  const counts = `${passed} passed, ${skipped.length} skipped, ${excepted.length + unexpected.length} failed`;
  trial.check(
    passed > 0 && unexpected.length === 0,
    `${suite.title} ${suite.version}: ${counts}, ${excepted.length} of them expected to`,
  );
  if (isPart || trial.target === 'apache') return;
  trial.check(
    outdated.length === 0,
    `${suite.title}: every exception still fails (${outdated.join(', ') || 'all do'})`,
  );
}

/** Ends what a suite has left running, told by a path on its command line. */
function endMarked(mark: string): void {
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    if (pid === process.pid || !commandLine(pid).includes(mark)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
