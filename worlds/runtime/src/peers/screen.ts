/**
 * What a stranger at a peer's port wants is seen from its first bytes: TLS, for which this end must be able to upload its
 * half of the handshake, or the end of a circuit, where there is a relay.
 */

import type { Socket } from 'node:net';
import type { Stranger } from '../links/accept.ts';
import { decodePreamble, PREAMBLE_BYTES } from './relay/messages.ts';
import type { Relay } from './relay/relay.ts';
import { createTollGate, type Toll } from './toll.ts';
import type { Upload } from './upload.ts';

/** The first byte of a TLS record that begins a handshake; a preamble begins otherwise. */
const TLS_HANDSHAKE = 0x16;

export interface Screen {
  screen(stranger: Stranger, secure: () => void): void;
  /** What was paid for the handshake on this socket. */
  tollOf(raw: Socket): Toll;
  /** It is paid already: this end has made the connection. */
  paid(raw: Socket, toll: Toll): void;
}

export function createScreen(upload: Upload, relay: () => Relay | null): Screen {
  const tolls = new WeakMap<Socket, Toll>();
  const pay = createTollGate(upload);
  const paid = (raw: Socket, toll: Toll): void => {
    toll.spentOn(raw);
    tolls.set(raw, toll);
  };
  const admit = (raw: Socket, secure: () => void): void => {
    if (tolls.has(raw)) return secure();
    const toll = pay((given) => {
      paid(raw, given);
      secure();
    });
    raw.once('close', toll.cancel);
  };
  return {
    screen: (stranger, secure) => {
      const { raw } = stranger;
      const exchange = relay();
      if (exchange === null || tolls.has(raw)) admit(raw, secure);
      else peek(stranger, exchange, () => admit(raw, secure));
    },
    tollOf: (raw) => tolls.get(raw) ?? NOTHING,
    paid,
  };
}

/** Nothing to give back. */
const NOTHING: Toll = { spentOn: () => {}, done: () => {}, cancel: () => {} };

function peek(stranger: Stranger, relay: Relay, admit: () => void): void {
  const { raw } = stranger;
  let head: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    const piece: Buffer | null = raw.read();
    if (piece === null) return;
    head = Buffer.concat([head, piece]);
    const isTls = head[0] === TLS_HANDSHAKE;
    if (!isTls && head.length < PREAMBLE_BYTES) return;
    raw.off('readable', onReadable);
    const token = isTls ? null : decodePreamble(new Uint8Array(head.subarray(0, PREAMBLE_BYTES)));
    if (isTls) {
      raw.unshift(head);
      admit();
    } else if (token === null) stranger.refuse('malformed');
    else relay.meet(token, stranger, head.subarray(PREAMBLE_BYTES));
  };
  raw.on('readable', onReadable);
}
