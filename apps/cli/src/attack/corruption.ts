/**
 * Damage to everything that others take from this domain: answers to its own clients, who cannot know better, and log
 * contents, snapshot parts and manifests, which other members check against digests.
 */

import type { DomainMessage } from '../domain/domain.ts';

/** Where the result of an answer to a client begins, after header and a length; wrong but well-formed from there. */
const RESULT_AT = 20;
const HEADER_BYTES = 16;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

const flippedFirst = (digests: readonly Uint8Array[]): Uint8Array[] =>
  digests.map((digest, i) => (i === 0 ? flipped(digest, 0) : digest));

/** A successful answer to a request, with one bit of its result changed. Handshakes, pings and events stay. */
function corruptFrame(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= RESULT_AT) return bytes;
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const isResult = header.getInt32(0) > 0 && header.getInt32(12) === 0;
  return isResult ? flipped(bytes, RESULT_AT) : bytes;
}

export function corruptMessage(message: DomainMessage): DomainMessage {
  switch (message.type) {
    case 'client-frame':
      return { ...message, bytes: corruptFrame(message.bytes) };
    case 'batch': {
      const [first, ...rest] = message.requests;
      if (first === undefined)
        return { ...message, batch: { ...message.batch, time: message.batch.time + 1 } };
      return {
        ...message,
        requests: [{ ...first, body: flipped(first.body, first.body.length - 1) }, ...rest],
      };
    }
    case 'part':
      return { ...message, bytes: flipped(message.bytes, message.bytes.length >>> 1) };
    case 'manifest': {
      const { core, service } = message.parts;
      return { ...message, parts: { core: flippedFirst(core), service: flippedFirst(service) } };
    }
    default:
      return message;
  }
}
