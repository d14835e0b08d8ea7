/**
 * A running ensemble of ZooKeeper servers that can be hurt: what the benchmark and the acceptance tests know of the
 * thing under test. There are two: Apache ZooKeeper (the baseline, which also shows that the tests are right) and
 * Concordat. Domains are numbered from 0, in the order of `endpoints`.
 */

import type { Profiler } from 'node:inspector';
import type { Endpoint } from './connection.ts';

export interface Cluster {
  readonly name: 'apache' | 'concordat';
  readonly endpoints: readonly Endpoint[];
  /** Where the servers listen to one another. */
  readonly peerEndpoints: readonly Endpoint[];
  /** How many servers must have synced a write before its acknowledgement: a majority, or n - u. */
  readonly durableAt: number;
  /** On the disk that the servers write to. */
  readonly dataDir: string;
  /** The process of one domain; 0 while it is down. */
  pid(domain: number): number;
  /** The domain that orders writes now: the leader, or the primary of the view; null if none is known. */
  primary(): Promise<number | null>;
  /** SIGTERM, as an operator stops it; resolves when the process is gone. */
  terminate(domain: number): Promise<void>;
  /** The longest time for which a server's thread was held since it served first, in milliseconds; null where it does not tell. */
  longestHoldMs(domain: number): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill9(domain: number): Promise<void>;
  /** Starts a killed domain again; resolves when it serves clients. */
  restart(domain: number): Promise<void>;
  /** Kills all of them, without waiting between the kills. */
  killAll(): Promise<void>;
  restartAll(): Promise<void>;
  /** Turns a domain into an adversary by the name of its strategy, or back with `stop`; only where liars are foreseen. */
  attack?(domain: number, strategy: string): Promise<void>;
  /** V8's profiles of the servers that run, from one call to the other; where the options ask for them. */
  readonly profiling?: Profiling;
  /** Ends everything and deletes the data. */
  stop(): Promise<void>;
}

export interface Profiling {
  start(): Promise<void>;
  stop(): Promise<Profiler.Profile[]>;
}

/** CLUSTER_MISSING: what is needed to run it is not installed. CLUSTER_START: it did not come up, or fell over. */
export class ClusterError extends Error {
  readonly code: 'CLUSTER_MISSING' | 'CLUSTER_START';
  constructor(code: 'CLUSTER_MISSING' | 'CLUSTER_START', message: string) {
    super(message);
    this.code = code;
  }
}

/** The place of one domain. */
export interface Site {
  /** Lower-case letters; its data are in a folder of this name. */
  readonly name: string;
  readonly clients: Endpoint;
  readonly members: Endpoint;
  readonly monitor: Endpoint;
  /** What its command line begins with, such as the entry to a network namespace. */
  readonly through: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Places for all domains, made ready by somebody who can hurt them there. */
export interface Grounds {
  readonly sites: readonly Site[];
  /** Once every domain is gone. */
  clear(): Promise<void>;
}

export interface ClusterOptions {
  /** Further lines of every server's configuration; only Apache takes any. */
  readonly settings?: readonly string[];
  /** How many servers, three if nothing is said; only Apache has a choice. One alone replicates nothing. */
  readonly servers?: number;
  /** How often nodes that have ended are looked for; only Concordat takes it here. */
  readonly sweepMs?: number;
  /** Servers can be profiled; only Concordat's. */
  readonly profiled?: boolean;
  /** Leave the data and logs where they are after `stop`. */
  readonly keepData?: boolean;
  /** The parent of the temporary data directory; it decides which disk is measured. */
  readonly parentDir?: string;
  /** Readies places in the data directory, a folder for each domain; only Concordat runs elsewhere than on loopback. */
  readonly grounds?: (dataDir: string) => Promise<Grounds>;
}
