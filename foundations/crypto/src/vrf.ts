/**
 * Verifiable random functions (Micali, Rabin, Vadhan, FOCS 1999; RFC 9381): the holder of a key turns an input into an output
 * that nobody else can foretell and everybody can check, and it has no choice of output: for a key and an input exactly one
 * proof verifies. Ordinary signatures lack that - whoever signs with Ed25519 picks the nonce, tries many, and keeps the
 * signature that it likes - so they must not decide who meets whom (facts: BAR Gossip, OSDI 2006, partner selection).
 *
 * A key is chosen before the inputs are: an input names something that nobody knew when the key was admitted (the seed of an
 * epoch, say), or its owner would try keys instead of nonces.
 */

import { concatBytes, utf8 } from '@concordat/wire';

export const VRF_PUBLIC_KEY_BYTES = 256;
export const VRF_PROOF_BYTES = 256;
export const VRF_OUTPUT_BYTES = 32;

/** What anyone can do with a public key. Hostile keys, proofs and sizes are null or false, never a throw. */
export interface Vrf {
  /**
   * The 32-byte output for `input` if `proof` is the one proof of it under `publicKey`, otherwise null. That there is only one
   * rests on the key: check it once with `isCertifiedVrfKey` where keys are admitted.
   */
  verify(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array | null;
  /** True if the bytes are a key in its only spelling, as far as that shows without its owner's help. Milliseconds. */
  isKey(publicKey: Uint8Array): boolean;
}

export interface VrfEvaluation {
  /** Secret until the proof is shown. */
  readonly output: Uint8Array;
  readonly proof: Uint8Array;
}

/** One participant's own key. */
export interface VrfKey {
  readonly publicKey: Uint8Array;
  prove(input: Uint8Array): VrfEvaluation;
}

/**
 * Roots that a key's owner shows. For each, a key that is not unique has a chance of at most 3/131075 (docs/decisions/0010):
 * all nine together 2^-138.
 */
const CERTIFICATE_PROOFS = 9;
export const VRF_CERTIFICATE_BYTES = CERTIFICATE_PROOFS * VRF_PROOF_BYTES;

const CERTIFICATE_LABEL = utf8('concordat vrf key certificate');
const certificateInput = (index: number): Uint8Array => Uint8Array.of(...CERTIFICATE_LABEL, index);

/**
 * What the owner of a key shows once, where it is admitted: the proofs of nine fixed inputs. The inputs are hashed together
 * with the key, so these are e-th roots of numbers that its maker could not choose (Goldberg, Reyzin, Sagga, Baldimtsi,
 * ASIACRYPT 2019), and they all exist only if every number has at most one. Nothing else may be proved for these inputs.
 */
export const certifyVrfKey = (key: VrfKey): Uint8Array =>
  concatBytes(Array.from({ length: CERTIFICATE_PROOFS }, (_, i) => key.prove(certificateInput(i)).proof));

/** True if no owner of `publicKey`, however it was made, has a choice of outputs. Anyone can check it, offline. */
export function isCertifiedVrfKey(vrf: Vrf, publicKey: Uint8Array, certificate: Uint8Array): boolean {
  if (certificate.length !== VRF_CERTIFICATE_BYTES || !vrf.isKey(publicKey)) return false;
  for (let i = 0; i < CERTIFICATE_PROOFS; i++) {
    const proof = certificate.subarray(i * VRF_PROOF_BYTES, (i + 1) * VRF_PROOF_BYTES);
    if (vrf.verify(publicKey, certificateInput(i), proof) === null) return false;
  }
  return true;
}
