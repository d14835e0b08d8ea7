/**
 * What the broadcaster signs of each round, once: the Merkle root over its packets, so that a single signature authenticates all of
 * them, and how many bytes of media they decode to. Headers travel with the first packets of their round.
 *
 *   body: u32 round | u32 payloadBytes | 32 bytes payload digest | 32 bytes root | u32 evictions
 */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';

export interface RoundHeader {
  readonly round: number;
  /** Bytes of media in this round, before they are cut into packets. */
  readonly payloadBytes: number;
  /** Of the media, so that what was put together again can be checked as a whole. */
  readonly payloadDigest: Digest;
  /** Merkle root over the digests of the packets' payloads. */
  readonly root: Digest;
  /** How many evictions had been announced. */
  readonly evictions: number;
  readonly signature: Uint8Array;
}

export const HEADER_BYTES = 4 + 4 + 2 * DIGEST_BYTES + 4 + SIGNATURE_BYTES;

export const writeHeaderBody = (writer: Writer, header: Omit<RoundHeader, 'signature'>): void => {
  writer.u32(header.round);
  writer.u32(header.payloadBytes);
  writer.fixed(header.payloadDigest);
  writer.fixed(header.root);
  writer.u32(header.evictions);
};

export const writeHeader = (writer: Writer, header: RoundHeader): void => {
  writeHeaderBody(writer, header);
  writer.fixed(header.signature);
};

export const readHeader = (reader: Reader): RoundHeader => ({
  round: reader.u32(),
  payloadBytes: reader.u32(),
  payloadDigest: reader.fixed(DIGEST_BYTES),
  root: reader.fixed(DIGEST_BYTES),
  evictions: reader.u32(),
  signature: reader.fixed(SIGNATURE_BYTES),
});
