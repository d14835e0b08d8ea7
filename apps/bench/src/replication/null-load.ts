/**
 * The load of the peers' own benchmarks: a number of clients in this process, each with one request outstanding, for a
 * fixed time. They are sessions of one gateway, whose requests carry what they ask in one moment under one signature,
 * or each has connections and signatures of its own. A result is believed when f + 1 replicas say the same.
 */

import { connectClient } from '@concordat/replication/edge';
import { createLatencies, type Latencies } from '../latencies.ts';
import type { Bracket } from '../load.ts';
import { type ProcessCost, processCost } from '../process-cost.ts';
import { nullService } from './null-service.ts';
import type { Servers, TargetName } from './servers.ts';

export interface NullLoad {
  readonly clients: number;
  /** Of the request, and of the reply. */
  readonly payloadBytes: number;
  readonly seconds: number;
}

export interface NullFigures {
  readonly requests: number;
  /** Calls whose outcome was not ok: a sound run has none. */
  readonly failures: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all servers together. */
  readonly serverCpuUsPerRequest: number;
  /** The part of it that is the main threads'. */
  readonly mainThreadUsPerRequest: number;
  /** Of this process: near 1 it is the bottleneck. */
  readonly clientCpuShare: number;
  /** The mean of the servers, at the end. */
  readonly residentBytes: number;
}

export async function runNullLoad(
  servers: Servers,
  target: TargetName,
  load: NullLoad,
  bracket?: Bracket,
): Promise<NullFigures> {
  const { membership, identity, pids } = servers;
  const connect = () => connectClient(nullService, { membership, identity });
  const clients = Array.from({ length: target === 'each' ? load.clients : 1 }, connect);
  const sessions = Array.from({ length: load.clients }, (_, i) => clients[i % clients.length] as Client);
  const payload = new Uint8Array(load.payloadBytes).fill(7);
  // Each once before the clock runs: connections, and a place for the client in the ordered state.
  const first = await Promise.all(sessions.map((session) => session.call('run', payload)));
  let failures = first.filter(({ status }) => status !== 'ok').length;
  await bracket?.begin();
  const before = { cost: processCost(pids), own: process.cpuUsage(), at: performance.now() };
  const latencies = createLatencies(before.at);
  const until = before.at + load.seconds * 1000;
  const drive = async (session: Client): Promise<void> => {
    for (let started = performance.now(); started < until; ) {
      const { status } = await session.call('run', payload);
      const now = performance.now();
      if (status === 'ok') latencies.add(now - started, now);
      else failures++;
      started = now;
    }
  };
  await Promise.all(sessions.map(drive));
  const elapsedMs = performance.now() - before.at;
  const figures = figuresOf(latencies, elapsedMs, before, pids);
  await bracket?.end();
  await Promise.all(clients.map((client) => client.close()));
  return { ...figures, failures };
}

interface Client {
  call(name: 'run', payload: Uint8Array): Promise<{ readonly status: string }>;
}

function figuresOf(
  latencies: Latencies,
  elapsedMs: number,
  before: { readonly cost: ProcessCost; readonly own: NodeJS.CpuUsage },
  pids: readonly number[],
): Omit<NullFigures, 'failures'> {
  const own = process.cpuUsage(before.own);
  const cost = processCost(pids);
  const perRequest = (ms: number): number => (ms * 1000) / Math.max(1, latencies.count);
  return {
    requests: latencies.count,
    requestsPerSecond: (latencies.count * 1000) / elapsedMs,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    serverCpuUsPerRequest: perRequest(cost.cpuMs - before.cost.cpuMs),
    mainThreadUsPerRequest: perRequest(cost.mainThreadsMs - before.cost.mainThreadsMs),
    clientCpuShare: (own.user + own.system) / 1000 / elapsedMs,
    residentBytes: cost.residentBytes / pids.length,
  };
}
