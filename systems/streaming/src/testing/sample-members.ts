/** Members, keys and tickets for tests, by number. */

import { createModelVrfKey, modelHash, modelSignatures, modelVrf } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import type { StreamKeys } from '../keys.ts';
import { type PlacedMember, vrfDigestOf } from '../membership/ticket.ts';

export const sampleSeed = (id: NodeId): Uint8Array => {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, id + 1);
  return seed;
};

export const sampleVrfKey = (id: NodeId): Uint8Array => createModelVrfKey(sampleSeed(id)).publicKey;

export const sampleMember = (id: NodeId): PlacedMember => ({
  id,
  publicKey: modelSignatures.publicKeyOf(sampleSeed(id)),
  vrfDigest: vrfDigestOf(modelHash, sampleVrfKey(id)),
  address: `peer-${id}`,
});

/** Keys of number `id`. */
export const sampleKeys = (id: NodeId): StreamKeys => ({
  hash: modelHash,
  sign: (bytes) => modelSignatures.signWith(sampleSeed(id), bytes),
  verify: ({ publicKey }, bytes, signature) => modelSignatures.verifyWith(publicKey, bytes, signature),
  vrf: modelVrf,
  vrfKey: createModelVrfKey(sampleSeed(id)),
});
