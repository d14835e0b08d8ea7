/** Bytes of what passes between replicas and clients that are no members. */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { MAX_MEMBERS, MAX_REQUEST_BYTES } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';
import type { Answer, ClientCertificate, OrderStatement, SpecResponse } from './client-messages.ts';
import { ascends } from './signed-codec.ts';

/** A proof is two short statements. */
export const MAX_PROOF_BYTES = 4096;
/** Replies may be as long as requests. */
const MAX_REPLY_BYTES = MAX_REQUEST_BYTES;

export function writeSpecResponse(w: Writer, m: SpecResponse): void {
  w.u16(m.domain);
  w.u53(m.client);
  w.u53(m.seq);
  w.u53(m.view);
  w.u53(m.slot);
  w.fixed(m.history);
  w.fixed(m.result);
  writeOptional(w, m.reply);
  w.u53(m.incarnation);
  w.fixed(m.signature);
  w.list(m.order === null ? [] : [m.order], (order) => {
    w.u53(order.incarnation);
    w.fixed(order.batch);
    w.fixed(order.signature);
  });
}

export const readSpecResponse = (r: Reader): SpecResponse => ({
  type: 'spec-response',
  domain: r.u16(),
  client: r.u53(),
  seq: r.u53(),
  view: r.u53(),
  slot: r.u53(),
  history: r.fixed(DIGEST_BYTES),
  result: r.fixed(DIGEST_BYTES),
  reply: readOptional(r),
  incarnation: r.u53(),
  signature: r.fixed(SIGNATURE_BYTES),
  order: r.list(1, 8 + DIGEST_BYTES + SIGNATURE_BYTES, () => readOrder(r))[0] ?? null,
});

const readOrder = (r: Reader): OrderStatement => ({
  incarnation: r.u53(),
  batch: r.fixed(DIGEST_BYTES),
  signature: r.fixed(SIGNATURE_BYTES),
});

export function writeClientCertificate(w: Writer, m: ClientCertificate): void {
  w.u53(m.view);
  w.u53(m.slot);
  w.fixed(m.history);
  w.list(m.acknowledgements, (item) => {
    w.u16(item.sender);
    w.u53(item.incarnation);
    w.fixed(item.signature);
  });
}

export function readClientCertificate(r: Reader): ClientCertificate {
  const [view, slot, history] = [r.u53(), r.u53(), r.fixed(DIGEST_BYTES)];
  const acknowledgements = r.list(MAX_MEMBERS, 2 + 8 + SIGNATURE_BYTES, () => ({
    sender: r.u16(),
    incarnation: r.u53(),
    signature: r.fixed(SIGNATURE_BYTES),
  }));
  if (!ascends(acknowledgements, ({ sender }) => sender)) r.fail();
  return { type: 'commit-certificate', view, slot, history, acknowledgements };
}

export function writeAnswer(w: Writer, m: Answer): void {
  w.u53(m.id);
  w.fixed(m.result);
  writeOptional(w, m.answer);
}

export const readAnswer = (r: Reader): Answer => ({
  type: 'answer',
  id: r.u53(),
  result: r.fixed(DIGEST_BYTES),
  answer: readOptional(r),
});

function writeOptional(w: Writer, bytes: Uint8Array | null): void {
  w.bool(bytes !== null);
  if (bytes !== null) w.bytes(bytes);
}

const readOptional = (r: Reader): Uint8Array | null => (r.bool() ? r.bytes(MAX_REPLY_BYTES) : null);
