/**
 * The load itself: `connections` sessions spread round-robin over the endpoints, each with `depth` requests
 * outstanding, for a fixed time. One phase is one operation with one payload size.
 */

import { type Connection, connect, type Endpoint } from './connection.ts';
import { runFanOut } from './fan-out.ts';
import { createLatencies, type Latencies } from './latencies.ts';
import { type Operation, type Send, sender } from './operations.ts';
import { OP } from './protocol.ts';
import { createNodes } from './writes.ts';

export interface Load {
  readonly connections: number;
  readonly depth: number;
  readonly operation: Operation;
  readonly payloadBytes: number;
  readonly seconds: number;
}

export interface Outcome {
  readonly latencies: Latencies;
  readonly elapsedMs: number;
  /** Replies with an error code, and requests cut off by a broken connection: a sound run has none. */
  readonly failures: number;
  /** Connections that broke. */
  readonly lost: number;
}

/** What happens around the time that is measured: connections are open before, and are closed afterwards. */
export interface Bracket {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Nodes that sets and gets are spread over. */
const KEYS = 1_000;
/** Servers that share two cores with much else may still be electing a leader: what is measured begins afterwards. */
export const PATIENT = { deadlineMs: 30_000 };

export interface Bench {
  run(load: Load, bracket?: Bracket): Promise<Outcome>;
  close(): Promise<void>;
}

/** A bench over its own subtree of the service, named by `label`. */
export async function openBench(endpoints: readonly Endpoint[], label: string): Promise<Bench> {
  const root = `/bench-${label}`;
  let phase = 0;
  const setup = await connect(endpointAt(endpoints, 0), PATIENT);
  await createAll(setup, [root]);
  return {
    run: async (load, bracket) => {
      const folder = `${root}/${load.operation}-${load.payloadBytes}-${phase++}`;
      const keys = Array.from({ length: KEYS }, (_, i) => `${folder}/k${i}`);
      await createAll(setup, [folder]);
      if (load.operation !== 'create') await createAll(setup, keys, Buffer.alloc(load.payloadBytes, 1));
      if (load.operation === 'watch') return runFanOut(endpoints, load, keys, bracket);
      let lost = 0;
      const options = { ...PATIENT, onClosed: () => lost++ };
      const open = Array.from({ length: load.connections }, (_, i) =>
        connect(endpointAt(endpoints, i), options),
      );
      const connections = await Promise.all(open);
      // A get must find the keys also where the server lags behind the one that created them.
      await Promise.all(connections.map((connection) => syncTo(connection, folder)));
      const payload = Buffer.alloc(load.payloadBytes, 2);
      const send = sender(load.operation, { folder, keys, payload });
      await bracket?.begin();
      const driven = await drive(connections, load, send);
      const outcome = { ...driven, lost };
      await bracket?.end();
      await Promise.all(connections.map((connection) => connection.close()));
      return outcome;
    },
    close: () => setup.close(),
  };
}

function endpointAt(endpoints: readonly Endpoint[], index: number): Endpoint {
  const endpoint = endpoints[index % endpoints.length];
  if (endpoint === undefined) throw new RangeError('a benchmark needs an endpoint');
  return endpoint;
}

const syncTo = (connection: Connection, path: string): Promise<void> =>
  new Promise((resolve) => {
    connection.request(
      OP.sync,
      (writer) => writer.string(path),
      () => resolve(),
    );
  });

/** Creates all of `paths`; rejects if one of them cannot be. */
async function createAll(
  connection: Connection,
  paths: readonly string[],
  data = Buffer.alloc(0),
): Promise<void> {
  const { failures } = await createNodes([connection], paths, data);
  if (failures > 0) throw new Error(`${failures} of ${paths.length} nodes cannot be created`);
}

/** Keeps every connection full until the time is over, then lets it run dry. */
function drive(connections: readonly Connection[], load: Load, send: Send): Promise<Omit<Outcome, 'lost'>> {
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1_000;
  const latencies = createLatencies(startedAt);
  let failures = 0;
  let sequence = 0;
  return new Promise((resolve) => {
    let running = connections.length * load.depth;
    const keepFull = (connection: Connection): void => {
      const sentAt = performance.now();
      send(connection, sequence++, (reply) => {
        const now = performance.now();
        if (reply === null || reply.error !== 0) failures++;
        else latencies.add(now - sentAt, now);
        if (reply !== null && now < endsAt) keepFull(connection);
        else if (--running === 0) resolve({ latencies, elapsedMs: now - startedAt, failures });
      });
    };
    for (const connection of connections) for (let i = 0; i < load.depth; i++) keepFull(connection);
  });
}
