export * from './chain.ts';
export * from './erasure/index.ts';
export * from './mac/index.ts';
export * from './merkle.ts';
export * from './model/index.ts';
export * from './primitives.ts';
export * from './tagged.ts';
