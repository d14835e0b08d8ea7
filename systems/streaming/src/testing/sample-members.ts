/** Members, keys and tickets for tests, by number. */

import { modelHash, modelSignatures } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { type StreamKeys, VRF_KEY_BYTES, VRF_PROOF_BYTES } from '../keys.ts';
import type { PlacedMember } from '../membership/ticket.ts';

export const sampleSeed = (id: NodeId): Uint8Array => {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, id + 1);
  return seed;
};

export const sampleMember = (id: NodeId): PlacedMember => ({
  id,
  publicKey: modelSignatures.publicKeyOf(sampleSeed(id)),
  vrfKey: new Uint8Array(VRF_KEY_BYTES).fill(id & 0xff),
  address: `peer-${id}`,
});

/** Keys of number `id`; its VRF is a hash of key and input, which tests of draws need no more of. */
export function sampleKeys(id: NodeId): StreamKeys {
  const { vrfKey } = sampleMember(id);
  const outputOf = (key: Uint8Array, input: Uint8Array): Uint8Array =>
    modelHash(Uint8Array.of(...key.subarray(0, 8), ...input));
  return {
    hash: modelHash,
    sign: (bytes) => modelSignatures.signWith(sampleSeed(id), bytes),
    verify: ({ publicKey }, bytes, signature) => modelSignatures.verifyWith(publicKey, bytes, signature),
    vrf: { verify: (key, input) => outputOf(key, input) },
    vrfKey: {
      publicKey: vrfKey,
      prove: (input) => ({ output: outputOf(vrfKey, input), proof: new Uint8Array(VRF_PROOF_BYTES) }),
    },
  };
}
