/**
 * What a process of a stream can do with keys. Members come and go, so checks name the signer by its record, which has the
 * public key from the signed list: a world may look it up by id (simulations) or use the key itself.
 */

import type { Hash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';

/** Whose statement it is. */
export interface Signer {
  readonly id: NodeId;
  readonly publicKey: Uint8Array;
}

/** A verifiable random function: for a key and an input there is one output, and its proof shows it. */
export interface VrfVerifier {
  /** The output for `input`, or null if `proof` does not prove it under `publicKey`. */
  verify(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array | null;
}

export interface VrfProver {
  readonly publicKey: Uint8Array;
  prove(input: Uint8Array): { readonly output: Uint8Array; readonly proof: Uint8Array };
}

export const VRF_KEY_BYTES = 256;
export const VRF_PROOF_BYTES = 256;

export interface StreamKeys {
  readonly hash: Hash;
  /** Signs with this process's own key. */
  sign(bytes: Uint8Array): Uint8Array;
  /** True if `signer` made `signature` over `bytes`. */
  verify(signer: Signer, bytes: Uint8Array, signature: Uint8Array): boolean;
  readonly vrf: VrfVerifier;
  /** This process's own. */
  readonly vrfKey: VrfProver;
}
