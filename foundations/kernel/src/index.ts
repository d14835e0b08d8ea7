export * from './assert.ts';
export * from './env.ts';
export * from './limits.ts';
export * from './note.ts';
export * from './ordered-log.ts';
export * from './prng.ts';
export * from './process.ts';
export * from './service.ts';
