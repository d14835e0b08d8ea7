/**
 * What may pass between a replica and outside clients: requests of known domains one way, replies the other, each as a
 * u32 length and the message's canonical bytes. Everything else ends the connection: larger frames before they are
 * kept, other messages (a stranger has no vote), commands to replication, and domains that nobody has a key for, which
 * would cost a signature check to find false.
 */

import { MAX_REQUEST_BYTES } from '@concordat/kernel';
import { createLengthSplitter, type Framing } from '@concordat/runtime';
import { decodeMessage, encodeMessage } from '../../replica/codec.ts';
import type { Message, Reply, Submit } from '../../replica/messages.ts';
import { COMMAND_CLIENT } from '../../request.ts';

/** Of the TLS between a client and a replica: changes whenever frames do, and keeps the ports of members apart. */
export const CLIENT_PROTOCOL = 'concordat-client/1';

const LENGTH_BYTES = 4;
/** Tag, numbers, lengths and signature around the largest body. */
const OVERHEAD_BYTES = 1024;
export const MAX_CLIENT_FRAME_BYTES = MAX_REQUEST_BYTES + OVERHEAD_BYTES;

export function frameMessage(message: Message): Uint8Array {
  const bytes = encodeMessage(message);
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length);
  frame.set(bytes, LENGTH_BYTES);
  return frame;
}

/** Frames of one direction; `admit` tells which messages may come in. */
function framingOf<M extends Message>(admit: (message: Message) => M | null): Framing<M> {
  return {
    maxFrameBytes: MAX_CLIENT_FRAME_BYTES,
    encode: frameMessage,
    createSplitter: () => {
      const splitter = createLengthSplitter(MAX_CLIENT_FRAME_BYTES);
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

/** At the replica: requests of outside clients, whose domains are `first` to below `end`. */
export const replicaFraming = (first: number, end: number): Framing<Message> =>
  framingOf<Message>((message): Submit | null => {
    if (message.type !== 'request') return null;
    const { domain, client } = message.request;
    return domain >= first && domain < end && client !== COMMAND_CLIENT ? message : null;
  });

/** At the client: replies. */
export const clientFraming: Framing<Message> = framingOf<Message>((message): Reply | null =>
  message.type === 'reply' ? message : null,
);
