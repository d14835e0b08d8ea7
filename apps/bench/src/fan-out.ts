/**
 * A phase of watches: every connection watches `depth` nodes. One connection sets a node; when all have been told, and watch it
 * again, the next one does. An operation is one event, its latency runs from the set to the event.
 */

import { type Connection, connect, type Endpoint, type Reply } from './connection.ts';
import { createLatencies } from './latencies.ts';
import type { Bracket, Load, Outcome } from './load.ts';
import { OP, writeRead, writeSetData } from './protocol.ts';

/** `keys` exist already. Settles when the time is over and the last round of every node is done. */
export async function runFanOut(
  endpoints: readonly Endpoint[],
  load: Load,
  keys: readonly string[],
  bracket?: Bracket,
): Promise<Outcome> {
  /** By connection and path, who waits for an event. */
  const hears = new Map<string, () => void>();
  let failures = 0;
  let lost = 0;
  let isOver = false;
  const onClosed = (): void => {
    if (isOver) return;
    failures++;
    lost++;
    for (const hear of hears.values()) hear();
  };
  const connections = await Promise.all(
    Array.from({ length: load.connections }, (_, i) => {
      const endpoint = endpoints[i % endpoints.length];
      if (endpoint === undefined) throw new RangeError('a benchmark needs an endpoint');
      return connect(endpoint, { onWatch: ({ path }) => hears.get(`${i} ${path}`)?.(), onClosed });
    }),
  );
  await bracket?.begin();
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1000;
  const latencies = createLatencies(startedAt);
  const payload = Buffer.alloc(load.payloadBytes, 2);
  const done =
    (resolve: () => void) =>
    (reply: Reply | null): void => {
      if (reply === null || reply.error !== 0) failures++;
      resolve();
    };
  const watch = (connection: Connection, path: string): Promise<void> =>
    new Promise((resolve) => {
      connection.request(OP.getData, (w) => writeRead(w, path, true), done(resolve));
    });
  const set = (connection: Connection, path: string): Promise<void> =>
    new Promise((resolve) => {
      connection.request(OP.setData, (w) => writeSetData(w, path, payload, -1), done(resolve));
    });
  const told = (i: number, path: string): Promise<void> =>
    new Promise((resolve) => {
      hears.set(`${i} ${path}`, resolve);
    });
  const circle = async (path: string, first: number): Promise<void> => {
    for (let turn = first; failures === 0 && performance.now() < endsAt; turn++) {
      await Promise.all(connections.map((connection) => watch(connection, path)));
      const writer = connections[turn % connections.length];
      if (writer === undefined) return;
      const sentAt = performance.now();
      const events = connections.map(async (_, i) => {
        await told(i, path);
        const now = performance.now();
        latencies.add(now - sentAt, now);
      });
      await set(writer, path);
      if (failures === 0) await Promise.all(events);
    }
  };
  await Promise.all(keys.slice(0, load.depth).map(circle));
  const elapsedMs = performance.now() - startedAt;
  await bracket?.end();
  isOver = true;
  await Promise.all(connections.map((connection) => connection.close()));
  return { latencies, elapsedMs, failures, lost };
}
