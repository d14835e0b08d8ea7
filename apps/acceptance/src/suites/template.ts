/**
 * A federation that has been started once and stopped: what every fresh ensemble of a suite begins with; and the programs that
 * suites start servers with, `java` and `zkServer.sh`, which start domains of it.
 */

import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '@concordat/bench';
import type { Trial } from '../trial.ts';

const LAUNCHER = fileURLToPath(new URL('./launcher.js', import.meta.url));

export interface Launchers {
  /** Holds `java` and `zkServer.sh`. */
  readonly bin: string;
  /** Of Java's servers; no path where `java` starts domains. */
  readonly classpath: string;
  /** Names every process that was started, on its command line. */
  readonly mark: string;
}

/**
 * Federations for some tests: `swept` where a server is told how often to look for nodes that have ended, which its members have
 * agreed on from the beginning; `ensembles` for ensembles while a server on its own, of the usual one, is there.
 */
export type Beside = 'swept' | 'ensembles';
const SWEEP_MS = 100;

/** Makes both below `folder`. */
export async function makeLaunchers(
  trial: Trial,
  folder: string,
  beside: readonly Beside[] = [],
): Promise<Launchers> {
  const template = join(folder, 'template');
  // The names begin alike: one mark for the processes of all.
  const clusters: [string, Cluster][] = [[template, await trial.cluster()]];
  // All run before one is stopped, so that no two have a port in common.
  for (const kind of beside)
    clusters.push([
      `${template}-${kind}`,
      await trial.cluster(kind === 'swept' ? { sweepMs: SWEEP_MS } : {}),
    ]);
  for (const [to, cluster] of clusters) {
    await cluster.killAll();
    cpSync(cluster.dataDir, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  }
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = (name: string, lines: readonly string[]): void => {
    writeFileSync(join(bin, name), `${['#!/bin/sh', ...lines].join('\n')}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const sweeps = beside.includes('swept') ? '*znode.container.checkIntervalMs=*' : 'nothing';
  const launch = [
    `case "$flags" in *readonlymode.enabled=true*) reading=reading ;; *) reading= ;; esac`,
    `digest=$(printf '%s' "$flags" | sed -n 's/.*superDigest=\\([^ ]*\\).*/\\1/p')`,
    `case "$flags" in ${sweeps}) of=-swept ;; *) of= ;; esac`,
    `command=$("${process.execPath}" "${LAUNCHER}" "${template}$of" $$ "$config" "$digest" "$reading") || exit 1`,
    'eval "exec $command"',
  ];
  // Suites also ask with Java's own client whether the server is up.
  const isServer = `case "$*" in *ServerMain*|*QuorumPeerMain*) ;; *) exec /usr/bin/java "$@" ;; esac`;
  program('java', [isServer, 'flags="$*"', 'for config; do :; done', ...launch]);
  program('zkServer.sh', ['flags="$SERVER_JVMFLAGS"', 'config="$2"', ...launch]);
  return { bin, classpath: 'none', mark: template };
}

/** `HOST:PORT` of one endpoint. */
export function addressOf(cluster: Cluster, domain: number): string {
  const endpoint = cluster.endpoints[domain % cluster.endpoints.length];
  return `${endpoint?.host}:${endpoint?.port}`;
}
