/** Model keys for all of a simulated stream. */

import { createModelKeys, type Hash, modelHash, tagged } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import {
  type StreamKeys,
  VRF_KEY_BYTES,
  VRF_PROOF_BYTES,
  type VrfProver,
  type VrfVerifier,
} from '../keys.ts';
import type { Member } from '../membership/member-list.ts';

const hash: Hash = modelHash;

/** A model of a unique proof: whoever holds the key's bytes could make it, and nobody in a simulation does for others. */
function evaluate(
  publicKey: Uint8Array,
  input: Uint8Array,
): { readonly output: Uint8Array; readonly proof: Uint8Array } {
  const proof = new Uint8Array(VRF_PROOF_BYTES);
  proof.set(tagged(hash, 'vrf-proof', publicKey.subarray(0, 8), input));
  return { proof, output: tagged(hash, 'vrf-output', proof.subarray(0, 32)) };
}

const vrf: VrfVerifier = {
  verify: (publicKey, input, proof) => {
    const made = evaluate(publicKey, input);
    return equalBytes(made.proof, proof) ? made.output : null;
  },
};

export interface Participant {
  readonly keys: StreamKeys;
  readonly member: Member;
}

export function createModelStreamKeys(count: number, seed: number): (id: NodeId) => Participant {
  const keysOf = createModelKeys(count, seed);
  return (id) => {
    const own = keysOf(id);
    const publicKey = new Uint8Array(32);
    new DataView(publicKey.buffer).setUint32(0, id + 1);
    const vrfPublic = new Uint8Array(VRF_KEY_BYTES);
    vrfPublic.set(publicKey);
    const vrfKey: VrfProver = { publicKey: vrfPublic, prove: (input) => evaluate(vrfPublic, input) };
    const keys: StreamKeys = {
      hash,
      sign: own.sign,
      verify: (signer, bytes, signature) => own.verify(signer.id, bytes, signature),
      vrf,
      vrfKey,
    };
    return { keys, member: { id, publicKey, vrfKey: vrfPublic } };
  };
}
