/**
 * Cuts what arrived in the turn into as few bodies as fit and submits them. Before the gateway's epoch is in force only
 * the claim itself is submitted, so that nothing can be refused for coming too early.
 */

import { type Env, MAX_REQUEST_BYTES } from '@concordat/kernel';
import { encodeBody, MAX_MOVES, MAX_ORDERS, type Order, orderBytes } from '../orders.ts';
import type { Identity } from '../tree/acl.ts';
import type { GatewayState } from './state.ts';

/** Submits a body and returns its sequence number; null when too many are outstanding. */
export type Submit = (body: Uint8Array) => number | null;

const BODY_OVERHEAD_BYTES = 64;

export function submitOrders(state: GatewayState, env: Env<never>, submit: Submit): void {
  if (state.claim === 'none') submitClaim(state, env, submit);
  if (state.claim !== 'held') return;
  let start = 0;
  while (start < state.outbox.length) {
    const cut = cutBody(state, start);
    const seq = submit(cut.body);
    if (seq === null) break;
    state.inFlight.set(seq, state.outbox.slice(start, cut.end));
    start = cut.end;
  }
  if (start > 0) state.outbox = state.outbox.slice(start);
}

function submitClaim(state: GatewayState, env: Env<never>, submit: Submit): void {
  const order: Order = { kind: 'claim' };
  const { gateway, epoch } = state.life;
  const seq = submit(encodeBody({ gateway, epoch, identities: [], orders: [order] }));
  if (seq === null) return;
  state.inFlight.set(seq, [{ order, connection: null, xid: 0, identities: [], since: env.now }]);
  state.claim = 'ordered';
}

/** The body that begins with the order at `start`, and where the next one begins. Always takes at least one order. */
function cutBody(state: GatewayState, start: number): { readonly body: Uint8Array; readonly end: number } {
  const lists = new Map<string, number>();
  const identities: (readonly Identity[])[] = [];
  const orders: Order[] = [];
  let size = BODY_OVERHEAD_BYTES;
  let moves = 0;
  let end = start;
  for (; end < state.outbox.length && orders.length < MAX_ORDERS; end++) {
    const origin = state.outbox[end]!;
    if (origin.order.kind === 'move' && ++moves > MAX_MOVES) break;
    const key = identityKey(origin.identities);
    const known = lists.get(key);
    size += orderBytes(origin.order) + (known === undefined ? 4 + 3 * key.length : 0);
    if (size > MAX_REQUEST_BYTES && end > start) break;
    const list = known ?? identities.push(origin.identities) - 1;
    lists.set(key, list);
    orders.push(origin.order.kind === 'request' ? { ...origin.order, identities: list } : origin.order);
  }
  const { gateway, epoch } = state.life;
  return { body: encodeBody({ gateway, epoch, identities, orders }), end };
}

const keys = new WeakMap<readonly Identity[], string>();

/** A string that only equal lists share, at least as long as the list encodes. PERF: once per list, not per order. */
function identityKey(identities: readonly Identity[]): string {
  let key = keys.get(identities);
  if (key === undefined) {
    key = JSON.stringify(identities.map(({ scheme, id }) => [scheme, id]));
    keys.set(identities, key);
  }
  return key;
}
