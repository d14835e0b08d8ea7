/** `bench keeper`: starts what is to be measured, measures it, prints the table, stops what it started. */

import { tmpdir } from 'node:os';
import { startApache } from './apache-cluster.ts';
import { type Cluster, ClusterError } from './cluster.ts';
import { startConcordat } from './concordat-cluster.ts';
import { ConnectError } from './connection.ts';
import { measure, type Target, targetOf } from './measure.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { formatReport } from './report.ts';

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export async function runKeeperBench(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const options = parseOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  const clusters: Cluster[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
  };
  const stopAndLeave = (): void => {
    stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', stopAndLeave);
  process.once('SIGTERM', stopAndLeave);
  try {
    await startClusters(options, clusters);
    await run(options, clusters);
    return 0;
  } catch (error) {
    if (!(error instanceof ClusterError) && !(error instanceof ConnectError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await stop();
  }
}

/** Ours first: ratios are the first target's figures over the second's. */
async function startClusters(options: Options, clusters: Cluster[]): Promise<void> {
  const settings = options.dataParent === null ? {} : { parentDir: options.dataParent };
  const ours = { ...settings, profiled: options.profileDir !== null };
  if (options.mode === 'ours' || options.mode === 'compare') clusters.push(await startConcordat(ours));
  for (const _ of options.faults) clusters.push(await startConcordat(ours));
  if (options.mode === 'apache' || options.mode === 'compare') clusters.push(await startApache(settings));
}

/**
 * The last domain is down, or the one that leads attacks while it is measured. Clients of that domain are not counted: they
 * are elsewhere.
 */
async function faultyTarget(cluster: Cluster, fault: string): Promise<Target> {
  const last = cluster.endpoints.length - 1;
  const domain = fault === 'down' ? last : ((await cluster.primary()) ?? last);
  const endpoints = cluster.endpoints.filter((_, id) => id !== domain);
  const target = { ...targetOf(cluster), name: fault, endpoints };
  if (fault === 'down') {
    await cluster.kill9(domain);
    return target;
  }
  const attack = async (strategy: string): Promise<void> => cluster.attack?.(domain, strategy);
  return { ...target, during: { begin: () => attack(fault), end: () => attack('stop') } };
}

async function run(options: Options, clusters: readonly Cluster[]): Promise<void> {
  const faultless = clusters.length - options.faults.length;
  const targets = await Promise.all(
    clusters.map((cluster, i) => {
      const fault = options.faults[i - faultless];
      return fault === undefined ? targetOf(cluster) : faultyTarget(cluster, fault);
    }),
  );
  if (options.mode === 'endpoints') {
    targets.push({ name: 'endpoints', endpoints: options.endpoints, pids: () => [] });
  }
  const report = await measure(targets, {
    loads: options.loads,
    rounds: options.rounds,
    warmUpSeconds: options.warmUpSeconds,
    faults: options.faults.length,
    profileDir: options.profileDir,
    dataDir: clusters[0]?.dataDir ?? options.dataParent ?? tmpdir(),
    progress: (line) => console.error(line),
  });
  console.log(options.json ? JSON.stringify(report, null, 2) : formatReport(report));
}
