/**
 * Measures one cluster with one phase, and several clusters side by side: rounds alternate between them in one run,
 * so that a slow minute of a shared machine hurts all of them, and only ratios are read off.
 */

import type { Profiler } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Profiling } from './cluster.ts';
import type { Endpoint } from './connection.ts';
import { median } from './latencies.ts';
import { type Bench, type Load, openBench } from './load.ts';
import { processCost } from './process-cost.ts';
import { type CpuShares, sharesOf, writeProfiles } from './profile.ts';
import { type SyncLatency, startSyncProbe } from './sync-probe.ts';

/** A service to be measured. `pids` are its server processes, or none when they run elsewhere. */
export interface Target {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  pids(): readonly number[];
  /** For servers that can be profiled. */
  readonly profiling?: Profiling;
  /** Brings about what it is measured under, before each phase, and ends it afterwards. */
  readonly during?: { begin(): Promise<void>; end(): Promise<void> };
}

export const targetOf = (cluster: Cluster): Target => ({
  name: cluster.name,
  endpoints: cluster.endpoints,
  pids: () => cluster.endpoints.map((_, domain) => cluster.pid(domain)),
  ...(cluster.profiling === undefined ? {} : { profiling: cluster.profiling }),
});

export interface Measurement {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestStallMs: number;
  /** Server time of all processes together for one operation; 0 when it cannot be seen. */
  readonly serverCpuMsPerOp: number;
  /** Of this load generator itself, the same way: near 1000 ms per second it is the bottleneck. */
  readonly clientCpuShare: number;
  readonly failures: number;
}

export interface Row {
  readonly load: Load;
  /** The median over the rounds of each figure, one entry per target, in their order. */
  readonly medians: readonly Measurement[];
  /** Where the servers' time went in the last round, one entry per target; null for one that is not profiled. */
  readonly shares: readonly (CpuShares | null)[];
}

export interface Report {
  readonly targets: readonly string[];
  /** So many of the last targets are the first one under faults. */
  readonly faults: number;
  readonly rows: readonly Row[];
  /** Of an otherwise idle disk: taken before every round. */
  readonly sync: SyncLatency;
  readonly serverResidentBytes: readonly number[];
}

export interface Plan {
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Of each operation, unmeasured: both a JVM and Node are slow until they have compiled. */
  readonly warmUpSeconds: number;
  /** So many of the last targets are the first one under faults; 0 if nothing is said. */
  readonly faults?: number;
  /** Where servers' profiles go; nothing is profiled if nothing is said. */
  readonly profileDir?: string | null;
  /** The disk to probe. */
  readonly dataDir: string;
  readonly progress: (line: string) => void;
}

const PROBE_MS = 400;

export async function measure(targets: readonly Target[], plan: Plan): Promise<Report> {
  const label = `${process.pid}-${Math.round(performance.timeOrigin)}`;
  const benches = await Promise.all(targets.map((target) => openBench(target.endpoints, label)));
  const probes: SyncLatency[] = [];
  const samples = plan.loads.map(() => targets.map((): Measured[] => []));
  for (const load of warmUps(plan)) {
    for (const bench of benches) await bench.run(load);
  }
  for (let round = 0; round < plan.rounds; round++) {
    probes.push(await probe(plan.dataDir));
    for (const [row, load] of plan.loads.entries()) {
      for (const [column, target] of targets.entries()) {
        const bench = benches[column];
        if (bench === undefined) continue;
        await target.during?.begin();
        const measured = await measureOnce(bench, target, load, plan.profileDir ?? null);
        await target.during?.end();
        samples[row]?.[column]?.push(measured);
        const { opsPerSecond, p50Ms, failures } = measured.measurement;
        const figures = `${Math.round(opsPerSecond)} ops/s, p50 ${p50Ms.toFixed(2)} ms`;
        const failed = failures === 0 ? '' : `, ${failures} failed (${measured.lost} connections lost)`;
        plan.progress(`round ${round + 1}: ${target.name} ${describe(load)}: ${figures}${failed}`);
      }
    }
  }
  await Promise.all(benches.map((bench) => bench.close()));
  return {
    targets: targets.map((target) => target.name),
    faults: plan.faults ?? 0,
    rows: plan.loads.map((load, row) => {
      const byTarget = samples[row] ?? [];
      return {
        load,
        medians: byTarget.map((rounds) => medians(rounds.map(({ measurement }) => measurement))),
        shares: byTarget.map((rounds) => rounds.at(-1)?.shares ?? null),
      };
    }),
    sync: worst(probes),
    serverResidentBytes: targets.map((target) => processCost(target.pids()).residentBytes),
  };
}

