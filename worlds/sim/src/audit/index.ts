export { type AuditOptions, auditPlan, auditPlans, type Finding, type Verdict, verdictOf } from './audit.ts';
export {
  type AtRatio,
  type PlanRuns,
  type RatioOptions,
  type RatioResult,
  type RatioSearchOptions,
  searchRatio,
  smallestRatio,
} from './benefit-cost.ts';
export {
  type Deviation,
  describePlan,
  type Experiment,
  type Meters,
  type Parameter,
  type Plan,
  type Value,
  type Values,
} from './deviation.ts';
export {
  auditGroups,
  type GroupFinding,
  type GroupOptions,
  gainOfMembers,
  gainOfOthers,
  runsOf,
  spreadOver,
} from './groups.ts';
export { type Interval, meanInterval, ratioInterval, type Sample } from './intervals.ts';
export { type Look, planLooks } from './looks.ts';
export {
  type Contrast,
  createRunner,
  type PairedRun,
  type Prices,
  type Runner,
  utilityOf,
} from './paired-runs.ts';
export { type SearchOptions, type SearchResult, type SearchStep, searchDeviations } from './search.ts';
