/**
 * `bench replication`: raw replication of a null service, as the peers measure theirs, beside one server without
 * replication in the same run. Rounds alternate between the targets, so that a slow minute of a shared machine hurts all.
 */

import type { Profiler } from 'node:inspector';
import type { PresetName } from '@concordat/replication';
import { ClusterError } from '../cluster.ts';
import { median } from '../latencies.ts';
import { type CpuShares, sharesOf, writeProfiles } from '../profile.ts';
import { type NullFigures, type NullLoad, runNullLoad } from './null-load.ts';
import { type NullOptions, parseNullOptions, USAGE } from './options.ts';
import { describeRow, formatNull } from './report.ts';
import { type JournalKind, type Servers, startServers, type TargetName } from './servers.ts';

export interface NullRow {
  readonly journal: JournalKind;
  readonly target: TargetName;
  readonly preset: PresetName;
  readonly load: NullLoad;
  /** Medians over the rounds, each figure for itself. */
  readonly figures: NullFigures;
  /** Where the servers' time went; null unless asked for. */
  readonly shares: CpuShares | null;
}

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export async function runReplicationBench(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const options = parseNullOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  try {
    const rows = await measureNull(options, (line) => console.error(line));
    console.log(options.json ? JSON.stringify(rows, null, 2) : formatNull(rows));
    return 0;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** Each kind of journal with fresh servers of all targets; then all loads, one after the other. */
export async function measureNull(
  options: NullOptions,
  progress: (line: string) => void,
): Promise<NullRow[]> {
  const rows: NullRow[] = [];
  for (const journal of options.journals) {
    const running = new Map<TargetName, Servers>();
    try {
      for (const target of options.targets) {
        const { preset, parentDir } = options;
        const servers = await startServers({ target, journal, preset, parentDir });
        running.set(target, servers);
      }
      for (const load of options.loads) {
        const measured = await measureLoad(options, running, journal, load);
        rows.push(...measured);
        for (const row of measured) progress(describeRow(row));
      }
    } finally {
      for (const servers of running.values()) await servers.stop();
    }
  }
  return rows;
}

interface Run {
  readonly figures: NullFigures;
  readonly shares: CpuShares | null;
}

async function measureLoad(
  { rounds, profileDir, preset }: NullOptions,
  running: ReadonlyMap<TargetName, Servers>,
  journal: JournalKind,
  load: NullLoad,
): Promise<NullRow[]> {
  const runs = new Map<TargetName, Run[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [target, servers] of running) {
      const prefix =
        profileDir === null
          ? null
          : { profileDir, name: `${journal}-${target}-${load.clients}x${load.payloadBytes}` };
      const run = await runOnce(servers, target, load, prefix);
      runs.set(target, [...(runs.get(target) ?? []), run]);
    }
  }
  return [...runs].map(([target, each]) => ({
    journal,
    target,
    preset,
    load,
    figures: mediansOf(each.map(({ figures }) => figures)),
    shares: each.at(-1)?.shares ?? null,
  }));
}

async function runOnce(
  servers: Servers,
  target: TargetName,
  load: NullLoad,
  profile: { readonly profileDir: string; readonly name: string } | null,
): Promise<Run> {
  // Once for nothing: what is measured is a service under this load, not one that is being compiled for it.
  await runNullLoad(servers, target, load);
  if (profile === null) return { figures: await runNullLoad(servers, target, load), shares: null };
  let profiles: readonly Profiler.Profile[] = [];
  const figures = await runNullLoad(servers, target, load, {
    begin: servers.startProfile,
    end: async () => {
      profiles = await servers.stopProfile();
    },
  });
  writeProfiles(profile.profileDir, profile.name, profiles);
  const { serverCpuUsPerRequest: serverCpuUsPerOp, mainThreadUsPerRequest: mainThreadUsPerOp } = figures;
  return { figures, shares: sharesOf(profiles, { serverCpuUsPerOp, mainThreadUsPerOp }) };
}

function mediansOf(figures: readonly NullFigures[]): NullFigures {
  const of = (name: keyof NullFigures): number => median(figures.map((each) => each[name]));
  return {
    requests: of('requests'),
    failures: of('failures'),
    requestsPerSecond: of('requestsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    serverCpuUsPerRequest: of('serverCpuUsPerRequest'),
    mainThreadUsPerRequest: of('mainThreadUsPerRequest'),
    clientCpuShare: of('clientCpuShare'),
    residentBytes: of('residentBytes'),
  };
}
