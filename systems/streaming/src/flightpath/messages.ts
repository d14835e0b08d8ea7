/**
 * What a FlightPath peer says and hears: the common messages, those of the tracker, and its own introduction. On the wire the kinds of
 * the tracker stand behind a byte that no common message begins with.
 *
 *   64 | u8 type ...              of tracker/messages.ts
 *   65 | ticket | u32 taken       introduce
 */

import { type MessageCodec, unreachable } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import type { StreamConfig } from '../config.ts';
import { readTicket, type SignedTicket, writeTicket } from '../membership/ticket.ts';
import { createMessageCodec } from '../messages/codec.ts';
import type { StreamMessage } from '../messages/messages.ts';
import {
  readTrackerMessage,
  type TrackerMessage,
  ticketBytes,
  trackerMessageBytes,
  writeTrackerMessage,
} from '../tracker/messages.ts';

/** Shows whom the list does not have that its sender is a member, and how many places it knows to be taken. */
export interface Introduce {
  readonly kind: 'introduce';
  readonly ticket: SignedTicket;
  readonly taken: number;
}

export type MembershipMessage = TrackerMessage | Introduce;
export type FlightMessage = StreamMessage | MembershipMessage;

const TRACKER = 64;
const INTRODUCE = 65;

export function isMembership(message: FlightMessage): message is MembershipMessage {
  switch (message.kind) {
    case 'join':
    case 'welcome':
    case 'refused':
    case 'ping':
    case 'pong':
    case 'epoch-ask':
    case 'epoch':
    case 'page-ask':
    case 'page':
    case 'delta':
    case 'leave':
    case 'removals':
    case 'introduce':
      return true;
    case 'reserve':
    case 'accept':
    case 'busy':
    case 'reveal':
    case 'push-offer':
    case 'push-want':
    case 'briefcase':
    case 'key-ask':
    case 'key':
    case 'seed':
    case 'clock-ask':
    case 'beacon':
    case 'evictions':
    case 'audit-ask':
    case 'audit-answer':
      return false;
    default:
      return unreachable(message);
  }
}

/** Bytes that the codec makes of a message of membership. */
export const membershipBytes = (message: MembershipMessage): number =>
  message.kind === 'introduce' ? 1 + ticketBytes(message.ticket) + 4 : 1 + trackerMessageBytes(message);

function encodeMembership(message: MembershipMessage): Uint8Array {
  const writer = createWriter();
  if (message.kind === 'introduce') {
    writer.u8(INTRODUCE);
    writeTicket(writer, message.ticket);
    writer.u32(message.taken);
  } else {
    writer.u8(TRACKER);
    writeTrackerMessage(writer, message);
  }
  return writer.finish();
}

function decodeMembership(bytes: Uint8Array): MembershipMessage | null {
  const reader = createReader(bytes);
  if (reader.u8() === TRACKER) return reader.finish(readTrackerMessage(reader));
  return reader.finish({ kind: 'introduce', ticket: readTicket(reader), taken: reader.u32() });
}

export function createFlightCodec(config: StreamConfig): MessageCodec<FlightMessage> {
  const common = createMessageCodec(config);
  return {
    encode: (message) => (isMembership(message) ? encodeMembership(message) : common.encode(message)),
    decode: (bytes) =>
      bytes[0] === TRACKER || bytes[0] === INTRODUCE ? decodeMembership(bytes) : common.decode(bytes),
  };
}
