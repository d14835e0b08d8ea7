/**
 * Bytes of the messages around executors, as part of the replicas' codec: the same fields, in the order of their
 * declaration. A NEXT-BATCH whose marks lie beyond what it names is refused.
 */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { type Digest, unreachable } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';
import type { FeedMessage, NextBatch } from './messages.ts';

/** Batches that one NEXT-BATCH names. */
export const MAX_NAMED = 64;

export const FEED_TAGS = {
  'next-batch': 48,
  'last-executed': 49,
  attach: 50,
  'reply-digest': 51,
} as const satisfies Record<FeedMessage['type'], number>;

const feedTypes: ReadonlySet<string> = new Set(Object.keys(FEED_TAGS));

export const isFeedMessage = <M extends { readonly type: string }>(m: M | FeedMessage): m is FeedMessage =>
  feedTypes.has(m.type);

export function writeFeedMessage(w: Writer, m: FeedMessage): void {
  switch (m.type) {
    case 'next-batch':
      w.u53(m.view);
      w.u53(m.after);
      w.fixed(m.before);
      w.list(m.digests, (item) => w.fixed(item));
      w.u53(m.accepted);
      w.u53(m.tentative);
      return w.u53(m.committed);
    case 'last-executed':
      w.u53(m.epoch);
      w.u53(m.executed);
      w.u53(m.known);
      return w.bool(m.isSupplier);
    case 'attach':
      w.u16(m.domain);
      w.u53(m.client);
      w.u16(m.executor);
      return w.fixed(m.signature);
    case 'reply-digest':
      w.u16(m.domain);
      w.u53(m.client);
      w.u53(m.seq);
      w.u53(m.slot);
      return w.fixed(m.digest);
    default:
      return unreachable(m);
  }
}

/** Null if no message has this tag. */
export function readFeedMessage(r: Reader, tag: number): FeedMessage | null {
  switch (tag) {
    case FEED_TAGS['next-batch']:
      return readNextBatch(r);
    case FEED_TAGS['last-executed']:
      return {
        type: 'last-executed',
        epoch: r.u53(),
        executed: r.u53(),
        known: r.u53(),
        isSupplier: r.bool(),
      };
    case FEED_TAGS.attach:
      return {
        type: 'attach',
        domain: r.u16(),
        client: r.u53(),
        executor: r.u16(),
        signature: r.fixed(SIGNATURE_BYTES),
      };
    case FEED_TAGS['reply-digest']:
      return {
        type: 'reply-digest',
        domain: r.u16(),
        client: r.u53(),
        seq: r.u53(),
        slot: r.u53(),
        digest: digest(r),
      };
    default:
      return null;
  }
}

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);

function readNextBatch(r: Reader): NextBatch {
  const message: NextBatch = {
    type: 'next-batch',
    view: r.u53(),
    after: r.u53(),
    before: digest(r),
    digests: r.list(MAX_NAMED, DIGEST_BYTES, () => digest(r)),
    accepted: r.u53(),
    tentative: r.u53(),
    committed: r.u53(),
  };
  const end = message.after + message.digests.length;
  if (Math.max(message.accepted, message.tentative, message.committed) > end) r.fail();
  return message;
}
