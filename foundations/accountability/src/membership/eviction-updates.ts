/**
 * What somebody lacks of a list of evictions, who has its first entries: so that telling all members of one more eviction costs the
 * same, however many there were. The signature is over the whole list, so it holds only if what came before is the same; whoever is
 * told another story notices that it does not, and asks for all of it.
 *
 *   u32 after | u53 version | u32 former count | u32 count, each: eviction | 64 bytes signature
 */

import { SIGNATURE_BYTES } from '@concordat/crypto';
import type { Reader, Writer } from '@concordat/wire';
import {
  EVICTION_LEAST_BYTES,
  type EvictionList,
  evictionListBytes,
  isWellFormed,
  MAX_EVICTIONS,
  readEviction,
  writeEviction,
} from './evictions.ts';

export interface EvictionUpdate extends EvictionList {
  /** How many entries come before those that are here. */
  readonly after: number;
}

export const updateSince = (list: EvictionList, after: number): EvictionUpdate => ({
  ...list,
  after,
  entries: list.entries.slice(after),
});

/** The list that `update` makes of `known`; null if too little is known, or if it makes none. Whether it is signed is not asked. */
export function applyUpdate(known: EvictionList, update: EvictionUpdate): EvictionList | null {
  const { after, version, formerCount, signature } = update;
  if (after > known.entries.length) return null;
  const list = {
    version,
    formerCount,
    entries: [...known.entries.slice(0, after), ...update.entries],
    signature,
  };
  return isWellFormed(list) ? list : null;
}

export const evictionUpdateBytes = (update: EvictionUpdate): number => 4 + evictionListBytes(update);

export function writeEvictionUpdate(writer: Writer, update: EvictionUpdate): void {
  writer.u32(update.after);
  writer.u53(update.version);
  writer.u32(update.formerCount);
  writer.list(update.entries, (eviction) => writeEviction(writer, eviction));
  writer.fixed(update.signature);
}

/** The update in a message from anyone, with `max` entries at most; the reader has failed if it is none. */
export const readEvictionUpdate = (reader: Reader, max = MAX_EVICTIONS): EvictionUpdate => ({
  after: reader.u32(),
  version: reader.u53(),
  formerCount: reader.u32(),
  entries: reader.list(max, EVICTION_LEAST_BYTES, () => readEviction(reader)),
  signature: reader.fixed(SIGNATURE_BYTES),
});
