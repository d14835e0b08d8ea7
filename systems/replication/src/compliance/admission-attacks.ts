/**
 * Lies about admission. Filter nodes have their own keys: they can spoil their rows for whom they like, forget what they
 * hold, and keep silent. Replicas pass on what others wrote: they can spoil that, keep it back, and tell filter nodes of
 * what was never asked for, or never executed.
 */

import { MAC_BYTES, modelHash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { onSend, strategyOf, twistEnv } from '@concordat/sim';
import type { Entry } from '../admission/messages.ts';
import { filterId } from '../admission/request-quorum/filters.ts';
import { requestOf } from '../admission/request-quorum/vouchers.ts';
import type { Message } from '../replica/messages.ts';
import { refOf, requestDigest } from '../request.ts';
import { CLUSTER_ID, type FilterStrategy, type ReplicaStrategy } from './cluster.ts';
import { addOperation } from './ledger.ts';

/** A row with false tags for these columns. */
function spoilt(row: Uint8Array, columns: readonly number[]): Uint8Array {
  const tags = row.slice();
  for (const column of columns) tags.fill(0xee, column * MAC_BYTES, (column + 1) * MAC_BYTES);
  return tags;
}

const columnsOf = (row: Uint8Array): number[] =>
  Array.from({ length: row.length / MAC_BYTES }, (_, column) => column);

/** Rows that hold for some replicas and not for others. */
export const spoilRows = (isFalseFor: (entry: Entry, replica: NodeId) => boolean): FilterStrategy =>
  onSend((_env, to, message, post) => {
    if (message.type !== 'entry') return post(to, message);
    const row = spoilt(
      message.row,
      columnsOf(message.row).filter((column) => isFalseFor(message, column)),
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

/** Sends bodies that are others than those that were asked for, or that it should send. */
export const falseBodies: FilterStrategy = onSend((_env, to, message, post) => {
  if (message.type !== 'body') return post(to, message);
  const body = message.request.body.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  post(to, { ...message, request: { ...message.request, body } });
});

/** Tells these replicas of its entries, and no others. */
export const tellOnly = (replicas: readonly NodeId[]): FilterStrategy =>
  onSend((_env, to, message, post) => {
    if (message.type !== 'entry' || replicas.includes(to)) post(to, message);
  });

/** Sends these in the place of each message. */
const telling = (tell: (m: Message, to: NodeId) => readonly Message[]): ReplicaStrategy =>
  onSend((_env, to, message, post) => {
    for (const told of tell(message, to)) post(to, told);
  });

/** Passes every row that it gets on to one replica, in a form that holds for nobody else, and has nobody adopt anything. */
export const convinceOnly = (victim: NodeId): ReplicaStrategy =>
  strategyOf((env) => ({
    env: twistEnv(env, { send: (to, m) => (m.type === 'adopt' ? undefined : env.send(to, m)) }),
    receive: (from, m) => {
      if (m.type !== 'entry') return true;
      const others = columnsOf(m.row).filter((column) => column !== victim);
      const rows = [{ filter: from - filterId(0), tags: spoilt(m.row, others) }];
      env.send(victim, {
        type: 'vouchers',
        isUrgent: false,
        vouchers: [{ ref: m.ref, inline: m.inline, rows }],
      });
      return true;
    },
  }));

/** A client that never asks for anything. */
export const nobody = { domain: 0, client: 777 };

/** Replicas that lie about what they were told. */
export const admissionLies: Readonly<Record<string, () => ReplicaStrategy>> = {
  'spoil the rows that are passed on': () =>
    telling((m, to) => {
      if (m.type !== 'vouchers') return [m];
      const spoil = (tags: Uint8Array): Uint8Array => spoilt(tags, [to]);
      const vouchers = m.vouchers.map((voucher) => ({
        ...voucher,
        rows: voucher.rows.map(({ filter, tags }) => ({ filter, tags: spoil(tags) })),
      }));
      return [{ ...m, vouchers }];
    }),
  'pass no rows on': () => telling((m) => (m.type === 'vouchers' ? [] : [m])),
  'say that everything is executed': () =>
    telling((m) =>
      m.type === 'completed'
        ? [{ ...m, done: m.done.map((mark) => ({ ...mark, seq: mark.seq + 1000 })) }]
        : [m],
    ),
  'want adopted what nobody asked for': () =>
    telling((m) => {
      if (m.type !== 'completed') return [m];
      const body = addOperation('forged', 1);
      const content = { acked: 0, body };
      const request = requestOf({ ...nobody, seq: 1 }, content);
      const ref = refOf(request, requestDigest({ hash: modelHash }, CLUSTER_ID, request));
      return [m, { type: 'adopt', ref, content }];
    }),
  'ask for bodies without end': () =>
    telling((m) => {
      if (m.type !== 'completed') return [m];
      const ref = { domain: 0, client: 1, seq: 1, digest: new Uint8Array(32) };
      return [m, ...new Array<Message>(50).fill({ type: 'fetch-body', ref })];
    }),
};

/** Filter nodes that lie all the time. */
export const filterLies: Readonly<Record<string, () => FilterStrategy>> = {
  'spoil rows for some': () => spoilRows((_entry, replica) => replica % 2 === 1),
  'spoil all rows': () => spoilRows(() => true),
  'lose bodies': () => loseBodies,
  'send other bodies': () => falseBodies,
  'tell one replica only': () => tellOnly([1]),
  silence: () => onSend(() => {}),
};
