export * from './model/index.ts';
export * from './primitives.ts';
