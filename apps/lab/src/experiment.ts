/**
 * One claim of a paper, re-made: parameters in two sizes, a run that measures, findings that assert, a figure that
 * shows. The small size is a test and must hold; the full size is what is quoted.
 */

import type { Finding } from './finding.ts';

/** Methods, so that an experiment with any parameters and data is also one with unknown ones. */
export interface Experiment<P, D> {
  /** In kebab-case, as on the command line. */
  readonly name: string;
  /** One sentence. */
  readonly claim: string;
  /** Who claims it, and where. */
  readonly source: string;
  readonly small: P;
  readonly full: P;
  /** Tells `progress` of each thing that is done. */
  run(parameters: P, progress: (line: string) => void): D | Promise<D>;
  /** At least one finding, each of which can fail. */
  assert(data: D): readonly Finding[];
  /** A figure as SVG. */
  draw(data: D): string;
}

export type AnyExperiment = Experiment<unknown, unknown>;
