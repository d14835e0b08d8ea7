/**
 * What filter nodes can do that lie: they know the protocol and have their own keys. They can spoil their rows for whom they
 * like, forget what they hold, and keep silent.
 */

import { MAC_BYTES } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { onSend } from '@concordat/sim';
import type { Entry } from '../admission/messages.ts';
import type { FilterStrategy } from './cluster.ts';

/** A row with false tags for these columns. */
function spoilt(row: Uint8Array, columns: readonly number[]): Uint8Array {
  const tags = row.slice();
  for (const column of columns) tags.fill(0xee, column * MAC_BYTES, (column + 1) * MAC_BYTES);
  return tags;
}

/** Rows that hold for some replicas and not for others. */
export const spoilRows = (isFalseFor: (entry: Entry, replica: NodeId) => boolean): FilterStrategy =>
  onSend((_env, to, message, post) => {
    if (message.type !== 'entry') return post(to, message);
    const columns = Array.from({ length: message.row.length / MAC_BYTES }, (_, column) => column);
    const row = spoilt(
      message.row,
      columns.filter((column) => isFalseFor(message, column)),
    );
    post(to, { ...message, row });
  });

/** Vouches for what it does not have: bodies are neither sent nor found. */
export const loseBodies: FilterStrategy = onSend((_env, to, message, post) => {
  if (message.type === 'entry') post(to, { ...message, inline: null });
  else if (message.type === 'body') {
    const { domain, client, seq } = message.request;
    post(to, { type: 'body-denied', ref: { domain, client, seq, digest: new Uint8Array(32) } });
  } else post(to, message);
});

/** Tells these replicas of its entries, and no others. */
export const tellOnly = (replicas: readonly NodeId[]): FilterStrategy =>
  onSend((_env, to, message, post) => {
    if (message.type !== 'entry' || replicas.includes(to)) post(to, message);
  });
