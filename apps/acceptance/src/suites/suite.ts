/** A test suite of a client: how to get it, and how to run it against servers that it starts itself, or against a cluster. */

import type { Trial } from '../trial.ts';
import type { Outcome } from './outcomes.ts';
import type { Beside, Launchers } from './template.ts';

export interface Ground {
  readonly trial: Trial;
  /** Where downloads stay for the next run. */
  readonly cache: string;
  /** Emptied after the run. */
  readonly folder: string;
  /** What the suite starts servers with. */
  readonly launchers: Launchers;
  /** Run these alone, by the suite's own way of choosing; null for all. */
  readonly only: string | null;
}

/** Tests that are not run at all, and why. */
export interface Exclusion {
  readonly tests: string;
  readonly reason: string;
}

export interface Suite {
  readonly name: string;
  /** What it is, and of which version. */
  readonly title: string;
  readonly version: string;
  /** Told on the page. */
  readonly excluded: readonly Exclusion[];
  /** The version of Apache ZooKeeper for the comparison, where the usual one will not do. */
  readonly apache?: string;
  /** Federations that its servers are of in certain tests, see `template.ts`. */
  readonly beside?: readonly Beside[];
  /** What is chosen where there is little time; null if it has no short form. */
  readonly short: string | null;
  /** Gets what it needs into the cache; resolves with the reason why that cannot be had, or null. */
  get(ground: Ground): Promise<string | null>;
  run(ground: Ground): Promise<Outcome[]>;
  /** For a long one: choices that are all of it together. */
  parts?(ground: Ground): Promise<readonly string[]>;
  /** The choice of one test alone, by the name of its outcome. */
  alone(test: string): string;
}
