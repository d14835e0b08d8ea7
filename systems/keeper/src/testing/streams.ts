/**
 * Streams of connections, as sockets are: what a connection sends while it is not read waits, in order, and what it does
 * not take of what it is sent is counted. For a gateway without sockets.
 */

import type { NodeId } from '@concordat/kernel';
import type { Flow } from '../gateway/load.ts';
import type { GatewayMessage } from '../gateway/message.ts';

export interface Streams {
  readonly flow: Flow;
  /** Connections that take nothing of what they are sent. */
  readonly lazy: Set<NodeId>;
  /** A message arrives: handed to `receive` at once, or once its connection is read again. */
  arrive(id: NodeId, message: GatewayMessage, receive: (message: GatewayMessage) => void): void;
  /** Lets a connection that is read again deliver what waits; false if there was none. */
  deliverNext(receive: (id: NodeId, message: GatewayMessage) => void): boolean;
  /** Messages that wait because their connection is not read. */
  waiting(id: NodeId): number;
  /** Counts what a connection was sent. */
  sent(id: NodeId, sizeBytes: number): void;
  /** A lazy connection takes so many bytes after all. */
  take(id: NodeId, sizeBytes: number): void;
  forget(id: NodeId): void;
}

interface Stream {
  isHeld: boolean;
  messages: GatewayMessage[];
  head: number;
  unread: number;
}

export function createStreams(): Streams {
  const streams = new Map<NodeId, Stream>();
  const lazy = new Set<NodeId>();
  const released = new Set<NodeId>();
  const streamOf = (id: NodeId): Stream => {
    let stream = streams.get(id);
    if (stream === undefined) {
      stream = { isHeld: false, messages: [], head: 0, unread: 0 };
      streams.set(id, stream);
    }
    return stream;
  };
  return {
    lazy,
    flow: {
      hold: (id, isHeld) => {
        streamOf(id).isHeld = isHeld;
        if (isHeld) released.delete(id);
        else released.add(id);
      },
      unread: (id) => streams.get(id)?.unread ?? 0,
    },
    arrive: (id, message, receive) => {
      const stream = streamOf(id);
      if (stream.isHeld || stream.head < stream.messages.length) stream.messages.push(message);
      else receive(message);
    },
    deliverNext: (receive) => {
      for (const id of released) {
        released.delete(id);
        const stream = streamOf(id);
        while (!stream.isHeld && stream.head < stream.messages.length)
          receive(id, stream.messages[stream.head++]!);
        if (stream.head === stream.messages.length) {
          stream.messages = [];
          stream.head = 0;
        }
        return true;
      }
      return false;
    },
    waiting: (id) => {
      const { messages, head } = streamOf(id);
      return messages.length - head;
    },
    sent: (id, sizeBytes) => {
      if (lazy.has(id)) streamOf(id).unread += sizeBytes;
    },
    take: (id, sizeBytes) => {
      const stream = streamOf(id);
      stream.unread = Math.max(0, stream.unread - sizeBytes);
    },
    forget: (id) => {
      streams.delete(id);
      released.delete(id);
    },
  };
}
