export { type Curves, drawCurves } from './drawing/chart.ts';
export type { AnyExperiment, Experiment } from './experiment.ts';
export { type Finding, inWords, isSurprise } from './finding.ts';
export { markdownOf, withTable } from './markdown.ts';
export { EXPERIMENTS } from './registry.ts';
export { reportOf } from './report.ts';
export { type Result, runExperiment, type Size, surprises, writeResult } from './result.ts';
export { type Verdict, verdictOf } from './verdict.ts';
