/**
 * In the swarm members and clients share one world, so one codec carries what each says: a first byte tells client
 * frames from the messages of members, which keep the form that they have on real links.
 */

import type { MessageCodec } from '@concordat/kernel';
import { type DomainMessage, domainCodec } from '../domain/domain.ts';

const MEMBERS = 0;
const CLIENTS = 1;

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + bytes.length);
  whole[0] = tag;
  whole.set(bytes, 1);
  return whole;
}

/** Four-letter words and their answers are not part of the swarm. */
export const swarmCodec: MessageCodec<DomainMessage> = {
  encode: (message) =>
    message.type === 'client-frame'
      ? tagged(CLIENTS, message.bytes)
      : tagged(MEMBERS, domainCodec.encode(message)),
  decode: (bytes) => {
    if (bytes[0] === CLIENTS) return { type: 'client-frame', bytes: bytes.slice(1) };
    return bytes[0] === MEMBERS ? domainCodec.decode(bytes.subarray(1)) : null;
  },
};
