/**
 * What waits to leave to one peer: for a link, or for its turn under the cap. Whole frames, first-in first-out, bounded
 * in bytes and in time: the oldest are dropped first, but one that has begun to leave must end, or the stream breaks.
 */

interface Waiting {
  readonly block: Uint8Array;
  readonly messages: number;
  readonly since: number;
}

export interface Outgoing {
  /** Messages that are dropped for it. */
  push(block: Uint8Array, messages: number, now: number): number;
  /** Drops what waits since before `then`; returns how many messages that were. */
  expire(then: number): number;
  /** The next piece, of at most `maxBytes`; null if there is none. */
  peek(maxBytes: number): Uint8Array | null;
  /** The piece that `peek` showed has left. */
  took(piece: Uint8Array): void;
  /** Drops everything; returns how many messages that were. A frame that had begun is lost. */
  clear(): number;
  readonly isEmpty: boolean;
  /** What is next carries messages. */
  readonly isSaying: boolean;
  /** A frame has left in part. */
  readonly isAmidFrame: boolean;
  readonly bytes: number;
}

export function createOutgoing(maxBytes: number): Outgoing {
  let waiting: Waiting[] = [];
  /** How much of the first has left. */
  let leftBytes = 0;
  let bytes = 0;

  /** Drops frames while `goes`, the oldest first, and never one that has begun to leave. */
  const drop = (goes: (frame: Waiting) => boolean): number => {
    const from = leftBytes > 0 ? 1 : 0;
    let messages = 0;
    let to = from;
    for (; to < waiting.length; to++) {
      const frame = waiting[to] as Waiting;
      if (!goes(frame)) break;
      bytes -= frame.block.length;
      messages += frame.messages;
    }
    if (to > from) waiting.splice(from, to - from);
    return messages;
  };
  return {
    push: (block, messages, since) => {
      waiting.push({ block, messages, since });
      bytes += block.length;
      return drop(() => bytes > maxBytes);
    },
    expire: (then) => drop(({ since }) => since < then),
    peek: (pieceBytes) => {
      const first = waiting[0];
      return first === undefined ? null : first.block.subarray(leftBytes, leftBytes + pieceBytes);
    },
    took: (piece) => {
      const first = waiting[0];
      if (first === undefined) return;
      leftBytes += piece.length;
      bytes -= piece.length;
      if (leftBytes < first.block.length) return;
      waiting.shift();
      leftBytes = 0;
    },
    clear: () => {
      const messages = waiting.reduce((sum, frame) => sum + frame.messages, 0);
      waiting = [];
      leftBytes = 0;
      bytes = 0;
      return messages;
    },
    get isEmpty() {
      return waiting.length === 0;
    },
    get isSaying() {
      return (waiting[0]?.messages ?? 0) > 0;
    },
    get isAmidFrame() {
      return leftBytes > 0;
    },
    get bytes() {
      return bytes;
    },
  };
}
