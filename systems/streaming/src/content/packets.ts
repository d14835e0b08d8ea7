/**
 * Packets, each with the way from its payload to the root that the broadcaster signed: whoever holds the round's header can tell a
 * packet from junk, whoever passed it on. A packet is immutable and is passed on as it came.
 *
 *   u8 length of path | path, 32 bytes each | u32 length | payload
 */

import { DIGEST_BYTES, type Hash, verifyMerkle } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';
import { MAX_PACKETS_PER_ROUND } from '../config.ts';
import type { RoundHeader } from './header.ts';

export interface Packet {
  readonly round: number;
  /** Within its round. */
  readonly index: number;
  readonly payload: Uint8Array;
  /** Siblings on the way to the root, lowest first. */
  readonly path: readonly Digest[];
}

/** Whether a packet belongs to the round that `header` describes. The header's signature is the caller's business. */
export type PacketCheck = (header: RoundHeader, packet: Packet) => boolean;

export const MAX_PATH = Math.ceil(Math.log2(MAX_PACKETS_PER_ROUND));

/** How many siblings lead from leaf `index` of `count` to the root: an odd last node rises without one. */
export function pathLength(count: number, index: number): number {
  let length = 0;
  for (let width = count, at = index; width > 1; width = Math.ceil(width / 2), at >>>= 1)
    if (at % 2 === 1 || at + 1 < width) length++;
  return length;
}

/** The check by Merkle path, for rounds of `count` packets. */
export const createPacketCheck =
  (hash: Hash, count: number): PacketCheck =>
  (header, { round, index, payload, path }) =>
    round === header.round &&
    verifyMerkle(hash, { root: header.root, count, index, leaf: hash(payload), proof: path });

/** Bytes of a packet on the wire, beside its payload. */
export const packetOverhead = (pathDigests: number): number => 1 + DIGEST_BYTES * pathDigests + 4;

export function writePacket(writer: Writer, { path, payload }: Packet): void {
  writer.u8(path.length);
  for (const sibling of path) writer.fixed(sibling);
  writer.bytes(payload);
}

/** The packet that is number `index` of `round`; whoever reads knows which one it should be. */
export function readPacket(reader: Reader, round: number, index: number, maxPayloadBytes: number): Packet {
  const length = reader.u8();
  if (length > MAX_PATH) reader.fail();
  const path: Digest[] = [];
  for (let i = 0; i < length && !reader.failed; i++) path.push(reader.fixed(DIGEST_BYTES));
  return { round, index, path, payload: reader.bytes(maxPayloadBytes) };
}
