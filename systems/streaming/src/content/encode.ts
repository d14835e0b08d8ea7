/**
 * From a round's media to its packets and back: K equal parts, to U by an erasure code where U > K, under one Merkle root.
 */

import { createErasureCode, type Hash, merkleProof, merkleRoot } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { RoundHeader } from './header.ts';
import type { Packet } from './packets.ts';

/** What a round needs of a code from `k` parts to `n`, any `k` of which suffice; all parts have one size. */
export interface RoundCode {
  readonly k: number;
  readonly n: number;
  /** The `n` parts for `k` parts of media. */
  encode(parts: readonly Uint8Array[]): readonly Uint8Array[];
  /** The `k` parts of media from parts by index, at least `k` of them known; null if they cannot be had. */
  decode(parts: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] | null;
}

/** The code of BAR Gossip: none, every packet is needed. */
const plainCode = (count: number): RoundCode => ({
  k: count,
  n: count,
  encode: (parts) => parts,
  decode: (parts) => {
    const known = parts.filter((part) => part !== undefined);
    return known.length === count ? known : null;
  },
});

function erasureCode(k: number, n: number): RoundCode {
  const code = createErasureCode(k, n);
  return {
    k,
    n,
    encode: (parts) => [...parts, ...code.encode(parts)],
    decode: (parts) => code.reconstructData(parts.map((part) => part ?? null)),
  };
}

/** Any `k` of `n` packets play a round. */
export const createRoundCode = (k: number, n: number): RoundCode =>
  k === n ? plainCode(n) : erasureCode(k, n);

export interface EncodedRound {
  readonly root: Digest;
  readonly payloadDigest: Digest;
  readonly payloadBytes: number;
  readonly packets: readonly Packet[];
}

/** Bytes of each packet for so many bytes of media; at least one, so that empty rounds have packets like others. */
export const partBytes = (payloadBytes: number, k: number): number =>
  Math.max(1, Math.ceil(payloadBytes / k));

function partsOf(payload: Uint8Array, k: number): Uint8Array[] {
  const size = partBytes(payload.length, k);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < k; i++) {
    const part = new Uint8Array(size);
    part.set(payload.subarray(Math.min(payload.length, i * size), Math.min(payload.length, (i + 1) * size)));
    parts.push(part);
  }
  return parts;
}

/** Cuts the media of `round` into packets. */
export function encodeRound(hash: Hash, code: RoundCode, round: number, payload: Uint8Array): EncodedRound {
  const parts = code.encode(partsOf(payload, code.k));
  assert(parts.length === code.n, 'a code makes as many parts as it says');
  const leaves = parts.map((part) => hash(part));
  return {
    root: merkleRoot(hash, leaves),
    payloadDigest: hash(payload),
    payloadBytes: payload.length,
    packets: parts.map((part, index) => ({
      round,
      index,
      payload: part,
      path: merkleProof(hash, leaves, index),
    })),
  };
}

/**
 * The media of a round from verified packets; null if too few are there, or if what they make is not what the header says (then
 * the broadcaster encoded wrongly: every packet was authentic).
 */
export function decodeRound(
  hash: Hash,
  code: RoundCode,
  header: RoundHeader,
  packets: readonly (Packet | undefined)[],
): Uint8Array | null {
  const size = partBytes(header.payloadBytes, code.k);
  const known = packets.map((packet) => (packet?.payload.length === size ? packet.payload : undefined));
  if (known.filter((part) => part !== undefined).length < code.k) return null;
  const parts = code.decode(known);
  if (parts === null) return null;
  const payload = new Uint8Array(size * code.k);
  for (const [i, part] of parts.entries()) payload.set(part, i * size);
  const media = payload.subarray(0, header.payloadBytes);
  return equalBytes(hash(media), header.payloadDigest) ? media : null;
}
