export { HaltError } from '@concordat/kernel';
export { createMemoryDisk, type MemoryDisk } from '@concordat/runtime';
export { decodeReconfigure, encodeReconfigure, type Reconfigure } from '../governance/command.ts';
export {
  type Configuration,
  decodeConfiguration,
  encodeConfiguration,
} from '../governance/configuration.ts';
export { approvalsNeeded } from '../governance/judgement.ts';
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
export { type AdminIdentity, memberOfAdmin, withApproval } from './governance/approving.ts';
export {
  type Contact,
  contactIn,
  decodeContact,
  encodeContact,
  hostAndPort,
  memberNamed,
  nameIn,
} from './governance/contact.ts';
export {
  type CommandEnd,
  type Commands,
  createCommands,
  followAssociates,
  followMembers,
  governedBy,
  linkAll,
} from './governance/following.ts';
export { createMemoryKeyring, type Keyring, keyringIn } from './governance/keyring.ts';
export { approve, changesOf, propose, type Wish } from './governance/proposing.ts';
export { type ClusterOptions, createCluster, type EmbeddedCluster } from './host/embedded.ts';
export { startExecutor } from './host/executor.ts';
export { startFilter } from './host/filter.ts';
export type { Accepted, Federation } from './host/governing.ts';
export { createAdmin, createHome, readAdmin } from './host/home.ts';
export { type MemberOptions, startMember } from './host/member.ts';
export type { Member, MemberStatus } from './host/member-handle.ts';
export {
  type ClientCard,
  cardOf,
  clientCardOf,
  compositionOf,
  type MemberCard,
  type Membership,
} from './host/membership.ts';
export { type Replica, type ReplicateOptions, replicate } from './host/replicate.ts';
export { nodeCounts } from './host/stages.ts';
export { startUnreplicated, type Unreplicated, type UnreplicatedOptions } from './host/unreplicated.ts';
export * from './service/index.ts';
