/**
 * Bytes of the request quorum's messages, in the form of `../replica/codec.ts`. A request travels without a signature:
 *
 *   content   domain u16 | client, seq, acked u53 | u32 length, body
 *   inline    u8 0, or u8 1 | acked u53 | u32 length, body
 *   adopt     reference | inline
 *   row       u8 filter node | u32 length, tags of 16 bytes; rows by ascending filter node
 */

import { DIGEST_BYTES, MAC_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { MAX_MEMBERS, MAX_REQUEST_BYTES, unreachable } from '@concordat/kernel';
import { compact, type Reader, type Writer } from '@concordat/wire';
import { MAX_BATCH_REQUESTS } from '../batch.ts';
import type { Message } from '../replica/messages.ts';
import { REQUEST_REF_BYTES, type Request, readRef, writeRef } from '../request.ts';
import type { RequestMark } from './admission.ts';
import type { AdmissionMessage, Inline, Row, Voucher } from './messages.ts';

/** Bodies shorter than this travel with their references (UpRight). */
export const INLINE_BYTES = 4 * DIGEST_BYTES;

/** Matrices in one message: the largest fit into a frame. */
export const MAX_VOUCHERS = 128;

/** In the place of a signature that nobody made. */
export const UNSIGNED = new Uint8Array(SIGNATURE_BYTES);

const TAGS = {
  'filter-request': 32,
  entry: 33,
  vouchers: 34,
  adopt: 35,
  'fetch-body': 36,
  body: 37,
  'body-denied': 38,
  completed: 39,
  'await-replies': 40,
  'await-completed': 41,
} as const satisfies Record<AdmissionMessage['type'], number>;

export const isAdmissionMessage = (m: Message): m is AdmissionMessage => Object.hasOwn(TAGS, m.type);

export function writeAdmissionMessage(w: Writer, m: AdmissionMessage): void {
  w.u8(TAGS[m.type]);
  switch (m.type) {
    case 'filter-request':
      writeContent(w, m.request);
      return w.fixed(m.mac);
    case 'entry':
      writeRef(w, m.ref);
      writeInline(w, m.inline);
      w.u32(m.bodyBytes);
      return w.bytes(m.row);
    case 'vouchers':
      w.bool(m.isUrgent);
      return w.list(m.vouchers, (voucher) => writeVoucher(w, voucher));
    case 'adopt':
      writeRef(w, m.ref);
      return writeInline(w, m.content);
    case 'body':
      return writeContent(w, m.request);
    case 'fetch-body':
    case 'body-denied':
      return writeRef(w, m.ref);
    case 'completed':
      w.u53(m.view);
      return w.list(m.done, (mark) => writeMark(w, mark));
    case 'await-completed':
      return w.list(m.marks, (mark) => writeMark(w, mark));
    case 'await-replies':
      writeMark(w, m);
      return w.fixed(m.mac);
    default:
      return unreachable(m);
  }
}

/** The fields of the message with this tag; null if there is none. */
export function readAdmissionMessage(r: Reader, tag: number): AdmissionMessage | null {
  switch (tag) {
    case TAGS['filter-request']:
      return { type: 'filter-request', request: readContent(r), mac: r.fixed(MAC_BYTES) };
    case TAGS.entry:
      return { type: 'entry', ref: readRef(r), inline: readInline(r), bodyBytes: r.u32(), row: readTags(r) };
    case TAGS.vouchers:
      return {
        type: 'vouchers',
        isUrgent: r.bool(),
        vouchers: r.list(MAX_VOUCHERS, REQUEST_REF_BYTES, () => readVoucher(r)),
      };
    case TAGS.adopt:
      return { type: 'adopt', ref: readRef(r), content: readInline(r) };
    case TAGS.body:
      return { type: 'body', request: readContent(r) };
    case TAGS['fetch-body']:
      return { type: 'fetch-body', ref: readRef(r) };
    case TAGS['body-denied']:
      return { type: 'body-denied', ref: readRef(r) };
    case TAGS.completed:
      return { type: 'completed', view: r.u53(), done: readMarks(r) };
    case TAGS['await-completed']:
      return { type: 'await-completed', marks: readMarks(r) };
    case TAGS['await-replies']:
      return { type: 'await-replies', ...readMark(r), mac: r.fixed(MAC_BYTES) };
    default:
      return null;
  }
}

export function writeContent(w: Writer, request: Request): void {
  writeMark(w, request);
  w.u53(request.acked);
  w.bytes(request.body);
}

export const readContent = (r: Reader): Request => ({
  ...readMark(r),
  acked: r.u53(),
  body: compact(r.view(MAX_REQUEST_BYTES)),
  signature: UNSIGNED,
});

function writeMark(w: Writer, { domain, client, seq }: RequestMark): void {
  w.u16(domain);
  w.u53(client);
  w.u53(seq);
}

const readMark = (r: Reader): RequestMark => ({ domain: r.u16(), client: r.u53(), seq: r.u53() });

const readMarks = (r: Reader): RequestMark[] => r.list(MAX_BATCH_REQUESTS, 18, () => readMark(r));

function writeInline(w: Writer, inline: Inline | null): void {
  w.bool(inline !== null);
  if (inline === null) return;
  w.u53(inline.acked);
  w.bytes(inline.body);
}

const readInline = (r: Reader): Inline | null =>
  r.bool() ? { acked: r.u53(), body: compact(r.view(MAX_REQUEST_BYTES)) } : null;

const readTags = (r: Reader): Uint8Array => {
  const tags = r.bytes(MAX_MEMBERS * MAC_BYTES);
  if (tags.length % MAC_BYTES !== 0) r.fail();
  return tags;
};

function writeVoucher(w: Writer, { ref, inline, rows }: Voucher): void {
  writeRef(w, ref);
  writeInline(w, inline);
  w.list(rows, (row) => {
    w.u8(row.filter);
    w.bytes(row.tags);
  });
}

function readVoucher(r: Reader): Voucher {
  const ref = readRef(r);
  const inline = readInline(r);
  const rows: Row[] = r.list(MAX_MEMBERS, 5, () => ({ filter: r.u8(), tags: readTags(r) }));
  if (rows.some(({ filter }, i) => i > 0 && (rows[i - 1] as Row).filter >= filter)) r.fail();
  return { ref, inline, rows };
}
