/** What a run of an experiment leaves: findings and data for whoever computes, a figure for whoever looks. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyExperiment } from './experiment.ts';
import { type Finding, isSurprise } from './finding.ts';

export type Size = 'small' | 'full';

export interface Result {
  readonly name: string;
  readonly claim: string;
  readonly source: string;
  readonly size: Size;
  readonly findings: readonly Finding[];
  readonly data: unknown;
  /** As SVG. */
  readonly figure: string;
}

export async function runExperiment(
  experiment: AnyExperiment,
  size: Size,
  progress: (line: string) => void,
): Promise<Result> {
  const { name, claim, source } = experiment;
  const data = await experiment.run(experiment[size], progress);
  const findings = experiment.assert(data);
  return { name, claim, source, size, findings, data, figure: experiment.draw(data) };
}

export const surprises = (results: readonly Result[]): Finding[] =>
  results.flatMap(({ findings }) => findings.filter(isSurprise));

/** Writes `result.json` and `figure.svg` into the experiment's folder below `directory`. */
export function writeResult(directory: string, { figure, ...rest }: Result): void {
  const folder = join(directory, rest.name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify(rest, null, 2)}\n`);
  writeFileSync(join(folder, 'figure.svg'), figure);
}
