export { modelCipher } from './cipher.ts';
export { modelHash } from './hash.ts';
export { createModelKeys, createModelPairSecrets, modelSeeds, modelSignatures } from './keys.ts';
export { createModelVrfKey, modelVrf } from './vrf.ts';
