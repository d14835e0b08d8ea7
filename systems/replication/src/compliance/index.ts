/** What composition tries with: the lies that know the protocol, a service to lie about, the protocol's own swarm, Twins, and explorations. */

export { feedAttackers } from '../executor/adversaries.ts';
export { callExecutors, type ExecutorClientState as ExecutorClient } from '../executor/client.ts';
export { type Attacker, type AttackName, attackers, type Liar } from '../replica/adversaries.ts';
export { attackNames, attackSummaries } from './attack-summaries.ts';
export * as broken from './broken.ts';
export {
  type ClientAttackName,
  type ClientStrategy,
  clientAttacks,
  type Flood,
} from './client-attacks.ts';
export { createExecutorCluster } from './executor-cluster.ts';
export { governedSweep } from './governed-sweep.ts';
export { addOperation, createLedger } from './ledger.ts';
export { SLOT_RULES, type SlotRuleName } from './published-rules.ts';
export { speculativeSlot } from './speculative-exploration.ts';
export { LOG_RULES, type LogRuleName } from './speculative-log/rules.ts';
export { speculativeLog } from './speculative-log/speculative-log.ts';
export { replicationSweep, type SweepConfig } from './sweep.ts';
export {
  type Played,
  playSample,
  runScenario,
  TWINS_PRESETS,
  type TwinsPreset,
  type TwinsSubject,
  WHOLE_ROUND_MS,
} from './twins/run.ts';
export { countScenarios, describeScenario, parseScenario } from './twins/scenario.ts';
