/**
 * What a FlightPath peer says and hears: the common messages and those of the tracker. On the wire the latter stand behind a byte that no
 * common message begins with.
 *
 *   64 | u8 type ...              of tracker/messages.ts
 */

import { type MessageCodec, unreachable } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import type { StreamConfig } from '../config.ts';
import { createMessageCodec } from '../messages/codec.ts';
import type { StreamMessage } from '../messages/messages.ts';
import {
  readTrackerMessage,
  type TrackerMessage,
  trackerMessageBytes,
  writeTrackerMessage,
} from '../tracker/messages.ts';

export type FlightMessage = StreamMessage | TrackerMessage;

const TRACKER = 64;

export function isMembership(message: FlightMessage): message is TrackerMessage {
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
export const membershipBytes = (message: TrackerMessage): number => 1 + trackerMessageBytes(message);

function encodeMembership(message: TrackerMessage): Uint8Array {
  const writer = createWriter();
  writer.u8(TRACKER);
  writeTrackerMessage(writer, message);
  return writer.finish();
}

function decodeMembership(bytes: Uint8Array): TrackerMessage | null {
  const reader = createReader(bytes);
  reader.u8();
  return reader.finish(readTrackerMessage(reader));
}

export function createFlightCodec(config: StreamConfig): MessageCodec<FlightMessage> {
  const common = createMessageCodec(config);
  return {
    encode: (message) => (isMembership(message) ? encodeMembership(message) : common.encode(message)),
    decode: (bytes) => (bytes[0] === TRACKER ? decodeMembership(bytes) : common.decode(bytes)),
  };
}
