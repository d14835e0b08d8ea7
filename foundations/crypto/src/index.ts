export * from './chain.ts';
export * from './draw.ts';
export * from './mac/index.ts';
export * from './merkle.ts';
export * from './model/index.ts';
export * from './primitives.ts';
export * from './tagged.ts';
export * from './vrf.ts';
