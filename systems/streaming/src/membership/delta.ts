/**
 * The delta log of an epoch: who joined since it began, in order. Each entry is a ticket; a chain of digests over them makes the
 * log one thing, and the tracker signs its head with every answer. So a tracker that shows different newcomers to different
 * peers signs two heads of one length: that convicts it (`contradictions.ts`).
 *
 *   head body: u32 epoch | u32 joined | 32 bytes digest
 */

import { DIGEST_BYTES, type Hash, SIGNATURE_BYTES, tagged } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';
import { type Ticket, ticketBody } from './ticket.ts';

export interface DeltaHead {
  readonly epoch: number;
  /** Tickets so far in this epoch. */
  readonly joined: number;
  /** Of the chain over their bodies. */
  readonly digest: Digest;
}

export interface SignedDeltaHead {
  readonly head: DeltaHead;
  readonly signature: Uint8Array;
}

/** The log of an epoch in which nobody has joined. */
export const emptyDelta = (hash: Hash, epoch: number): DeltaHead => {
  const writer = createWriter(4);
  writer.u32(epoch);
  return { epoch, joined: 0, digest: tagged(hash, 'stream-delta-begin', writer.finish()) };
};

export const extendDelta = (hash: Hash, head: DeltaHead, ticket: Ticket): DeltaHead => ({
  epoch: head.epoch,
  joined: head.joined + 1,
  digest: tagged(hash, 'stream-delta', head.digest, ticketBody(ticket)),
});

function writeHeadBody(writer: Writer, { epoch, joined, digest }: DeltaHead): void {
  writer.u32(epoch);
  writer.u32(joined);
  writer.fixed(digest);
}

const readHeadBody = (reader: Reader): DeltaHead => ({
  epoch: reader.u32(),
  joined: reader.u32(),
  digest: reader.fixed(DIGEST_BYTES),
});

export function deltaBody(head: DeltaHead): Uint8Array {
  const writer = createWriter(8 + DIGEST_BYTES);
  writeHeadBody(writer, head);
  return writer.finish();
}

export function decodeDeltaBody(bytes: Uint8Array): DeltaHead | null {
  const reader = createReader(bytes);
  return reader.finish(readHeadBody(reader));
}

export const signDelta = (keys: StreamKeys, stream: Digest, head: DeltaHead): SignedDeltaHead => ({
  head,
  signature: keys.sign(signedBytes(stream, 'delta', deltaBody(head))),
});

export const isDeltaSigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  tracker: Signer,
  { head, signature }: SignedDeltaHead,
): boolean => keys.verify(tracker, signedBytes(stream, 'delta', deltaBody(head)), signature);

export const DELTA_HEAD_BYTES = 8 + DIGEST_BYTES + SIGNATURE_BYTES;

export function writeDelta(writer: Writer, { head, signature }: SignedDeltaHead): void {
  writeHeadBody(writer, head);
  writer.fixed(signature);
}

export const readDelta = (reader: Reader): SignedDeltaHead => ({
  head: readHeadBody(reader),
  signature: reader.fixed(SIGNATURE_BYTES),
});
