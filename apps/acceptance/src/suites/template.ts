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

/** Between two looks for nodes that have ended, for a test that sets it: all members agree on it, so it is another federation. */
const SWEEP_MS = 100;

/** Makes both below `folder`. */
export async function makeLaunchers(trial: Trial, folder: string, sweeps: boolean): Promise<Launchers> {
  const usual = await trial.cluster();
  // While the other runs, so that they have no port in common.
  const swept = sweeps ? await trial.cluster({ sweepMs: SWEEP_MS }) : null;
  const template = join(folder, 'template');
  // Its name begins with the other's: one mark for the processes of both.
  const sweptTemplate = swept === null ? template : `${template}-swept`;
  await stopAndCopy(usual, template);
  if (swept !== null) await stopAndCopy(swept, sweptTemplate);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = (name: string, lines: readonly string[]): void => {
    writeFileSync(join(bin, name), `${['#!/bin/sh', ...lines].join('\n')}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const launch = [
    `case "$flags" in *readonlymode.enabled=true*) reading=reading ;; *) reading= ;; esac`,
    `digest=$(printf '%s' "$flags" | sed -n 's/.*superDigest=\\([^ ]*\\).*/\\1/p')`,
    `case "$flags" in *znode.container.checkIntervalMs=*) of="${sweptTemplate}" ;; *) of="${template}" ;; esac`,
    `command=$("${process.execPath}" "${LAUNCHER}" "$of" $$ "$config" "$digest" "$reading") || exit 1`,
    'eval "exec $command"',
  ];
  // Suites also ask with Java's own client whether the server is up.
  const isServer = `case "$*" in *ServerMain*|*QuorumPeerMain*) ;; *) exec /usr/bin/java "$@" ;; esac`;
  program('java', [isServer, 'flags="$*"', 'for config; do :; done', ...launch]);
  program('zkServer.sh', ['flags="$SERVER_JVMFLAGS"', 'config="$2"', ...launch]);
  return { bin, classpath: 'none', mark: template };
}

async function stopAndCopy(cluster: Cluster, to: string): Promise<void> {
  await cluster.killAll();
  cpSync(cluster.dataDir, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });
}

/** `HOST:PORT` of one endpoint. */
export function addressOf(cluster: Cluster, domain: number): string {
  const endpoint = cluster.endpoints[domain % cluster.endpoints.length];
  return `${endpoint?.host}:${endpoint?.port}`;
}
