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
export * from './fault-model.ts';
export * from './presets/index.ts';
export { decodeMessage, encodeMessage } from './replica/codec.ts';
export type { Message } from './replica/messages.ts';
export { createReplica, orderedLog } from './replica/replica.ts';
export { replicationRules } from './replica/rules.ts';
export type { ReplicaState } from './replica/state.ts';
export * from './request.ts';
