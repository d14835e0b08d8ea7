/**
 * Rows on their way to those whom they convince: from filter nodes to replicas, with a proposal from the primary to
 * everyone, and from whoever has waited in vain to all others and back to the filter nodes. The last makes what one
 * correct replica is convinced of convince every other (DISC 2008: who has accepted a matrix adds a row of its own).
 */

import type { Env } from '@concordat/kernel';
import type { Batch } from '../../batch.ts';
import { ordersReferences } from '../../config.ts';
import { executedOf, isForgotten } from '../../execution/core-state.ts';
import type { Pooled } from '../../pool.ts';
import type { Message } from '../../replica/messages.ts';
import { others, type ReplicaState } from '../../replica/state.ts';
import { isCommand, type RequestRef, refOf } from '../../request.ts';
import { misfit } from '../admission.ts';
import { INLINE_BYTES, MAX_VOUCHERS } from '../codec.ts';
import type { Entry, Inline, Row, Voucher, Vouchers } from '../messages.ts';
import { filterId } from './filters.ts';
import { notePushed } from './pushed.ts';
import {
  addRow,
  consider,
  findVouched,
  isSound,
  requestOf,
  takeBody,
  type Vouched,
  type Vouching,
} from './vouchers.ts';

/** A filter node's own word for a request. */
export function onEntry(s: ReplicaState, env: Env<Message>, v: Vouching, filter: number, m: Entry): void {
  const { ref, inline, row } = m;
  if (isCommand(ref.client)) {
    env.note({ kind: 'strike', peer: filterId(filter), why: 'a command that is not signed' });
    return;
  }
  const last = isForgotten(s.execution.core, ref) ? ref.seq : settled(s, ref);
  if (ref.seq <= last) {
    const done = [{ domain: ref.domain, client: ref.client, seq: last }];
    env.send(filterId(filter), { type: 'completed', view: s.view, done });
    return;
  }
  if (!addRow(s, env, v, ref, filter, row, true)) {
    env.note({ kind: misfit(s), peer: filterId(filter), why: 'a row that does not hold' });
    return;
  }
  const vouched = findVouched(v, ref);
  if (vouched === null) return;
  vouched.bodyBytes[filter] = m.bodyBytes;
  if (isWelcome(s, inline) && vouched.request === null && takeBody(s, vouched, requestOf(ref, inline))) {
    const pushed = v.pushed[filter];
    if (pushed !== undefined && !isSound(v, vouched)) notePushed(pushed, vouched);
  }
  consider(s, env, v, vouched);
}

/** True if there is a body that shall be kept: where replicas order references, large ones are none of theirs. */
const isWelcome = ({ config }: ReplicaState, inline: Inline | null): inline is Inline =>
  inline !== null && (!ordersReferences(config) || inline.body.length < INLINE_BYTES);

/** The last of the client's requests that is executed for good. */
function settled(s: ReplicaState, { domain, client }: RequestRef): number {
  let last = executedOf(s.execution.core, { domain, client });
  for (const { exposed } of s.speculated)
    for (const outcome of exposed.outcomes)
      if (outcome.domain === domain && outcome.client === client) last = Math.min(last, outcome.seq - 1);
  return last;
}

/** Matrices that another replica has. */
export function onVouchers(s: ReplicaState, env: Env<Message>, v: Vouching, m: Vouchers): void {
  for (const { ref, inline, rows } of m.vouchers) {
    if (isCommand(ref.client)) continue;
    for (const { filter, tags } of rows) {
      const known = findVouched(v, ref);
      // PERF: who is convinced need not check the rest: `sound` MACs for a request, whatever the primary shows.
      if (known !== null && isSound(v, known)) break;
      if (filter < v.shape.rows) addRow(s, env, v, ref, filter, tags, false);
    }
    const vouched = findVouched(v, ref);
    if (vouched === null) continue;
    if (isWelcome(s, inline) && isSound(v, vouched)) takeBody(s, vouched, requestOf(ref, inline));
    vouched.isUrgent ||= m.isUrgent;
    consider(s, env, v, vouched);
  }
}

function voucherOf({ ref, request, rows }: Vouched): Voucher {
  const known: Row[] = [];
  for (const [filter, tags] of rows.entries()) if (tags !== null) known.push({ filter, tags });
  const inline: Inline | null =
    request === null || request.body.length >= INLINE_BYTES
      ? null
      : { acked: request.acked, body: request.body };
  return { ref, inline, rows: known };
}

/** The matrices of a batch, as far as they are here. */
export function proofs(v: Vouching, { refs }: Batch): Message[] {
  const vouchers: Voucher[] = [];
  for (const ref of refs) {
    const vouched = findVouched(v, ref);
    if (vouched !== null) vouchers.push(voucherOf(vouched));
  }
  const messages: Message[] = [];
  for (let at = 0; at < vouchers.length; at += MAX_VOUCHERS)
    messages.push({ type: 'vouchers', isUrgent: false, vouchers: vouchers.slice(at, at + MAX_VOUCHERS) });
  return messages;
}

/** Shows everyone a request that this replica will soon suspect the primary for. */
export function show(s: ReplicaState, env: Env<Message>, v: Vouching, { request, digest }: Pooled): void {
  const vouched = findVouched(v, refOf(request, digest));
  if (vouched === null) return;
  const message: Message = { type: 'vouchers', isUrgent: true, vouchers: [voucherOf(vouched)] };
  for (const peer of others(s)) env.send(peer, message);
  // Bodies that others lack they fetch from the filter nodes.
  vouched.isUrgent = true;
  consider(s, env, v, vouched);
}
