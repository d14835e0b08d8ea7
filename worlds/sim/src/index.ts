export type { ClockOptions } from './clock.ts';
export { type CpuCosts, freeCosts, measuredCosts } from './cpu.ts';
export type { Disk, DiskOptions } from './disk.ts';
export type { Faults } from './faults.ts';
export { type NodeOptions, type NotedAt, type Observer, ProcessFailure } from './host.ts';
export type { LinkOptions, NetworkOptions } from './network.ts';
export { createWorld, type World, type WorldOptions } from './world.ts';
