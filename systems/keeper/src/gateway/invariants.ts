/** What holds of a gateway's state between turns, whatever clients and the network do. */

import { assert } from '@concordat/kernel';
import type { Connection, GatewayState } from './state.ts';

/** Throws when the state is impossible. Costs a walk over all connections. */
export function requireInvariants(state: GatewayState): void {
  requireAccounts(state);
  for (const connection of state.connections.values()) {
    const { phase, session, ordered, head, queue, outstanding, trailing } = connection;
    assert(
      outstanding === queue.length - head + trailing.requests + ordered,
      'what is outstanding waits or is being ordered',
    );
    assert(ordered > 0 || (trailing.requests === 0 && trailing.estimatedBytes === 0), 'reads trail a write');
    assert((connection.lastOrdered === null) === (ordered === 0), 'the last order is one under way');
    assert(phase !== 'closed', 'a closed connection is forgotten');
    assert(ordered >= 0 && head <= queue.length, 'queues and counts fit each other');
    assert(
      phase !== 'live' || state.bySession.get(session) === connection,
      'a live connection serves its session',
    );
    assert(phase !== 'waiting' || state.waiting.has(connection), 'a handshake that waits is known to wait');
  }
  for (const connection of state.bySession.values())
    assert(
      state.connections.get(connection.id) === connection,
      'a session is served by a connection that is there',
    );
  for (const id of state.watches.byConnection.keys())
    assert(state.connections.has(id), 'watches go with their connection');
  const { claim, bySession } = state;
  assert(
    claim === 'held' ||
      [...bySession.values()].every(({ isReadOnly, ordered }) => isReadOnly && ordered === 0),
    'nobody writes before the epoch is in force',
  );
}

/** Sums that are kept are those of what is there. */
function requireAccounts(state: GatewayState): void {
  const connections = [...state.connections.values()];
  const sum = (of: (connection: Connection) => number): number =>
    connections.reduce((total, connection) => total + of(connection), 0);
  const waiting = sum(({ queue, head, trailing }) => queue.length - head + trailing.requests);
  assert(state.queued.requests === waiting, 'requests in queues are counted');
  assert(state.busy === sum(({ outstanding }) => (outstanding > 0 ? 1 : 0)), 'busy connections are counted');
  assert(state.unreadBytes === sum(({ unread }) => unread), 'unread bytes are counted');
  const orders = [...state.inFlight.values(), state.outbox].flat();
  const requests = orders.filter(({ order }) => order.kind === 'request').length;
  assert(state.ordered.requests === requests, 'requests under way are counted');
  const attaching = orders.filter(({ order }) => order.kind === 'open' || order.kind === 'move').length;
  assert(state.attaching === attaching, 'opens and moves under way are counted');
  for (const among of [state.held, state.unread, state.stalled, state.clogged, state.silent, state.ready])
    for (const connection of among)
      assert(state.connections.get(connection.id) === connection, 'whoever waits is there');
}
