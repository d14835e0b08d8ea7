/**
 * Joining: a stranger calls the tracker's port for joins, says one JOIN and hears a WELCOME or why not. Only then does it have an
 * id, by which peers and the tracker call each other on links. TLS on both ends: the tracker's key is pinned by the invite, and
 * the newcomer's by the address that it asks to be listed with, so nobody is listed with the contact of another.
 */

import { connect, type TLSSocket } from 'node:tls';
import type { MessageCodec } from '@concordat/kernel';
import {
  createLengthSplitter,
  type Framing,
  type PeerAddress,
  pinOf,
  type Splitter,
  type TlsIdentity,
} from '@concordat/runtime';
import type { FlightMessage } from '../../flightpath/messages.ts';
import type { Join, Refused, Welcome } from '../../tracker/messages.ts';
import { StreamError } from '../errors.ts';
import { parseContact } from './contact.ts';

/** Changes whenever frames do. */
export const JOIN_PROTOCOL = 'concordat-stream-join/1';
/** A JOIN with its certificate, or a WELCOME with its helpers. */
const MAX_FRAME_BYTES = 16 * 1024;
const LENGTH_BYTES = 4;

type Codec = MessageCodec<FlightMessage>;

function frame(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + bytes.length);
  new DataView(framed.buffer).setUint32(0, bytes.length);
  framed.set(bytes, LENGTH_BYTES);
  return framed;
}

/** Decoded frames that `admits`; the first other one is a violation. */
function splitterOf(codec: Codec, admits: (message: FlightMessage) => boolean): Splitter<FlightMessage> {
  const splitter = createLengthSplitter(MAX_FRAME_BYTES);
  return {
    push: (chunk, emit) => {
      let isSound = true;
      const isFramed = splitter.push(chunk, (bytes) => {
        const message = isSound ? codec.decode(bytes) : null;
        if (message === null || !admits(message)) isSound = false;
        else emit(message);
      });
      return isFramed && isSound;
    },
  };
}

/** At the tracker: nothing but JOINs of whoever has the key that it asks to be listed with. */
export const joinFraming = (codec: Codec): Framing<FlightMessage> => ({
  maxFrameBytes: MAX_FRAME_BYTES,
  encode: (message) => frame(codec.encode(message)),
  createSplitter: (pin) =>
    splitterOf(codec, (message) => message.kind === 'join' && parseContact(message.address)?.pin === pin),
});

export interface JoinCall {
  readonly tracker: PeerAddress;
  readonly tls: TlsIdentity;
  readonly codec: Codec;
  readonly join: Join;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const isAnswer = (message: FlightMessage): message is Welcome | Refused =>
  message.kind === 'welcome' || message.kind === 'refused';

/** Rejects with `tracker-unreachable` if no answer comes, and with `aborted`. */
export function askToJoin(call: JoinCall): Promise<Welcome | Refused> {
  const { tracker, tls, codec, join, timeoutMs, signal } = call;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: tracker.host,
      port: tracker.port,
      key: tls.key,
      cert: tls.cert,
      minVersion: 'TLSv1.3',
      // The pin decides, not an authority.
      rejectUnauthorized: false,
      ALPNProtocols: [JOIN_PROTOCOL],
    });
    const end = (settle: () => void): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const fail = (why: string): void =>
      end(() =>
        reject(
          new StreamError(
            'tracker-unreachable',
            `the tracker at ${tracker.host}:${tracker.port} did not let us join: ${why}`,
          ),
        ),
      );
    const onAbort = (): void => end(() => reject(new StreamError('aborted', 'joining was called off')));
    const deadline = setTimeout(() => fail(`no answer in ${timeoutMs} ms`), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) return onAbort();
    const splitter = splitterOf(codec, isAnswer);
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('it hung up'));
    socket.on('secureConnect', () => {
      if (!isTracker(socket, tracker.pin)) return fail('its key is not the one of the invite');
      socket.write(frame(codec.encode(join)));
    });
    socket.on('data', (chunk: Buffer) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      const answers: (Welcome | Refused)[] = [];
      const isSound = splitter.push(bytes, (message) => {
        if (isAnswer(message)) answers.push(message);
      });
      const [answer] = answers;
      if (answer !== undefined) end(() => resolve(answer));
      else if (!isSound) fail('its answer is malformed');
    });
  });
}

function isTracker(socket: TLSSocket, pin: string): boolean {
  const certificate = socket.getPeerX509Certificate();
  return socket.alpnProtocol === JOIN_PROTOCOL && certificate !== undefined && pinOf(certificate.raw) === pin;
}
