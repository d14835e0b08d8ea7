/**
 * What peers and relays say. On a control link (TLS between a peer and a relay, greetings first), frames of a u32 length
 * and one message; an empty frame keeps the link alive:
 *
 *   u8 0 register                        peer to relay: I cannot be called; tell me who calls
 *   u8 1 registered                      relay to peer
 *   u8 2 reach    | u32 to               peer to relay: I call that peer
 *   u8 3 circuit  | u32 to | 16 token    relay to peer: come with this token
 *   u8 4 refused  | u32 to               relay to peer: it is not here, or there are too many circuits
 *   u8 5 called   | u32 from | 16 token  relay to a registered peer: somebody calls; come with this token
 *
 * A circuit's end is a TCP connection to the relay's port that begins with a preamble; all that follows is passed to the
 * other end as it is, and is TLS between the two peers:
 *
 *   u32 magic 'CCRC' | 16 token
 */

import type { NodeId } from '@concordat/kernel';
import { createReader, createWriter, type Reader } from '@concordat/wire';

export const TOKEN_BYTES = 16;
export const CONTROL_MAX_BYTES = 32;

const MAGIC = 0x43435243;
export const PREAMBLE_BYTES = 4 + TOKEN_BYTES;

export type ControlMessage =
  | { readonly kind: 'register' | 'registered' }
  | { readonly kind: 'reach' | 'refused'; readonly peer: NodeId }
  | { readonly kind: 'circuit' | 'called'; readonly peer: NodeId; readonly token: Uint8Array };

const KINDS = ['register', 'registered', 'reach', 'circuit', 'refused', 'called'] as const;

export function encodeControl(message: ControlMessage): Uint8Array {
  const writer = createWriter();
  writer.u8(KINDS.indexOf(message.kind));
  if ('peer' in message) writer.u32(message.peer);
  if ('token' in message) writer.fixed(message.token);
  return writer.finish();
}

export function decodeControl(bytes: Uint8Array): ControlMessage | null {
  const reader = createReader(bytes);
  const message = readControl(reader);
  return message === null ? null : reader.finish(message);
}

function readControl(reader: Reader): ControlMessage | null {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case undefined:
      return null;
    case 'register':
    case 'registered':
      return { kind };
    case 'reach':
    case 'refused':
      return { kind, peer: reader.u32() };
    case 'circuit':
    case 'called':
      return { kind, peer: reader.u32(), token: reader.fixed(TOKEN_BYTES) };
    default:
      return kind satisfies never;
  }
}

export function encodePreamble(token: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.u32(MAGIC);
  writer.fixed(token);
  return writer.finish();
}

/** The token of exactly a preamble, or null. */
export function decodePreamble(bytes: Uint8Array): Uint8Array | null {
  const reader = createReader(bytes);
  if (reader.u32() !== MAGIC) return null;
  const token = reader.fixed(TOKEN_BYTES);
  return reader.finish(token);
}
