export * from './history.ts';
export * from './linearizable.ts';
export * from './model.ts';
export * from './registers.ts';
