export { type CallOf, checkDeterminism, type DeterminismOptions, type Finding } from './check/determinism.ts';
export {
  type ClientIdentity,
  type ConnectOptions,
  connectClient,
  type ServiceClient,
} from './client/connect.ts';
export {
  type FailureCode,
  failed,
  type Outcome,
  OutcomeError,
  type UnknownReason,
  unwrap,
} from './client/outcome.ts';
export type { CallOptions, TypedClient } from './client/typed-client.ts';
export { type ClusterOptions, createCluster, type EmbeddedCluster } from './host/embedded.ts';
export { startExecutor } from './host/executor.ts';
export { createHome } from './host/home.ts';
export { type MemberOptions, startMember } from './host/member.ts';
export type { Member, MemberStatus } from './host/member-handle.ts';
export {
  type ClientCard,
  cardOf,
  clientCardOf,
  type MemberCard,
  type Membership,
} from './host/membership.ts';
export { createMemoryDisk, type MemoryDisk } from './host/memory-journal.ts';
export { type Replica, type ReplicateOptions, replicate } from './host/replicate.ts';
export { startUnreplicated, type Unreplicated, type UnreplicatedOptions } from './host/unreplicated.ts';
export * from './service/index.ts';
