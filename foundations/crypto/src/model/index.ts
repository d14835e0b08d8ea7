export { modelHash } from './hash.ts';
export { createModelKeys, modelSignatures } from './keys.ts';
