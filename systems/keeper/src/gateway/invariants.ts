/** What holds of a gateway's state between turns, whatever clients and the network do. */

import { assert } from '@concordat/kernel';
import type { GatewayState } from './state.ts';

/** Throws when the state is impossible. Costs a walk over all connections. */
export function requireInvariants(state: GatewayState): void {
  for (const connection of state.connections.values()) {
    const { phase, session, ordered, head, queue } = connection;
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
  assert(
    state.claim === 'held' || state.bySession.size === 0,
    'nobody is served before the epoch is in force',
  );
}
