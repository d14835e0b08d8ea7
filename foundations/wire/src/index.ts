export * from './bytes.ts';
export * from './reader.ts';
export * from './writer.ts';
