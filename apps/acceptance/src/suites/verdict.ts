/**
 * Holds the outcomes of a suite against the list of its exceptions: what failed without being listed, what is listed and did
 * not fail, and what is listed and does not exist. An exception that is no longer one must leave the list.
 */

import type { Outcome } from './outcomes.ts';

/** One reason, and the tests that fail for it, by suite. */
export interface Exception {
  readonly reason: string;
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

/** As many reasons as there may be for all suites together. */
export const EXCEPTIONS_AT_MOST = 5;

export interface Verdict {
  readonly passed: number;
  readonly skipped: readonly Outcome[];
  /** They failed, and the list says why. */
  readonly excepted: readonly Outcome[];
  readonly unexpected: readonly Outcome[];
  /** Listed, yet they did not fail: passed, skipped or absent. */
  readonly outdated: readonly string[];
}

/** The tests of a suite that may fail, and must. */
export const listedFor = (suite: string, exceptions: readonly Exception[]): readonly string[] =>
  exceptions.flatMap(({ tests }) => tests[suite] ?? []);

export function judge(outcomes: readonly Outcome[], exceptions: readonly string[]): Verdict {
  const listed = new Set(exceptions);
  const failed = outcomes.filter(({ result }) => result === 'failed');
  const failing = new Set(failed.map(({ test }) => test));
  return {
    passed: outcomes.filter(({ result }) => result === 'passed').length,
    skipped: outcomes.filter(({ result }) => result === 'skipped'),
    excepted: failed.filter(({ test }) => listed.has(test)),
    unexpected: failed.filter(({ test }) => !listed.has(test)),
    outdated: [...listed].filter((test) => !failing.has(test)),
  };
}
