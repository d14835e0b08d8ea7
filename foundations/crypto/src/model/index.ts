export { modelHash } from './hash.ts';
export { createModelKeys, modelSeeds, modelSignatures } from './keys.ts';
