/** What a process sends to itself: through the codec like everything else, received in a later turn. */

import { assert, type MessageCodec, type NodeId } from '@concordat/kernel';
import type { Route } from './departures.ts';
import type { Source } from './inbox.ts';

export function createLoopback<M>(
  self: NodeId,
  codec: MessageCodec<M>,
  ready: (source: Source<M>) => void,
): Route {
  let inbox: Uint8Array[] = [];
  const source: Source<M> = {
    deliver: (sink) => {
      const delivered = inbox;
      inbox = [];
      let spent = 0;
      for (const bytes of delivered) {
        const message = codec.decode(bytes);
        assert(message !== null, 'the codec reads what it wrote');
        sink.message(self, message);
        spent += bytes.length;
      }
      return spent;
    },
    get isEmpty() {
      return inbox.length === 0;
    },
    isReady: false,
  };
  return {
    queue: (bytes) => {
      inbox.push(bytes);
    },
    flush: () => {
      if (inbox.length > 0) ready(source);
    },
    end: () => {},
    isTouched: false,
  };
}
