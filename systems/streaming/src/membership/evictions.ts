/**
 * Who was evicted, in the order in which the broadcaster announced it: accountability's list, which only grows, so that a draw of a
 * partner names how many entries its maker knew of, and whoever checks it later, or judges it as evidence, sees what its maker
 * saw. Rounds of a stream are counted through, so epochs say nothing here. Keys here belong to records of signers, not to ids.
 */

import {
  createProof,
  type EvictionList,
  encodeProof,
  evictionStatement,
  isEvictionList,
  signEvictions as signList,
  TWO_EVICTION_LISTS,
} from '@concordat/accountability';
import type { Digest, NodeId } from '@concordat/kernel';
import type { Signer, StreamKeys } from '../keys.ts';

/** Of one stream: enough for whoever has as many evil viewers, and no more than a message can carry. */
export const MAX_STREAM_EVICTIONS = 4096;

export interface Convicted {
  readonly member: NodeId;
  /** From this round on everybody skips it: a few rounds after the announcement, so that it has arrived. */
  readonly round: number;
  readonly rule: string;
  /** Of its bytes (`proofDigest`). */
  readonly proof: Digest;
}

/** The list after `former`, with `added` at its end. Rounds of entries never go back, whatever a clock does. */
export function signEvictions(
  keys: Pick<StreamKeys, 'hash' | 'sign'>,
  stream: Digest,
  former: EvictionList,
  added: Convicted,
): EvictionList {
  const round = Math.max(added.round, former.entries.at(-1)?.round ?? 0);
  return signList(keys, stream, former, [{ ...added, epoch: 0, round }]);
}

export const areEvictionsSigned = (
  keys: Pick<StreamKeys, 'hash' | 'verify'>,
  stream: Digest,
  broadcaster: Signer,
  list: EvictionList,
): boolean =>
  isEvictionList(
    { hash: keys.hash, verify: (_id, bytes, signature) => keys.verify(broadcaster, bytes, signature) },
    stream,
    list,
  );

/** The proof that the broadcaster signed two lists of which neither continues the other; null if these two are none. */
export function twoEvictionLists(
  { hash }: Pick<StreamKeys, 'hash'>,
  stream: Digest,
  broadcaster: NodeId,
  one: EvictionList,
  other: EvictionList,
): Uint8Array | null {
  const [a, b] = [evictionStatement(hash, one), evictionStatement(hash, other)];
  if (!TWO_EVICTION_LISTS.convicts(a.body, b.body)) return null;
  const proof = createProof(stream, broadcaster, TWO_EVICTION_LISTS.name, a, b);
  return proof === null ? null : encodeProof(proof);
}
