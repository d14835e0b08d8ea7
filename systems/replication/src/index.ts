export * from './batch.ts';
export * from './config.ts';
export * from './execution/execution.ts';
export * from './fault-model.ts';
export { decodeMessage, encodeMessage } from './order/three-phase/codec.ts';
export type { Message } from './order/three-phase/messages.ts';
export { createReplica, orderedLog } from './order/three-phase/replica.ts';
export type { ReplicaState } from './order/three-phase/state.ts';
export * from './request.ts';
