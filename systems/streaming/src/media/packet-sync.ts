/**
 * Finds the packets in a stream of bytes that may begin in the middle of one and hold anything between them. Three sync
 * bytes at the distance of a packet begin the lock; a packet without one ends it. Keeps less than three packets.
 */

import { PACKET_BYTES, SYNC_BYTE } from './packet.ts';

/** So many in a row make chance unlikely: 0x47 is a usual byte. */
const SYNCS = 3;

export interface PacketSync {
  /** Bytes carried over from one push to the next. */
  rest: Uint8Array;
  isLocked: boolean;
  /** Bytes that belonged to no packet. */
  skippedBytes: number;
}

const EMPTY = new Uint8Array(0);

export const createPacketSync = (): PacketSync => ({ rest: EMPTY, isLocked: false, skippedBytes: 0 });

/** Emits the packets that `chunk` completes, as views that are good until the caller reuses the chunk. */
export function pushBytes(sync: PacketSync, chunk: Uint8Array, emit: (packet: Uint8Array) => void): void {
  const bytes = joined(sync.rest, chunk);
  let at = 0;
  for (;;) {
    if (!sync.isLocked) {
      const found = syncAt(bytes, at);
      sync.skippedBytes += found.at - at;
      at = found.at;
      if (!found.isCertain) break;
      sync.isLocked = true;
    }
    if (bytes.length - at < PACKET_BYTES) break;
    if (bytes[at] !== SYNC_BYTE) {
      sync.isLocked = false;
      continue;
    }
    emit(bytes.subarray(at, at + PACKET_BYTES));
    at += PACKET_BYTES;
  }
  sync.rest = bytes.slice(at);
}

/** Forgets what was begun: the next bytes come from elsewhere. */
export function resetSync(sync: PacketSync): void {
  sync.skippedBytes += sync.rest.length;
  sync.rest = EMPTY;
  sync.isLocked = false;
}

function joined(rest: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (rest.length === 0) return chunk;
  const bytes = new Uint8Array(rest.length + chunk.length);
  bytes.set(rest);
  bytes.set(chunk, rest.length);
  return bytes;
}

/** The first place from `start` on that may be the beginning of packets; certain if all sync bytes are there. */
function syncAt(bytes: Uint8Array, start: number): { readonly at: number; readonly isCertain: boolean } {
  for (let at = start; at < bytes.length; at++) {
    let seen = 0;
    while (seen < SYNCS && bytes[at + seen * PACKET_BYTES] === SYNC_BYTE) seen++;
    if (seen === SYNCS) return { at, isCertain: true };
    if (at + seen * PACKET_BYTES >= bytes.length) return { at, isCertain: false };
  }
  return { at: bytes.length, isCertain: false };
}
