/**
 * What a process of a stream can do with keys. Members come and go, so checks name the signer by its record, which has the
 * public key from the signed list: a world may look it up by id (simulations) or use the key itself.
 */

import type { Hash, Vrf, VrfKey } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';

/** Whose statement it is. */
export interface Signer {
  readonly id: NodeId;
  readonly publicKey: Uint8Array;
}

export interface StreamKeys {
  readonly hash: Hash;
  /** Signs with this process's own key. */
  sign(bytes: Uint8Array): Uint8Array;
  /** True if `signer` made `signature` over `bytes`. */
  verify(signer: Signer, bytes: Uint8Array, signature: Uint8Array): boolean;
  readonly vrf: Vrf;
  /** This process's own. */
  readonly vrfKey: VrfKey;
}
