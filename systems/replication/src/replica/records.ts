/**
 * What a replica writes to its journal: its promises, the log behind them, and snapshots of the state. A record is
 * appended in the turn whose messages rely on it, so it is durable before they leave (DESIGN section 9, rule 6).
 *
 *   change       it has asked for this view and votes in no lower one
 *   view         it has entered this view (with the NEW-VIEW that began it)
 *   accept       a slot accepted in a view; its content unless an earlier record about the slot has it
 *   prepared     the log up to this slot is prepared in this view
 *   certificate  a commit certificate, from the stable checkpoint before it on
 *   stable       a stable checkpoint's certificate
 *   delivered    a state that executors have signed: the log up to it is not kept for them
 *   snapshot     begins a snapshot of a stable checkpoint: what its parts hash to
 *   part         one part of it
 *   snapshot-end all parts are there
 *   amnesia      everything before this is void: so many losses were known by then
 *   epoch        another configuration is in force after its base, and what proves it
 *   incarnation  the incarnation it signs as, and whether it may vote
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
import { decodeMessage, encodeMessage } from './codec.ts';
import type { Certificate, CommitCertificate, NewView, PrePrepare } from './messages.ts';
import {
  readCertificate,
  readCommitCertificate,
  writeCertificate,
  writeCommitCertificate,
} from './signed-codec.ts';

export type Record =
  | { readonly type: 'change'; readonly view: number }
  | { readonly type: 'view'; readonly view: number; readonly newView: NewView | null }
  | {
      readonly type: 'accept';
      readonly view: number;
      readonly slot: number;
      readonly digest: Digest;
      readonly content: FullBatch | null;
      readonly proposal: PrePrepare | null;
    }
  | { readonly type: 'prepared'; readonly view: number; readonly slot: number }
  | { readonly type: 'certificate'; readonly certificate: CommitCertificate }
  | { readonly type: 'stable' | 'delivered'; readonly certificate: Certificate }
  | {
      readonly type: 'snapshot';
      readonly certificate: Certificate;
      readonly roots: Roots;
      readonly parts: PartDigests;
    }
  | { readonly type: 'part'; readonly part: number; readonly bytes: Uint8Array }
  | { readonly type: 'snapshot-end' }
  | { readonly type: 'amnesia'; readonly losses: number }
  | { readonly type: 'epoch'; readonly link: Link }
  | {
      readonly type: 'incarnation';
      readonly number: number;
      readonly mayVote: boolean;
      /** Losses that this incarnation has got over. */
      readonly losses: number;
    };

const TAGS = {
  view: 1,
  accept: 2,
  prepared: 3,
  stable: 4,
  snapshot: 5,
  part: 6,
  'snapshot-end': 7,
  amnesia: 8,
  incarnation: 9,
  change: 10,
  certificate: 11,
  epoch: 12,
  delivered: 32,
} as const satisfies { [type in Record['type']]: number };

const writer = createWriter(64 * 1024);

/** The bytes change with the next call: the journal takes a copy. */
export function encodeRecord(record: Record): Uint8Array {
  writer.u8(TAGS[record.type]);
  writeFields(writer, record);
  return writer.view();
}

function writeFields(w: Writer, record: Record): void {
  switch (record.type) {
    case 'view':
      w.u53(record.view);
      return w.bytes(record.newView === null ? new Uint8Array(0) : encodeMessage(record.newView));
    case 'accept':
      w.u53(record.view);
      w.u53(record.slot);
      w.fixed(record.digest);
      w.bool(record.content !== null);
      if (record.content !== null) {
        writeFullBatch(w, record.content);
      }
      return w.bytes(record.proposal === null ? new Uint8Array(0) : encodeMessage(record.proposal));
    case 'prepared':
      w.u53(record.view);
      return w.u53(record.slot);
    case 'certificate':
      return writeCommitCertificate(w, record.certificate);
    case 'stable':
    case 'delivered':
      return writeCertificate(w, record.certificate);
    case 'snapshot':
      writeCertificate(w, record.certificate);
      writeRoots(w, record.roots);
      return writePartDigests(w, record.parts);
    case 'part':
      w.u32(record.part);
      return w.bytes(record.bytes);
    case 'amnesia':
      return w.u53(record.losses);
    case 'epoch':
      return writeLink(w, record.link);
    case 'incarnation':
      w.u53(record.number);
      w.bool(record.mayVote);
      return w.u53(record.losses);
    case 'change':
      return w.u53(record.view);
    case 'snapshot-end':
      return;
    default:
      return unreachable(record);
  }
}

/** True if the bytes are a record of this type, without reading all of it. */
export const isAbout = (bytes: Uint8Array, type: Record['type']): boolean => bytes[0] === TAGS[type];

/** A record of this or a former version; null for bytes that no version wrote. */
export function decodeRecord(bytes: Uint8Array): Record | null {
  const reader = createReader(bytes);
  const record = readFields(reader, reader.u8());
  return record === null ? null : reader.finish(record);
}

function readFields(r: Reader, tag: number): Record | null {
  switch (tag) {
    case TAGS.view: {
      const view = r.u53();
      const inner = readMessage(r);
      if (inner !== null && inner.type !== 'new-view') r.fail();
      return { type: 'view', view, newView: inner?.type === 'new-view' ? inner : null };
    }
    case TAGS.accept:
      return readAccept(r);
    case TAGS.prepared:
      return { type: 'prepared', view: r.u53(), slot: r.u53() };
    case TAGS.certificate:
      return { type: 'certificate', certificate: readCommitCertificate(r) };
    case TAGS.stable:
      return { type: 'stable', certificate: readCertificate(r) };
    case TAGS.delivered:
      return { type: 'delivered', certificate: readCertificate(r) };
    case TAGS.snapshot:
      return {
        type: 'snapshot',
        certificate: readCertificate(r),
        roots: readRoots(r),
        parts: readPartDigests(r),
      };
    case TAGS.part:
      return { type: 'part', part: r.u32(), bytes: r.bytes(MAX_FRAME_BYTES) };
    case TAGS['snapshot-end']:
      return { type: 'snapshot-end' };
    case TAGS.amnesia:
      return { type: 'amnesia', losses: r.u53() };
    case TAGS.epoch:
      return { type: 'epoch', link: readLink(r) };
    case TAGS.incarnation:
      return { type: 'incarnation', number: r.u53(), mayVote: r.bool(), losses: r.u53() };
    case TAGS.change:
      return { type: 'change', view: r.u53() };
    default:
      return null;
  }
}

function readAccept(r: Reader): Record {
  const view = r.u53();
  const slot = r.u53();
  const own = digest(r);
  const content = r.bool() ? readFullBatch(r) : null;
  const inner = readMessage(r);
  if (inner !== null && inner.type !== 'pre-prepare') r.fail();
  const proposal = inner?.type === 'pre-prepare' ? inner : null;
  return { type: 'accept', view, slot, digest: own, content, proposal };
}

function readMessage(r: Reader): ReturnType<typeof decodeMessage> {
  const bytes = r.bytes(MAX_FRAME_BYTES);
  if (bytes.length === 0) return null;
  const message = decodeMessage(bytes);
  if (message === null) r.fail();
  return message;
}

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);