export const describe = (load: Load): string =>
  `${load.operation} ${load.payloadBytes} B, ${load.connections} x ${load.depth}`;

function warmUps({ loads, warmUpSeconds }: Plan): Load[] {
  const byOperation = new Map(loads.map((load) => [load.operation, load]));
  return [...byOperation.values()].map((load) => ({
    ...load,
    connections: 6,
    depth: 50,
    seconds: warmUpSeconds,
  }));
}

async function probe(dataDir: string): Promise<SyncLatency> {
  const running = startSyncProbe(dataDir, 1);
  await sleep(PROBE_MS);
  return running.stop();
}

interface Measured {
  readonly lost: number;
  readonly measurement: Measurement;
  readonly shares: CpuShares | null;
}

async function measureOnce(
  bench: Bench,
  target: Target,
  load: Load,
  profileDir: string | null,
): Promise<Measured> {
  const profiling = profileDir === null ? undefined : target.profiling;
  let profiles: readonly Profiler.Profile[] = [];
  let before = costs(target);
  let cost = { serverMs: 0, mainThreadsMs: 0, clientMs: 0 };
  const { latencies, elapsedMs, failures, lost } = await bench.run(load, {
    begin: async () => {
      await profiling?.start();
      before = costs(target);
    },
    end: async () => {
      cost = difference(costs(target), before);
      profiles = (await profiling?.stop()) ?? [];
    },
  });
  const perOp = (ms: number): number => (latencies.count === 0 ? 0 : ms / latencies.count);
  const measurement = {
    opsPerSecond: (latencies.count * 1_000) / elapsedMs,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    longestStallMs: latencies.longestStallMs,
    serverCpuMsPerOp: perOp(cost.serverMs),
    clientCpuShare: cost.clientMs / elapsedMs,
    failures,
  };
  if (profileDir === null || profiling === undefined) return { lost, measurement, shares: null };
  const { operation, payloadBytes, connections, depth } = load;
  writeProfiles(profileDir, `${target.name}-${operation}-${payloadBytes}-${connections}x${depth}`, profiles);
  const shares = sharesOf(profiles, {
    serverCpuUsPerOp: perOp(cost.serverMs) * 1_000,
    mainThreadUsPerOp: perOp(cost.mainThreadsMs) * 1_000,
  });
  return { lost, measurement, shares };
}

interface Costs {
  readonly serverMs: number;
  readonly mainThreadsMs: number;
  readonly clientMs: number;
}

function costs(target: Target): Costs {
  const { cpuMs, mainThreadsMs } = processCost(target.pids());
  const { user, system } = process.cpuUsage();
  return { serverMs: cpuMs, mainThreadsMs, clientMs: (user + system) / 1_000 };
}

const difference = (after: Costs, before: Costs): Costs => ({
  serverMs: after.serverMs - before.serverMs,
  mainThreadsMs: after.mainThreadsMs - before.mainThreadsMs,
  clientMs: after.clientMs - before.clientMs,
});

function medians(rounds: readonly Measurement[]): Measurement {
  const of = (pick: (measurement: Measurement) => number): number => median(rounds.map(pick));
  return {
    opsPerSecond: of((m) => m.opsPerSecond),
    p50Ms: of((m) => m.p50Ms),
    p99Ms: of((m) => m.p99Ms),
    longestStallMs: Math.max(0, ...rounds.map((m) => m.longestStallMs)),
    serverCpuMsPerOp: of((m) => m.serverCpuMsPerOp),
    clientCpuShare: of((m) => m.clientCpuShare),
    failures: rounds.reduce((sum, m) => sum + m.failures, 0),
  };
}

function worst(probes: readonly SyncLatency[]): SyncLatency {
  return {
    count: probes.reduce((sum, p) => sum + p.count, 0),
    p50Ms: median(probes.map((p) => p.p50Ms)),
    p99Ms: median(probes.map((p) => p.p99Ms)),
    longestMs: Math.max(0, ...probes.map((p) => p.longestMs)),
  };
}
