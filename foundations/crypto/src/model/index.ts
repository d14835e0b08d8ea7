export { modelHash } from './hash.ts';
export { createModelKeys, createModelPairSecrets, modelSignatures } from './keys.ts';
