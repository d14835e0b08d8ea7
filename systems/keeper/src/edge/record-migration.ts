/**
 * Has Apache ZooKeeper, as Debian's package `zookeeper` installs it, write its files about a varied tree, and prints them
 * with what it serves from them after a restart, for tests:
 * `node dist/edge/record-migration.js > src/migration/testing/apache-3.8.0.json`, then `npm run format`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLive, type LiveClient } from './live-client.ts';
import { childPath, readNode } from './live-node.ts';
import { changeTree, growTree, VARIED_CREDENTIAL } from './varied-tree.ts';

const JAR = '/usr/share/java/zookeeper.jar';
const MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
const PORT = 23_450;
const DEADLINE_MS = 90_000;

const directory = mkdtempSync(join(tmpdir(), 'record-migration-'));
const config = join(directory, 'zoo.cfg');
const settings = ['extendedTypesEnabled=true', 'preAllocSize=64', 'admin.enableServer=false'];
const place = [`dataDir=${directory}`, `clientPort=${PORT}`, 'clientPortAddress=127.0.0.1', 'tickTime=2000'];
writeFileSync(config, `${[...place, ...settings].join('\n')}\n`);

const start = (): ChildProcess =>
  spawn('/usr/bin/java', ['-Xmx200m', '-cp', JAR, MAIN, config], { stdio: 'ignore' });

async function stop(server: ChildProcess): Promise<void> {
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
}

async function connected(): Promise<LiveClient> {
  const auth = [{ scheme: 'digest', credential: new TextEncoder().encode(VARIED_CREDENTIAL) }];
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await sleep(500)) {
    const client = await connectLive({ host: '127.0.0.1', port: PORT, auth }).catch(() => null);
    if (client !== null) return client;
  }
  throw new Error('the server does not serve');
}

const base64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64');

/** Without the zeros that a log is allocated with. */
function files(): Record<string, string | null> {
  const folder = join(directory, 'version-2');
  const names = readdirSync(folder).filter((name) => /^(log|snapshot)\./.test(name));
  const trimmed = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
  return Object.fromEntries(
    names.sort().map((name) => [name, base64(trimmed(readFileSync(join(folder, name))))]),
  );
}

async function served(client: LiveClient): Promise<unknown[]> {
  const nodes: unknown[] = [];
  const paths = ['/'];
  for (const path of paths) {
    const { data, stat, acl, children } = await readNode(client, path);
    nodes.push({ path, data: base64(data), stat, acl });
    for (const child of children ?? []) paths.push(childPath(path, child));
  }
  return nodes;
}

let server = start();
try {
  const first = await connected();
  await growTree(first);
  await first.close();
  await stop(server);
  server = start();
  await changeTree(await connected());
  await stop(server);
  const written = files();
  server = start();
  const nodes = await served(await connected());
  process.stdout.write(JSON.stringify({ files: written, nodes }));
  await stop(server);
} finally {
  server.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
