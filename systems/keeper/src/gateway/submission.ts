/**
 * Cuts what arrived in the turn into as few bodies as fit and submits them. Before the gateway's epoch is in force only
 * the claim itself is submitted, so that nothing can be refused for coming too early.
 */

import { type Env, MAX_REQUEST_BYTES } from '@concordat/kernel';
import { OpCode } from '../jute/protocol.ts';
import { encodeBody, MAX_MOVES, MAX_ORDERS, type Order, orderBytes } from '../orders.ts';
import type { Identity } from '../tree/acl.ts';
import { closeConnection } from './connection.ts';
import { discount } from './load.ts';
import type { GatewayMessage } from './message.ts';
import { type GatewayState, originOf } from './state.ts';

/** Submits a body and returns its sequence number; null when too many are outstanding. */
export type Submit = (body: Uint8Array) => number | null;

const BODY_OVERHEAD_BYTES = 64;

export function submitOrders(state: GatewayState, env: Env<never>, submit: Submit): void {
  if (state.claim === 'none') submitClaim(state, env, submit);
  if (state.claim !== 'held') return;
  if (state.hasVoid) dropVoid(state);
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
  state.inFlight.set(seq, [originOf(order, null, env.now)]);
  state.claim = 'ordered';
}

/** What clients asked for who are gone is not submitted, but that their sessions end. */
function dropVoid(state: GatewayState): void {
  state.hasVoid = false;
  state.outbox = state.outbox.filter((origin) => {
    const { connection, order } = origin;
    const isLastWill = order.kind === 'request' && order.op === OpCode.closeSession;
    if (connection?.phase !== 'closed' || isLastWill) return true;
    discount(state, origin);
    if (order.kind === 'request') {
      state.tally.stale++;
      state.tally.staleDropped++;
    }
    return false;
  });
}

/**
 * Nothing was submitted for a session's whole timeout, although the log goes on: its client has long given up waiting, and
 * what it asked for must not happen later still. There is no answer to give, because earlier requests have none yet.
 */
export function closeOverdue(state: GatewayState, env: Env<GatewayMessage>): void {
  for (const { connection, since, order } of state.outbox) {
    if (connection?.phase !== 'live' || order.kind !== 'request') continue;
    if (env.now - since <= connection.timeoutMs) continue;
    env.note({ kind: 'keeper-drop', why: 'requests that waited too long' });
    closeConnection(state, env, connection);
  }
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
