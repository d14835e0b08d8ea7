export * from './drawing.ts';
export * from './exploration/index.ts';
export * from './history.ts';
export * from './linearizable.ts';
export * from './model.ts';
export * from './ordered-writes.ts';
export * from './registers.ts';
export * from './znode-history.ts';
export type { Problem } from './znode-writes.ts';
