export type { FaultAction } from './draft.ts';
export {
  describeFaults,
  type FaultBudget,
  type FaultPlan,
  type FaultPlanOptions,
  healAll,
  randomFaults,
  scheduleFaults,
} from './fault-plan.ts';
export { randomClock, randomDisk, randomNetwork } from './random-options.ts';
export {
  checkDeterminism,
  describeViolation,
  runSeed,
  type SweepCase,
  type SweepOptions,
  type SweepReport,
  type SweepSetting,
  type SweepSystem,
  shrink,
  sweep,
  type Violation,
} from './sweep.ts';
export { createTranscript, describeValue, sameTwice } from './transcript.ts';
