/**
 * Calls on their way through a protocol client: in order, at most a window of requests under way, the other calls
 * waiting here, where they can still be withdrawn. A request takes along all that wait and fit, so that without any
 * pause its size follows the load: one call when idle, hundreds when many callers share the client. A call ends
 * exactly once: withdrawn before it was sent, or replied to. One that was sent and is no longer awaited stays under way until
 * it is replied to, or known to have been executed.
 */

import {
  bundledBytes,
  decodeResults,
  encodeBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_OPERATIONS,
} from '../service/bundles.ts';

export interface Entry {
  readonly body: Uint8Array;
  readonly replied: (reply: Uint8Array) => void;
  isWithdrawn: boolean;
  /** What it travels in; null while it is not sent. */
  request: UnderWay | null;
}

interface UnderWay {
  readonly seq: number;
  readonly bundle: readonly Entry[];
  /** Calls in it that were not withdrawn. */
  awaited: number;
}

export interface CallQueue {
  /** Null when too many wait already. */
  add(body: Uint8Array, replied: (reply: Uint8Array) => void): Entry | null;
  /** True if it was not sent, and never will be. */
  withdraw(entry: Entry): boolean;
  /** Sends what the window has room for; `send` returns a request's number, or null if it takes none now. */
  pump(send: (body: Uint8Array) => number | null): void;
  /** Ends a request, so that the window has room; what is returned tells its callers. */
  reply(seq: number, reply: Uint8Array): () => void;
  /** Ends a request without a reply, which nobody awaits any more. */
  lose(seq: number): void;
  readonly hasWaiting: boolean;
}

/** Beyond this, a caller is told at once rather than served late. */
const MAX_WAITING = 65_536;

/** `window`: requests under way. `abandoned` is told of those whose calls are all awaited no more. */
export function createCallQueue(window: number, abandoned: (seq: number) => void = () => {}): CallQueue {
  const underWay = new Map<number, UnderWay>();
  let waiting: Entry[] = [];

  /** The first calls that fit into one request, and where those behind them begin. */
  const gather = (): { readonly bundle: readonly Entry[]; readonly end: number } => {
    const bundle: Entry[] = [];
    let bytes = 0;
    let end = 0;
    for (; end < waiting.length && bundle.length < MAX_BUNDLE_OPERATIONS; end++) {
      const entry = waiting[end] as Entry;
      if (entry.isWithdrawn) continue;
      bytes += bundledBytes(entry.body);
      if (bytes > MAX_BUNDLE_BYTES) break;
      bundle.push(entry);
    }
    return { bundle, end };
  };
  /** False if nothing waits or nothing is taken. */
  const sendNext = (send: (body: Uint8Array) => number | null): boolean => {
    const { bundle, end } = gather();
    if (bundle.length === 0) return false;
    const seq = send(encodeBundle(bundle.map(({ body }) => body)));
    if (seq === null) return false;
    const request: UnderWay = { seq, bundle, awaited: bundle.length };
    for (const entry of bundle) entry.request = request;
    underWay.set(seq, request);
    waiting = waiting.slice(end);
    return true;
  };
  return {
    add: (body, replied) => {
      if (waiting.length >= MAX_WAITING) return null;
      const entry: Entry = { body, replied, isWithdrawn: false, request: null };
      waiting.push(entry);
      return entry;
    },
    withdraw: (entry) => {
      const { request, isWithdrawn } = entry;
      entry.isWithdrawn = true;
      if (request !== null && !isWithdrawn && --request.awaited === 0 && underWay.has(request.seq))
        abandoned(request.seq);
      return request === null;
    },
    pump: (send) => {
      while (underWay.size < window && sendNext(send));
    },
    reply: (seq, reply) => {
      const { bundle } = underWay.get(seq) ?? {};
      if (bundle === undefined) return () => {};
      underWay.delete(seq);
      const listed = bundle.length === 1 ? [reply] : decodeResults(reply, bundle.length);
      // What is no list of results is the answer to each: a failure of the whole bundle, or unreadable.
      const results = listed ?? bundle.map(() => reply);
      // Those without a result were not executed: there was no room for it.
      const left = bundle.slice(results.length);
      for (const entry of left) entry.request = null;
      if (left.length > 0) waiting = [...left, ...waiting];
      return () => {
        for (const [i, result] of results.entries()) bundle[i]?.replied(result);
      };
    },
    lose: (seq) => void underWay.delete(seq),
    get hasWaiting() {
      return waiting.length > 0;
    },
  };
}
