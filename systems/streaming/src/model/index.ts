export { createReferenceSealing } from './reference-sealing.ts';
export { shareCheck } from './shared-check.ts';
