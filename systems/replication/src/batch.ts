/**
 * A batch is what one slot of the log holds: an ordered time and references to requests. The history digest of a slot
 * commits to the whole prefix, h_m = H(h_{m-1}, d_m) (Zyzzyva, SOSP'07 section 3.2), so that one vote for a slot is a
 * vote for everything before it.
 */

import type { Hash } from '@concordat/crypto';
import { DIGEST_BYTES } from '@concordat/crypto';
import type { Digest, Millis } from '@concordat/kernel';
import { concatBytes, createWriter, type Reader, utf8, type Writer } from '@concordat/wire';
import {
  MIN_REQUEST_BYTES,
  REQUEST_REF_BYTES,
  type Request,
  type RequestRef,
  readRef,
  readRequest,
  writeRef,
  writeRequest,
} from './request.ts';

/** Bounds a batch's references; 1,000 is Aardvark's limit. */
export const MAX_BATCH_REQUESTS = 1000;

export interface Batch {
  /** Ordered time in ms; 0 in the null batch, which leaves the time as it was. */
  readonly time: Millis;
  readonly refs: readonly RequestRef[];
}

/** A batch with what it refers to, in the order of its references. */
export interface FullBatch {
  readonly batch: Batch;
  readonly requests: readonly Request[];
}

/** What a view change puts into a slot that nobody can have committed. */
export const NULL_BATCH: Batch = { time: 0, refs: [] };

const BATCH_LABEL = utf8('concordat batch v1');
const HISTORY_LABEL = utf8('concordat history v1');

export function writeBatch(writer: Writer, batch: Batch): void {
  writer.u53(batch.time);
  writer.list(batch.refs, (ref) => writeRef(writer, ref));
}

export function readBatch(reader: Reader): Batch {
  return {
    time: reader.u53(),
    refs: reader.list(MAX_BATCH_REQUESTS, REQUEST_REF_BYTES, () => readRef(reader)),
  };
}

export function writeFullBatch(writer: Writer, { batch, requests }: FullBatch): void {
  writeBatch(writer, batch);
  writer.list(requests, (request) => writeRequest(writer, request));
}

export const readFullBatch = (reader: Reader): FullBatch => ({
  batch: readBatch(reader),
  requests: reader.list(MAX_BATCH_REQUESTS, MIN_REQUEST_BYTES, () => readRequest(reader)),
});

const writer = createWriter(4096);

export function batchDigest(hash: Hash, batch: Batch): Digest {
  writer.fixed(BATCH_LABEL);
  writeBatch(writer, batch);
  return hash(writer.finish());
}

export function nextHistory(hash: Hash, previous: Digest, digest: Digest): Digest {
  return hash(concatBytes([HISTORY_LABEL, previous, digest]));
}

/** The history after each of these batches, the first of which follows on `base`. */
export function historiesAfter(hash: Hash, base: Digest, digests: readonly Digest[]): Digest[] {
  let history = base;
  return digests.map((digest) => {
    history = nextHistory(hash, history, digest);
    return history;
  });
}

/** The history before the first slot. */
export const genesisHistory = (): Digest => new Uint8Array(DIGEST_BYTES);
