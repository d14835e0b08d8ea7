/**
 * Bytes of any length as shards of one length and back. The last shards end in zeros where the bytes do not fill them; how
 * many bytes there were travels beside the shards. Canonical: of the shards of one code, one length and one padding are taken.
 */

import { assert } from '@concordat/kernel';

/** The length of each of `count` shards that hold `lengthBytes` bytes: at least 1, also of nothing. */
export const shardBytes = (lengthBytes: number, count: number): number =>
  Math.max(1, Math.ceil(lengthBytes / count));

/** `count` shards that hold `bytes`: parts of its memory, and copies only where zeros had to be added. */
export function splitIntoShards(bytes: Uint8Array, count: number): Uint8Array[] {
  assert(Number.isInteger(count) && count >= 1, 'there is a shard');
  const size = shardBytes(bytes.length, count);
  return Array.from({ length: count }, (_, i) => {
    const part = bytes.subarray(i * size, (i + 1) * size);
    if (part.length === size) return part;
    const padded = new Uint8Array(size);
    padded.set(part);
    return padded;
  });
}

/** The bytes that `splitIntoShards` split; null if it would not have made these shards of any `lengthBytes` bytes. */
export function joinShards(shards: readonly Uint8Array[], lengthBytes: number): Uint8Array | null {
  const size = shards[0]?.length ?? 0;
  const isLength = Number.isSafeInteger(lengthBytes) && lengthBytes >= 0;
  if (!isLength || size !== shardBytes(lengthBytes, shards.length)) return null;
  if (shards.some((shard) => shard.length !== size)) return null;
  const bytes = new Uint8Array(lengthBytes);
  for (const [i, shard] of shards.entries()) {
    const room = Math.min(size, Math.max(0, lengthBytes - i * size));
    bytes.set(shard.subarray(0, room), Math.min(i * size, lengthBytes));
    if (shard.subarray(room).some((padding) => padding !== 0)) return null;
  }
  return bytes;
}
