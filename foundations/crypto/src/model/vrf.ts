/**
 * A model of verifiable random functions for simulations, with the sizes of the real one: the proof is a keyed hash of the
 * input under a secret that never leaves this folder, and verification makes it again, so there is exactly one. A peer in a
 * simulation can withhold or replay proofs, but neither make another's nor choose among its own.
 */

import { PUBLIC_KEY_BYTES } from '../primitives.ts';
import { VRF_OUTPUT_BYTES, VRF_PROOF_BYTES, VRF_PUBLIC_KEY_BYTES, type Vrf, type VrfKey } from '../vrf.ts';
import { absorb, close, type Lanes, squeeze } from './hash.ts';
import { scrambled, secretOf, seedOf } from './secrets.ts';

const lanes: Lanes = new Int32Array(8);
const expected = new Uint8Array(VRF_PROOF_BYTES);
const BLOCK = 32;

/** Keeps a seed's proofs apart from its signatures. */
const DOMAIN = 0x76726600;

/** The proof fills `into`; the output, which the proof's bytes do not contain, is what comes after it. */
function evaluate(secret: Lanes, input: Uint8Array, into: Uint8Array): Uint8Array {
  lanes.set(secret);
  lanes[0] = (lanes[0] as number) ^ DOMAIN;
  absorb(lanes, input);
  for (let at = 0; at < VRF_PROOF_BYTES; at += BLOCK) {
    squeeze(lanes, into, at);
    close(lanes);
  }
  const output = new Uint8Array(VRF_OUTPUT_BYTES);
  squeeze(lanes, output, 0);
  return output;
}

function isModelKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== VRF_PUBLIC_KEY_BYTES) return false;
  for (let i = PUBLIC_KEY_BYTES; i < VRF_PUBLIC_KEY_BYTES; i++) if (publicKey[i] !== 0) return false;
  return true;
}

/** PERF: inverting a key costs more than the rest of a verification, and a peer's key is used again and again. */
const secrets = new WeakMap<Uint8Array, { readonly copy: Uint8Array; readonly secret: Lanes }>();

function secretUnder(publicKey: Uint8Array): Lanes {
  const known = secrets.get(publicKey);
  if (known?.copy.every((byte, i) => byte === publicKey[i])) return known.secret;
  const secret = secretOf(seedOf(publicKey));
  secrets.set(publicKey, { copy: publicKey.slice(0, PUBLIC_KEY_BYTES), secret });
  return secret;
}

export const modelVrf: Vrf = {
  isKey: isModelKey,
  verify: (publicKey, input, proof) => {
    if (proof.length !== VRF_PROOF_BYTES || !isModelKey(publicKey)) return null;
    const output = evaluate(secretUnder(publicKey), input, expected);
    for (let i = 0; i < VRF_PROOF_BYTES; i++) if (proof[i] !== expected[i]) return null;
    return output;
  },
};

/** The key of a 32-byte seed; different seeds have different keys. */
export function createModelVrfKey(seed: Uint8Array): VrfKey {
  const secret = secretOf(seed);
  const publicKey = new Uint8Array(VRF_PUBLIC_KEY_BYTES);
  publicKey.set(scrambled(seed));
  return {
    publicKey,
    prove: (input) => {
      const proof = new Uint8Array(VRF_PROOF_BYTES);
      return { output: evaluate(secret, input, proof), proof };
    },
  };
}
