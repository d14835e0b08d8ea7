/**
 * Bytes of the three-phase messages: one tag byte, then the fields in the order of their declaration, big-endian.
 *
 *   slot, view, client, seq   u53 in 8 bytes        digest     32 bytes
 *   sender, domain            u16                   signature  64 bytes
 *   lists                     u32 count, items      bytes      u32 length, bytes
 *
 * Decoding accepts exactly what encoding makes: order inside lists is part of the form.
 */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import {
  type Digest,
  MAX_MEMBERS,
  MAX_OPERATION_BYTES,
  MAX_REQUEST_BYTES,
  unreachable,
} from '@concordat/kernel';
import { compact, createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { MAX_BATCH_REQUESTS, readBatch, writeBatch } from '../../batch.ts';
import { readRequest, writeRequest } from '../../request.ts';
import type { Checkpoint, Message, NewView, PrePrepare, SlotClaim, ViewChange, Vouch } from './messages.ts';

/** Claims in a VIEW-CHANGE: no configuration has a larger window. */
export const MAX_CLAIMS = 4096;
/** Batches accepted for one slot that a VIEW-CHANGE tells of. */
export const MAX_ACCEPTED = 8;
/** Part digests in one manifest. */
const MAX_PARTS = 100_000;
/** A part may hold one entry of maximal size beyond its target. */
const MAX_PART_BYTES = 2 * MAX_OPERATION_BYTES;

const TAGS = {
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
  checkpoint: 4,
  stable: 5,
  'view-change': 6,
  'new-view': 7,
  status: 8,
  request: 9,
  'fetch-batch': 10,
  batch: 11,
  'fetch-manifest': 12,
  manifest: 13,
  'fetch-part': 14,
  part: 15,
  reply: 16,
} as const satisfies Record<Message['type'], number>;

const writer = createWriter(64 * 1024);

export function encodeMessage(message: Message): Uint8Array {
  writeMessage(writer, message);
  return writer.finish();
}

/** For whoever puts messages into frames of their own. */
export function writeMessage(to: Writer, message: Message): void {
  to.u8(TAGS[message.type]);
  writeFields(to, message);
}

export function decodeMessage(bytes: Uint8Array): Message | null {
  const reader = createReader(bytes);
  const message = readFields(reader, reader.u8());
  return message === null ? null : reader.finish(message);
}

function writeFields(w: Writer, m: Message): void {
  switch (m.type) {
    case 'pre-prepare':
      return writePrePrepare(w, m);
    case 'prepare':
    case 'commit':
      w.u53(m.view);
      w.u53(m.slot);
      return w.fixed(m.history);
    case 'checkpoint':
      return writeCheckpoint(w, m);
    case 'stable':
      return w.list(m.certificate, (item) => writeCheckpoint(w, item));
    case 'view-change':
      return writeViewChange(w, m);
    case 'new-view':
      return writeNewView(w, m);
    case 'status':
      w.u53(m.view);
      w.u53(m.changingTo);
      w.u53(m.stable);
      w.u53(m.accepted);
      w.u53(m.prepared);
      return w.u53(m.committed);
    case 'request':
      return writeRequest(w, m.request);
    case 'fetch-batch':
      w.u53(m.slot);
      return w.fixed(m.digest);
    case 'batch':
      w.u53(m.slot);
      writeBatch(w, m.batch);
      return w.list(m.requests, (request) => writeRequest(w, request));
    case 'fetch-manifest':
      return w.u53(m.slot);
    case 'manifest':
      w.u53(m.slot);
      w.fixed(m.roots.core);
      w.fixed(m.roots.service);
      w.list(m.parts.core, (item) => w.fixed(item));
      return w.list(m.parts.service, (item) => w.fixed(item));
    case 'fetch-part':
      w.u53(m.slot);
      return w.u32(m.part);
    case 'part':
      w.u53(m.slot);
      w.u32(m.part);
      return w.bytes(m.bytes);
    case 'reply':
      w.u16(m.domain);
      w.u53(m.client);
      w.u53(m.seq);
      w.u53(m.slot);
      return w.bytes(m.reply);
    default:
      return unreachable(m);
  }
}

function readFields(r: Reader, tag: number): Message | null {
  switch (tag) {
    case TAGS['pre-prepare']:
      return readPrePrepare(r);
    case TAGS.prepare:
      return { type: 'prepare', view: r.u53(), slot: r.u53(), history: digest(r) };
    case TAGS.commit:
      return { type: 'commit', view: r.u53(), slot: r.u53(), history: digest(r) };
    case TAGS.checkpoint:
      return readCheckpoint(r);
    case TAGS.stable:
      return { type: 'stable', certificate: readCertificate(r) };
    case TAGS['view-change']:
      return readViewChange(r);
    case TAGS['new-view']:
      return readNewView(r);
    case TAGS.status:
      return {
        type: 'status',
        view: r.u53(),
        changingTo: r.u53(),
        stable: r.u53(),
        accepted: r.u53(),
        prepared: r.u53(),
        committed: r.u53(),
      };
    case TAGS.request:
      return { type: 'request', request: readRequest(r) };
    case TAGS['fetch-batch']:
      return { type: 'fetch-batch', slot: r.u53(), digest: digest(r) };
    case TAGS.batch:
      return {
        type: 'batch',
        slot: r.u53(),
        batch: readBatch(r),
        requests: r.list(MAX_BATCH_REQUESTS, 26 + 4 + SIGNATURE_BYTES, () => readRequest(r)),
      };
    case TAGS['fetch-manifest']:
      return { type: 'fetch-manifest', slot: r.u53() };
    case TAGS.manifest:
      return {
        type: 'manifest',
        slot: r.u53(),
        roots: { core: digest(r), service: digest(r) },
        parts: { core: digests(r), service: digests(r) },
      };
    case TAGS['fetch-part']:
      return { type: 'fetch-part', slot: r.u53(), part: r.u32() };
    case TAGS.part:
      return { type: 'part', slot: r.u53(), part: r.u32(), bytes: r.bytes(MAX_PART_BYTES) };
    case TAGS.reply:
      return {
        type: 'reply',
        domain: r.u16(),
        client: r.u53(),
        seq: r.u53(),
        slot: r.u53(),
        reply: compact(r.view(MAX_REQUEST_BYTES)),
      };
    default:
      return null;
  }
}

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);
const digests = (r: Reader): Digest[] => r.list(MAX_PARTS, DIGEST_BYTES, () => digest(r));

