/**
 * What may pass between a replica and outside clients: requests of known domains, proofs and reads one way, answers the
 * other, each as a u32 length and the message's canonical bytes. Everything else ends the connection: larger frames before they are
 * kept, other messages (a stranger has no vote), commands to replication, and domains that nobody has a key for, which
 * would cost a signature check to find false.
 */

import { MAX_REQUEST_BYTES } from '@concordat/kernel';
import { createLengthSplitter, type Framing } from '@concordat/runtime';
import { createWriter } from '@concordat/wire';
import type { ClientMessage } from '../../replica/client-messages.ts';
import { decodeMessage, writeMessage } from '../../replica/codec.ts';
import type { Message } from '../../replica/messages.ts';
import { COMMAND_CLIENT } from '../../request.ts';

/** Of the TLS between a client and a replica: changes whenever frames do, and keeps the ports of members apart. */
export const CLIENT_PROTOCOL = 'concordat-client/2';

const LENGTH_BYTES = 4;
/** Tag, numbers, lengths and signature around the largest body. */
const OVERHEAD_BYTES = 1024;
export const MAX_CLIENT_FRAME_BYTES = MAX_REQUEST_BYTES + OVERHEAD_BYTES;

/** Shared: nothing here is re-entered. */
const writer = createWriter(64 * 1024);

export function frameMessage(message: Message): Uint8Array {
  writer.u32(0);
  writeMessage(writer, message);
  const frame = writer.finish();
  const length = frame.length - LENGTH_BYTES;
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, length);
  return frame;
}

/** Frames of one direction; what is made for each connection tells which messages may come in, and as what. */
export function framingOf<M extends Message>(
  createAdmit: (peer?: string) => (message: Message) => M | null,
): Framing<M> {
  return {
    maxFrameBytes: MAX_CLIENT_FRAME_BYTES,
    encode: frameMessage,
    createSplitter: (peer) => {
      const splitter = createLengthSplitter(MAX_CLIENT_FRAME_BYTES);
      const admit = createAdmit(peer);
      return {
        push: (chunk, emit) => {
          let isWellFormed = true;
          const isFramed = splitter.push(chunk, (frame) => {
            if (!isWellFormed) return;
            const decoded = decodeMessage(frame);
            const message = decoded === null ? null : admit(decoded);
            if (message === null) isWellFormed = false;
            else emit(message);
          });
          return isFramed && isWellFormed;
        },
      };
    },
  };
}

/**
 * At the replica: what outside clients may say, whose domains are `first` to below `end`; `pins` tells whose connection
 * vouches for its requests.
 */
export const replicaFraming = (
  first: number,
  end: number,
  pins: ReadonlyMap<string, number> = new Map(),
): Framing<Message> =>
  framingOf<Message>((peer = '') => (message): ClientMessage | null => {
    switch (message.type) {
      case 'request': {
        const { request } = message;
        const { domain, client } = request;
        if (domain < first || domain >= end || client === COMMAND_CLIENT) return null;
        return pins.get(peer) === domain ? { type: 'request', request, isVouched: true } : message;
      }
      case 'commit-certificate':
      case 'accusation':
      case 'read':
      case 'fetch-chain':
        return message;
      default:
        return null;
    }
  });

/** At the client: what replicas and executors may answer. */
export const clientFraming: Framing<Message> = framingOf<Message>(() => (message): Message | null => {
  switch (message.type) {
    case 'reply':
    case 'reply-digest':
    case 'spec-response':
    case 'local-commit':
    case 'answer':
    case 'chain':
      return message;
    default:
      return null;
  }
});
