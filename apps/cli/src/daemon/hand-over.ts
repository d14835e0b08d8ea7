/** Before a daemon or a proxy stops, its clients are handed over to others: see the gateway's `leave`. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway, GatewayState } from '@concordat/keeper';
import type { Host } from '@concordat/runtime';
import type { DomainMessage } from '../domain/domain.ts';

/** Who is not gone by then waits for what will not come, such as an order while the log stands still. */
const PATIENCE_MS = 3000;
const LOOK_MS = 10;

/** Resolves when all clients are gone, or will not go. */
export async function handOver<S extends { readonly gateway: Gateway; readonly clients: GatewayState }>(
  host: Host<S, DomainMessage>,
): Promise<void> {
  host.stopListening();
  host.inject((state, env) => state.gateway.leave(state.clients, env));
  let hasHalted = false;
  void host.halted.then(() => {
    hasHalted = true;
  });
  const { connections } = host.state.clients;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && connections.size > 0 && !hasHalted; waitedMs += LOOK_MS)
    await sleep(LOOK_MS);
}
