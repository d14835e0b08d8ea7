export { type ClientConfig, type ClientState, createKeeperClient, invoke } from './client.ts';
export * from './history.ts';
export { createWorkload, type WorkloadOptions } from './workload.ts';
