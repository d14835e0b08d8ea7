export * from './admission/index.ts';
export * from './batch.ts';
export {
  type ClientOptions,
  type ClientRoute,
  type ClientState,
  call,
  createClient,
} from './client/client.ts';
export * from './config.ts';
export * from './execution/execution.ts';
export { fetchedOf } from './execution/fetching.ts';
export {
  callExecutors,
  createExecutorClient,
  type ExecutorClientOptions,
  type ExecutorClientState,
  type ReadRequest,
  readFrom,
} from './executor/client.ts';
export { type LearnerConfig, type LearnerOptions, learnerConfig } from './executor/config.ts';
export { configurationIn, configurationsNear } from './executor/epochs.ts';
export { createExecutor, type ExecutorState } from './executor/executor.ts';
export { createLearner, type LearnerParts, learnedLog } from './executor/learner.ts';
export { exposedEnd, heard, invariants as learnerInvariants, type LearnerState } from './executor/state.ts';
export * from './fault-model.ts';
export { linksAfter } from './governance/chain.ts';
export { type Change, type Newcomer, nextConfiguration } from './governance/changes.ts';
export * from './governance/command.ts';
export * from './governance/configuration.ts';
export { configurationOf } from './governance/epochs.ts';
export {
  approvalsNeeded,
  type Court,
  changesIn,
  judgeProof,
  refusalOf,
  transitionProblem,
} from './governance/judgement.ts';
export { decodeChain, encodeChain, followChain, type Link } from './governance/link.ts';
export { submitCommand } from './governance/submitting.ts';
export { epochOf } from './governance/views.ts';
export * from './presets/index.ts';
export { decodeMessage, encodeMessage } from './replica/codec.ts';
export { lookAhead } from './replica/look-ahead.ts';
export type { Checkpoint, Message } from './replica/messages.ts';
export { createReplica, type Governed, orderedLog } from './replica/replica.ts';
export { replicationRules, viewOf } from './replica/rules.ts';
export { isVoting, type ReplicaState } from './replica/state.ts';
export { checkpointCheck } from './replica/statements.ts';
export * from './request.ts';
export { allPolicies } from './robust/policies.ts';
