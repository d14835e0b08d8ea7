/**
 * Well-behaved clients while others misbehave: one session per endpoint that writes and reads all the time, and
 * newcomers that connect; and the memory of the servers meanwhile.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, connect, createLatencies, MODE, processCost } from '@concordat/bench';
import { openSession, type Session } from './session.ts';
import { must } from './worker.ts';

export interface Sighting {
  readonly operations: number;
  readonly errors: readonly string[];
  readonly p50Ms: number;
  readonly worstMs: number;
  readonly newcomers: number;
  readonly newcomersRefused: number;
  /** By how much the fattest server grew over what it had when this began. */
  readonly grownBytes: number;
}

export interface Bystanders {
  /** What they saw since the last call. */
  report(): Sighting;
  stop(): Promise<void>;
}

const PACE_MS = 20;
const NEWCOMER_MS = 500;
const MEMORY_MS = 200;

export async function startBystanders(cluster: Cluster): Promise<Bystanders> {
  const { endpoints } = cluster;
  const resident = (): number[] =>
    endpoints.map((_, domain) => processCost([cluster.pid(domain)]).residentBytes);
  const before = resident();
  let latencies = createLatencies(0);
  let errors: string[] = [];
  let [newcomers, refused, grownBytes] = [0, 0, 0];
  let isOver = false;

  const observe = async (session: Session, path: string): Promise<void> => {
    for (let step = 0; !isOver; step++) {
      const startedAt = performance.now();
      const value = Buffer.from(String(step));
      const outcome = await (step % 2 === 0 ? session.set(path, value, -1) : session.get(path));
      latencies.add(performance.now() - startedAt, 0);
      if (outcome.kind !== 'ok') errors.push(`${path}: ${outcome.kind}`);
      await sleep(PACE_MS);
    }
  };
  const welcome = async (domain: number): Promise<void> => {
    for (; !isOver; await sleep(NEWCOMER_MS)) {
      const endpoint = endpoints[domain];
      if (endpoint === undefined) return;
      newcomers++;
      try {
        await (await connect(endpoint, { deadlineMs: 5_000 })).close();
      } catch {
        refused++;
      }
    }
  };
  const weigh = async (): Promise<void> => {
    for (; !isOver; await sleep(MEMORY_MS)) {
      grownBytes = Math.max(grownBytes, ...resident().map((bytes, i) => bytes - (before[i] ?? 0)));
    }
  };
  const sessions = await Promise.all(
    endpoints.map(async (endpoint, domain) => {
      const session = await openSession({ endpoints: [endpoint] });
      await must(session.create(`/bystander-${domain}`, Buffer.alloc(0), MODE.ephemeral));
      return session;
    }),
  );
  const running = [
    ...sessions.map((session, domain) => observe(session, `/bystander-${domain}`)),
    ...[...endpoints.keys()].map(welcome),
    weigh(),
  ];
  return {
    report: () => {
      const sighting = {
        operations: latencies.count,
        errors,
        p50Ms: latencies.percentile(0.5),
        worstMs: latencies.percentile(1),
        newcomers,
        newcomersRefused: refused,
        grownBytes,
      };
      latencies = createLatencies(0);
      errors = [];
      [newcomers, refused, grownBytes] = [0, 0, 0];
      return sighting;
    },
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}
