/**
 * What a learner writes to its journal (UpRight's hybrid checkpoints): every batch it exposes, and now and then a snapshot of
 * the state, part by part.
 *
 *   begin         everything before this is void: so many losses were known by then
 *   batch         an exposed slot and its content
 *   body          a large body of the next batch, where batches hold references
 *   snapshot      begins a snapshot: of what slot, and what its parts hash to
 *   part          one part of it
 *   snapshot-end  all parts are there
 *   epoch         what proves an epoch that begins beyond what is exposed
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import { type Digest, MAX_FRAME_BYTES, unreachable } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { type FullBatch, readFullBatch, writeFullBatch } from '../batch.ts';
import {
  type PartDigests,
  type Roots,
  readPartDigests,
  readRoots,
  writePartDigests,
  writeRoots,
} from '../execution/roots.ts';
import { type Link, readLink, writeLink } from '../governance/link.ts';
import { type Request, readRequest, writeRequest } from '../request.ts';

export interface SnapshotRecord {
  readonly type: 'snapshot';
  readonly slot: number;
  readonly history: Digest;
  /** Digest of the whole state. */
  readonly state: Digest;
  readonly roots: Roots;
  readonly parts: PartDigests;
}

export interface BatchRecord extends FullBatch {
  readonly type: 'batch';
  readonly slot: number;
  /** Of the log with this batch. */
  readonly history: Digest;
}

export interface EpochRecord {
  readonly type: 'epoch';
  readonly link: Link;
}

export type LearnerRecord =
  | { readonly type: 'begin'; readonly losses: number }
  | BatchRecord
  | { readonly type: 'body'; readonly request: Request }
  | SnapshotRecord
  | { readonly type: 'part'; readonly part: number; readonly bytes: Uint8Array }
  | { readonly type: 'snapshot-end' }
  | EpochRecord;

const TAGS = {
  begin: 1,
  batch: 2,
  snapshot: 3,
  part: 4,
  'snapshot-end': 5,
  body: 6,
  epoch: 7,
} as const satisfies { [type in LearnerRecord['type']]: number };

const writer = createWriter(64 * 1024);

/** The bytes change with the next call: the journal takes a copy. */
export function encodeLearnerRecord(record: LearnerRecord): Uint8Array {
  writer.u8(TAGS[record.type]);
  writeFields(writer, record);
  return writer.view();
}

function writeFields(w: Writer, record: LearnerRecord): void {
  switch (record.type) {
    case 'begin':
      return w.u53(record.losses);
    case 'batch':
      w.u53(record.slot);
      w.fixed(record.history);
      return writeFullBatch(w, record);
    case 'snapshot':
      w.u53(record.slot);
      w.fixed(record.history);
      w.fixed(record.state);
      writeRoots(w, record.roots);
      return writePartDigests(w, record.parts);
    case 'body':
      return writeRequest(w, record.request);
    case 'part':
      w.u32(record.part);
      return w.bytes(record.bytes);
    case 'epoch':
      return writeLink(w, record.link);
    case 'snapshot-end':
      return;
    default:
      return unreachable(record);
  }
}

/** A record of this or a former version; null for bytes that no version wrote. */
export function decodeLearnerRecord(bytes: Uint8Array): LearnerRecord | null {
  const reader = createReader(bytes);
  const record = readFields(reader, reader.u8());
  return record === null ? null : reader.finish(record);
}

function readFields(r: Reader, tag: number): LearnerRecord | null {
  switch (tag) {
    case TAGS.begin:
      return { type: 'begin', losses: r.u53() };
    case TAGS.batch:
      return {
        type: 'batch',
        slot: r.u53(),
        history: digest(r),
        ...readFullBatch(r),
      };
    case TAGS.snapshot:
      return {
        type: 'snapshot',
        slot: r.u53(),
        history: digest(r),
        state: digest(r),
        roots: readRoots(r),
        parts: readPartDigests(r),
      };
    case TAGS.part:
      return { type: 'part', part: r.u32(), bytes: r.bytes(MAX_FRAME_BYTES) };
    case TAGS.body:
      return { type: 'body', request: readRequest(r) };
    case TAGS.epoch:
      return { type: 'epoch', link: readLink(r) };
    case TAGS['snapshot-end']:
      return { type: 'snapshot-end' };
    default:
      return null;
  }
}

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);
