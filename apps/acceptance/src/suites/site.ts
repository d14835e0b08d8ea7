/**
 * Where the servers of one ensemble of a suite, and the companion that runs the rest of their federation, find one another:
 * a folder beside the template, named after what the suite says of the ensemble. One federation is there for all
 * ensembles of a suite, one after the other, so one companion at a time holds the lock.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
export const DOMAINS = 4;

/** The names of a template's domains, in the order of the federation. */
export function domainNames(template: string): readonly string[] {
  const federation = readFileSync(join(template, 'federation.yaml'), 'utf8');
  return [...federation.matchAll(/- name: (\S+)/g)].map((match) => match[1] ?? '');
}

/**
 * The folder of the ensemble that a server with this configuration belongs to: a single one is told by its data directory,
 * and is another when that is made anew; several by the ports that they name for one another.
 */
export function siteOf(template: string, dataDir: string, peers: readonly string[]): string {
  const { ino, birthtimeMs } = statSync(peers.length === 0 ? dataDir : dirname(dataDir));
  const text = [ino, birthtimeMs, ...peers.map((peer) => peer.replace(/;.*/, '')).sort()].join(' ');
  return join(template, 'ensembles', createHash('sha256').update(text).digest('hex').slice(0, 16));
}

export const lockOf = (template: string): string => join(template, 'companion');

/** A test of go-zookeeper reads a reply of 20 MB, more than a daemon sends unless told. */
const LIMITS = ['maxReplyBytes=33554432', 'maxUnreadBytes=67108864'];

/** What runs the domain in `data`, with clients at `port` (0: any that is free) of every address, as ZooKeeper's. */
export const serveCommand = (template: string, data: string, port: number): string[] => [
  ...[process.execPath, MAIN, 'serve', '--data', data, '--federation', join(template, 'federation.yaml')],
  ...['--clients', `:::${port}`, '--monitor', '127.0.0.1:0'],
  ...LIMITS.flatMap((limit) => ['--limit', limit]),
];

/** Is any of the servers that signed in at `site` running? */
export const isInhabited = (site: string): boolean =>
  readdirSync(join(site, 'pids')).some((pid) => isAlive(Number(pid)));

/** A process that has ended and that nobody has waited for is not alive. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

export function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
