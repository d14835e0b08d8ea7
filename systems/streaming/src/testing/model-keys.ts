/** Model keys for all of a simulated stream. */

import { createModelKeys, createModelVrfKey, modelHash, modelVrf } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import type { StreamKeys } from '../keys.ts';
import type { Member } from '../membership/member-list.ts';

export interface Participant {
  readonly keys: StreamKeys;
  readonly member: Member;
}

/** What names a key where ids do the rest. */
export function keyOf(id: NodeId): Uint8Array {
  const publicKey = new Uint8Array(32);
  new DataView(publicKey.buffer).setUint32(0, id + 1);
  return publicKey;
}

export function createModelStreamKeys(count: number, seed: number): (id: NodeId) => Participant {
  const keysOf = createModelKeys(count, seed);
  // PERF: all check alike, with one function: it stays in reach of a large simulation.
  const checks = keysOf(0);
  const verify: StreamKeys['verify'] = (signer, bytes, signature) =>
    checks.verify(signer.id, bytes, signature);
  return (id) => {
    const own = keysOf(id);
    const publicKey = keyOf(id);
    const vrfSeed = publicKey.map((byte, i) => byte ^ (i === 31 ? seed : 0));
    const vrfKey = createModelVrfKey(vrfSeed);
    const keys: StreamKeys = {
      hash: modelHash,
      sign: own.sign,
      verify,
      vrf: modelVrf,
      vrfKey,
    };
    return { keys, member: { id, publicKey, vrfKey: vrfKey.publicKey } };
  };
}