function writePrePrepare(w: Writer, m: PrePrepare): void {
  w.u53(m.view);
  w.u53(m.slot);
  w.fixed(m.history);
  w.u53(m.incarnation);
  writeBatch(w, m.batch);
  w.fixed(m.signature);
}

function readPrePrepare(r: Reader): PrePrepare {
  return {
    type: 'pre-prepare',
    view: r.u53(),
    slot: r.u53(),
    history: digest(r),
    incarnation: r.u53(),
    batch: readBatch(r),
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

export function writeCheckpoint(w: Writer, m: Checkpoint): void {
  w.u53(m.slot);
  w.fixed(m.history);
  w.fixed(m.state);
  w.u16(m.sender);
  w.u53(m.incarnation);
  w.fixed(m.signature);
}

const CHECKPOINT_BYTES = 8 + 2 * DIGEST_BYTES + 2 + 8 + SIGNATURE_BYTES;

function readCheckpoint(r: Reader): Checkpoint {
  return {
    type: 'checkpoint',
    slot: r.u53(),
    history: digest(r),
    state: digest(r),
    sender: r.u16(),
    incarnation: r.u53(),
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

export function readCertificate(r: Reader): Checkpoint[] {
  const items = r.list(MAX_MEMBERS, CHECKPOINT_BYTES, () => readCheckpoint(r));
  if (!ascends(items, (item) => item.sender)) r.fail();
  return items;
}

/** The part of a VIEW-CHANGE that its signature covers. */
export function writeViewChangeBody(w: Writer, m: Omit<ViewChange, 'signature' | 'type'>): void {
  w.u53(m.view);
  w.u16(m.sender);
  w.u53(m.incarnation);
  w.list(m.stable, (item) => writeCheckpoint(w, item));
  w.list(m.claims, (claim) => {
    w.u53(claim.slot);
    w.list(claim.prepared === null ? [] : [claim.prepared], (vouch) => writeVouch(w, vouch));
    w.list(claim.accepted, (vouch) => writeVouch(w, vouch));
  });
}

function writeViewChange(w: Writer, m: ViewChange): void {
  writeViewChangeBody(w, m);
  w.fixed(m.signature);
}

function readViewChange(r: Reader): ViewChange {
  const view = r.u53();
  const sender = r.u16();
  const incarnation = r.u53();
  const stable = readCertificate(r);
  const claims = r.list(MAX_CLAIMS, 16, () => readClaim(r));
  if (!ascends(claims, (claim) => claim.slot)) r.fail();
  return {
    type: 'view-change',
    view,
    sender,
    incarnation,
    stable,
    claims,
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

function writeVouch(w: Writer, vouch: Vouch): void {
  w.u53(vouch.view);
  w.fixed(vouch.digest);
}

const readVouch = (r: Reader): Vouch => ({ view: r.u53(), digest: digest(r) });

function readClaim(r: Reader): SlotClaim {
  const slot = r.u53();
  const prepared = r.list(1, 8 + DIGEST_BYTES, () => readVouch(r))[0] ?? null;
  const accepted = r.list(MAX_ACCEPTED, 8 + DIGEST_BYTES, () => readVouch(r));
  if (!ascends(accepted, (vouch) => -vouch.view)) r.fail();
  return { slot, prepared, accepted };
}

/** The part of a NEW-VIEW that its signature covers. */
export function writeNewViewBody(w: Writer, m: Omit<NewView, 'signature' | 'type'>): void {
  w.u53(m.view);
  w.u53(m.incarnation);
  w.list(m.changes, (change) => writeViewChange(w, change));
}

function writeNewView(w: Writer, m: NewView): void {
  writeNewViewBody(w, m);
  w.fixed(m.signature);
}

function readNewView(r: Reader): NewView {
  const view = r.u53();
  const incarnation = r.u53();
  const changes = r.list(MAX_MEMBERS, 90, () => readViewChange(r));
  if (!ascends(changes, (change) => change.sender)) r.fail();
  return { type: 'new-view', view, incarnation, changes, signature: r.fixed(SIGNATURE_BYTES) };
}

/** True if the keys grow strictly: the one order in which a set may be written. */
function ascends<T>(items: readonly T[], key: (item: T) => number): boolean {
  for (let i = 1; i < items.length; i++) if (key(items[i - 1] as T) >= key(items[i] as T)) return false;
  return true;
}
