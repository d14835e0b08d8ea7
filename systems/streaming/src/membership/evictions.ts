/**
 * Who was evicted, in the order in which the broadcaster announced it. The list only grows, so its first n entries are the list as
 * it was, and a draw of a partner names n: whoever checks it later, or judges it as evidence, sees what its maker saw.
 *
 *   body: u32 count | for each: u32 member | u32 from which round
 */

import { SIGNATURE_BYTES } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';

export interface Eviction {
  readonly member: NodeId;
  /** From this round on everybody skips it: a few rounds after the announcement, so that it has arrived. */
  readonly fromRound: number;
}

export interface EvictionList {
  readonly entries: readonly Eviction[];
  readonly signature: Uint8Array;
}

export const MAX_EVICTIONS = 4096;
const ENTRY_BYTES = 8;

/** Nobody has been evicted: needs no signature. */
export const NO_EVICTIONS: EvictionList = { entries: [], signature: new Uint8Array(SIGNATURE_BYTES) };

function writeEntries(writer: Writer, entries: readonly Eviction[]): void {
  writer.list(entries, ({ member, fromRound }) => {
    writer.u32(member);
    writer.u32(fromRound);
  });
}

function bodyOf(entries: readonly Eviction[]): Uint8Array {
  const writer = createWriter(4 + ENTRY_BYTES * entries.length);
  writeEntries(writer, entries);
  return writer.finish();
}

export const signEvictions = (
  keys: StreamKeys,
  stream: Digest,
  entries: readonly Eviction[],
): EvictionList => ({
  entries,
  signature: keys.sign(signedBytes(stream, 'evictions', bodyOf(entries))),
});

export const areEvictionsSigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  broadcaster: Signer,
  { entries, signature }: EvictionList,
): boolean => keys.verify(broadcaster, signedBytes(stream, 'evictions', bodyOf(entries)), signature);

/** True if `next` says more than `known` and takes nothing back. */
export const extendsEvictions = (known: EvictionList, next: EvictionList): boolean =>
  next.entries.length > known.entries.length &&
  known.entries.every(
    ({ member, fromRound }, i) =>
      next.entries[i]?.member === member && next.entries[i]?.fromRound === fromRound,
  );

/** True if the first `count` entries evict `member` from `round` on. */
export function isEvicted(
  entries: readonly Eviction[],
  count: number,
  member: NodeId,
  round: number,
): boolean {
  for (let i = 0; i < count; i++) {
    const entry = entries[i];
    if (entry !== undefined && entry.member === member && entry.fromRound <= round) return true;
  }
  return false;
}

/** How many of the first entries everybody must know of in `round`. */
export function effectiveEvictions(entries: readonly Eviction[], round: number): number {
  let count = 0;
  for (const [i, { fromRound }] of entries.entries()) if (fromRound <= round) count = i + 1;
  return count;
}

export const evictionListBytes = ({ entries }: EvictionList): number =>
  4 + ENTRY_BYTES * entries.length + SIGNATURE_BYTES;

export function writeEvictions(writer: Writer, { entries, signature }: EvictionList): void {
  writeEntries(writer, entries);
  writer.fixed(signature);
}

export const readEvictions = (reader: Reader): EvictionList => ({
  entries: reader.list(MAX_EVICTIONS, ENTRY_BYTES, () => ({ member: reader.u32(), fromRound: reader.u32() })),
  signature: reader.fixed(SIGNATURE_BYTES),
});
