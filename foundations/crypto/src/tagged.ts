/**
 * Hashing with a domain: two uses of one hash never confuse their inputs, because every input opens with its label and
 * the length of each part. Whoever writes the same bytes with the same label meant the same thing.
 *
 *   u8 length of label | label (ASCII) | for each part: u32 length | part
 */

import { assert, type Digest } from '@concordat/kernel';
import { createRoom } from '@concordat/wire';
import type { Hash } from './primitives.ts';

const MAX_LABEL_BYTES = 64;

/** What is hashed is put together here. */
const roomOf = createRoom(64 * 1024);

function putLabel(into: Uint8Array, label: string): void {
  assert(label.length > 0 && label.length <= MAX_LABEL_BYTES, 'a label has 1 to 64 characters');
  into[0] = label.length;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    assert(code < 0x80, 'a label is ASCII');
    into[1 + i] = code;
  }
}

function putLength(into: Uint8Array, at: number, length: number): void {
  into[at] = length >>> 24;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
}

/** The digest of `parts`, in order, for the use that `label` names. */
export function tagged(hash: Hash, label: string, ...parts: readonly Uint8Array[]): Digest {
  let size = 1 + label.length;
  for (const part of parts) size += 4 + part.length;
  const bytes = roomOf(size);
  putLabel(bytes, label);
  let at = 1 + label.length;
  for (const part of parts) {
    putLength(bytes, at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return hash(bytes);
}
