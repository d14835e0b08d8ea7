/**
 * Bytes of the messages of replicas: one tag byte, then the fields in the order of their declaration, big-endian.
 *
 *   slot, view, client, seq   u53 in 8 bytes        digest     32 bytes
 *   sender, domain            u16                   signature  64 bytes
 *   lists                     u32 count, items      bytes      u32 length, bytes
 *
 * Decoding accepts exactly what encoding makes: order inside lists is part of the form.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import { type Digest, MAX_OPERATION_BYTES, MAX_REQUEST_BYTES, unreachable } from '@concordat/kernel';
import { compact, createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { isAdmissionMessage, readAdmissionMessage, writeAdmissionMessage } from '../admission/codec.ts';
import type { AdmissionMessage } from '../admission/messages.ts';
import { readFullBatch, writeFullBatch } from '../batch.ts';
import { readPartDigests, readRoots, writePartDigests, writeRoots } from '../execution/roots.ts';
import { FEED_TAGS, isFeedMessage, readFeedMessage, writeFeedMessage } from '../executor/codec.ts';
import { LINK_BYTES, MAX_LINKS, readLink, writeLink } from '../governance/link.ts';
import { readRequest, writeRequest } from '../request.ts';
import {
  MAX_PROOF_BYTES,
  readAnswer,
  readClientCertificate,
  readSpecResponse,
  writeAnswer,
  writeClientCertificate,
  writeSpecResponse,
} from './client-codec.ts';
import type { ClientMessage } from './client-messages.ts';
import type { Message } from './messages.ts';
import {
  readAcknowledge,
  readCertificate,
  readCheckpoint,
  readNewView,
  readPrePrepare,
  readViewChange,
  writeAcknowledge,
  writeCertificate,
  writeCheckpoint,
  writeNewView,
  writePrePrepare,
  writeViewChange,
} from './signed-codec.ts';

/** A part may hold one entry of maximal size beyond its target. */
const MAX_PART_BYTES = 2 * MAX_OPERATION_BYTES;

type OrderMessage = Exclude<Message, AdmissionMessage>;

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
  acknowledge: 17,
  'spec-response': 18,
  'commit-certificate': 19,
  'local-commit': 20,
  accusation: 21,
  read: 22,
  answer: 23,
  chain: 24,
  'fetch-chain': 25,
  ...FEED_TAGS,
} as const satisfies Record<OrderMessage['type'], number>;

const writer = createWriter(64 * 1024);

export function encodeMessage(message: Message): Uint8Array {
  writeMessage(writer, message);
  return writer.finish();
}

/** For whoever puts messages into frames of their own. */
export function writeMessage(to: Writer, message: Message): void {
  if (isAdmissionMessage(message)) return writeAdmissionMessage(to, message);
  to.u8(TAGS[message.type]);
  writeFields(to, message);
}

export function decodeMessage(bytes: Uint8Array): Message | null {
  const reader = createReader(bytes);
  const message = readFields(reader, reader.u8());
  return message === null ? null : reader.finish(message);
}

function writeFields(w: Writer, m: OrderMessage): void {
  switch (m.type) {
    case 'pre-prepare':
      return writePrePrepare(w, m);
    case 'prepare':
    case 'commit':
      w.u53(m.view);
      w.u53(m.slot);
      return w.fixed(m.history);
    case 'acknowledge':
      return writeAcknowledge(w, m);
    case 'checkpoint':
      return writeCheckpoint(w, m);
    case 'stable':
      return writeCertificate(w, m.certificate);
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
      w.u53(m.committed);
      return w.bool(m.wishes);
    case 'fetch-batch':
      w.u53(m.slot);
      return w.fixed(m.digest);
    case 'batch':
      w.u53(m.slot);
      return writeFullBatch(w, m);
    case 'fetch-manifest':
      return w.u53(m.slot);
    case 'manifest':
      w.u53(m.slot);
      writeRoots(w, m.roots);
      return writePartDigests(w, m.parts);
    case 'fetch-part':
      w.u53(m.slot);
      return w.u32(m.part);
    case 'part':
      w.u53(m.slot);
      w.u32(m.part);
      return w.bytes(m.bytes);
    default:
      return isFeedMessage(m) ? writeFeedMessage(w, m) : writeClientFields(w, m);
  }
}

function writeClientFields(w: Writer, m: ClientMessage): void {
  switch (m.type) {
    case 'request':
      return writeRequest(w, m.request);
    case 'reply':
      w.u16(m.domain);
      w.u53(m.client);
      w.u53(m.seq);
      w.u53(m.slot);
      return w.bytes(m.reply);
    case 'spec-response':
      return writeSpecResponse(w, m);
    case 'commit-certificate':
      return writeClientCertificate(w, m);
    case 'accusation':
      return w.bytes(m.proof);
    case 'read':
      w.u53(m.epoch);
      w.u53(m.id);
      w.bool(m.isWhole);
      return w.bytes(m.query);
    case 'answer':
      return writeAnswer(w, m);
    case 'chain':
      return w.list(m.links, (link) => writeLink(w, link));
    case 'fetch-chain':
      return w.u53(m.epoch);
    case 'local-commit':
      w.u53(m.view);
      w.u53(m.slot);
      return w.fixed(m.history);
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
    case TAGS.acknowledge:
      return readAcknowledge(r);
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
        wishes: r.bool(),
      };
    case TAGS['fetch-batch']:
      return { type: 'fetch-batch', slot: r.u53(), digest: digest(r) };
    case TAGS.batch:
      return {
        type: 'batch',
        slot: r.u53(),
        ...readFullBatch(r),
      };
    case TAGS['fetch-manifest']:
      return { type: 'fetch-manifest', slot: r.u53() };
    case TAGS.manifest:
      return {
        type: 'manifest',
        slot: r.u53(),
        roots: readRoots(r),
        parts: readPartDigests(r),
      };
    case TAGS['fetch-part']:
      return { type: 'fetch-part', slot: r.u53(), part: r.u32() };
    case TAGS.part:
      return { type: 'part', slot: r.u53(), part: r.u32(), bytes: r.bytes(MAX_PART_BYTES) };
    default:
      return readClientFields(r, tag);
  }
}

function readClientFields(r: Reader, tag: number): Message | null {
  switch (tag) {
    case TAGS.request:
      return { type: 'request', request: readRequest(r) };
    case TAGS.reply:
      return {
        type: 'reply',
        domain: r.u16(),
        client: r.u53(),
        seq: r.u53(),
        slot: r.u53(),
        reply: compact(r.view(MAX_REQUEST_BYTES)),
      };
    case TAGS['spec-response']:
      return readSpecResponse(r);
    case TAGS['commit-certificate']:
      return readClientCertificate(r);
    case TAGS['local-commit']:
      return { type: 'local-commit', view: r.u53(), slot: r.u53(), history: digest(r) };
    case TAGS.accusation:
      return { type: 'accusation', proof: r.bytes(MAX_PROOF_BYTES) };
    case TAGS.read:
      return {
        type: 'read',
        epoch: r.u53(),
        id: r.u53(),
        isWhole: r.bool(),
        query: r.bytes(MAX_REQUEST_BYTES),
      };
    case TAGS.answer:
      return readAnswer(r);
    case TAGS.chain:
      return { type: 'chain', links: r.list(MAX_LINKS, LINK_BYTES, () => readLink(r)) };
    case TAGS['fetch-chain']:
      return { type: 'fetch-chain', epoch: r.u53() };
    default:
      return readFeedMessage(r, tag) ?? readAdmissionMessage(r, tag);
  }
}

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);
