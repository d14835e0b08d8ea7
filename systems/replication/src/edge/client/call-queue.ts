/**
 * Calls on their way through a protocol client: in order, at most a window of them under way, the others waiting here,
 * where they can still be withdrawn. An entry ends exactly once: withdrawn before it was sent, or replied to. One that
 * was sent and is no longer awaited stays under way: the protocol goes on until it is answered.
 */

export interface Entry {
  readonly body: Uint8Array;
  readonly replied: (reply: Uint8Array) => void;
  /** Its number in the protocol; null while it waits. */
  seq: number | null;
  isWithdrawn: boolean;
}

export interface CallQueue {
  /** Null when too many wait already. */
  add(body: Uint8Array, replied: (reply: Uint8Array) => void): Entry | null;
  /** True if it was not sent, and never will be. */
  withdraw(entry: Entry): boolean;
  /** Sends what the protocol takes; `send` returns a sequence number, or null when its window is full. */
  pump(send: (body: Uint8Array) => number | null): void;
  reply(seq: number, reply: Uint8Array): void;
  readonly hasWaiting: boolean;
}

/** Beyond this, a caller is told at once rather than served late. */
const MAX_WAITING = 65_536;

export function createCallQueue(): CallQueue {
  const underWay = new Map<number, Entry>();
  let waiting: Entry[] = [];
  let next = 0;
  return {
    add: (body, replied) => {
      if (waiting.length - next >= MAX_WAITING) return null;
      const entry: Entry = { body, replied, seq: null, isWithdrawn: false };
      waiting.push(entry);
      return entry;
    },
    withdraw: (entry) => {
      if (entry.seq !== null) return false;
      entry.isWithdrawn = true;
      return true;
    },
    pump: (send) => {
      for (; next < waiting.length; next++) {
        const entry = waiting[next] as Entry;
        if (entry.isWithdrawn) continue;
        const seq = send(entry.body);
        if (seq === null) break;
        entry.seq = seq;
        underWay.set(seq, entry);
      }
      if (next * 2 < waiting.length) return;
      waiting = waiting.slice(next);
      next = 0;
    },
    reply: (seq, reply) => {
      const entry = underWay.get(seq);
      underWay.delete(seq);
      entry?.replied(reply);
    },
    get hasWaiting() {
      return next < waiting.length;
    },
  };
}
