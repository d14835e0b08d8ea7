/** Four members begin with an imported state: one that comes late has it too, and so has one that lost its journal. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, encodeGenesis, OpCode, writeSnapshot, type Znode } from '@concordat/keeper';
import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex, utf8 } from '@concordat/wire';
import { type Federation, formatFederation, type Member, parseFederation } from '../config/federation.ts';
import { initialise, placesIn } from '../config/organisation.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { readTree } from './export.ts';
import { adopt, sha256Hex } from './first-state.ts';
import { importFrom } from './import.ts';

const HERE = '127.0.0.1';
const NAMES = ['alpha', 'bravo', 'charlie', 'delta'];
const LATE = 'delta';
const DEADLINE_MS = 45_000;
const LAST = 0x300000007;
const directory = mkdtempSync(join(tmpdir(), 'late-member-'));
const state = join(directory, 'zookeeper.state');
const placeOf = (name: string): string => join(directory, name);
const running = new Map<string, Daemon>();
const made: { federation: Federation | null } = { federation: null };

const node: Znode = {
  data: utf8('imported'),
  acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
  ...{ czxid: 1, mzxid: LAST, pzxid: 2, ctime: 3, mtime: 4, version: 5, cversion: 6, aversion: 7, owner: 0 },
};
const NODES = ['/', '/app', '/zookeeper', '/zookeeper/quota'].map((path) => [path, node] as const);

async function start(name: string): Promise<void> {
  const daemon = await startDaemon({
    directory: placeOf(name),
    federation: made.federation ?? assert.fail('it is made before'),
    clients: { host: HERE, port: 0 },
    monitor: { host: HERE, port: 0 },
    superDigest: null,
    logger: createLogger({ level: 'error' }),
  });
  running.set(name, daemon);
}

async function stop(name: string): Promise<void> {
  await running.get(name)?.close();
  running.delete(name);
}

/** A session, once the member serves. */
async function connect(name: string): Promise<LiveClient> {
  const port = running.get(name)?.host.addresses.get('clients')?.port ?? 0;
  for (const end = Date.now() + DEADLINE_MS; ; await sleep(100)) {
    const client = await connectLive({ host: HERE, port }).catch(() => null);
    if (client !== null) return client;
    assert.ok(Date.now() < end, `${name} serves`);
  }
}

async function treeAt(name: string): Promise<readonly (readonly [string, Znode])[]> {
  const client = await connect(name);
  const { nodes } = await readTree(client, () => {});
  await client.close();
  return nodes;
}

async function create(name: string, path: string): Promise<void> {
  const client = await connect(name);
  assert.equal((await client.request(OpCode.create, bodies.create(path, utf8(path)))).err, ErrorCode.ok);
  await client.close();
}

before(async () => {
  const snapshot = join(directory, `snapshot.${LAST.toString(16)}`);
  writeFileSync(snapshot, writeSnapshot(NODES));
  const bytes = encodeGenesis(importFrom([snapshot], () => {}).genesis);
  writeFileSync(state, bytes);
  const members: Member[] = [];
  for (const name of NAMES) {
    const { publicKey, pin } = await initialise(placeOf(name), name);
    members.push({ name, address: `${HERE}:${await freePort()}`, key: toHex(publicKey), pin });
  }
  made.federation = parseFederation(
    formatFederation(1, 1, members, { import: sha256Hex(bytes) }),
    'federation.yaml',
  );
  for (const name of NAMES.filter((one) => one !== LATE)) {
    adopt(state, placeOf(name), made.federation);
    await start(name);
  }
});

after(async () => {
  for (const name of [...running.keys()]) await stop(name);
  rmSync(directory, { recursive: true, force: true });
});

const withoutConfig = (nodes: readonly (readonly [string, Znode])[]) =>
  nodes.filter(([path]) => path !== '/zookeeper/config');

describe('a member of a federation that began with an imported state', () => {
  it('that comes late says that it needs the file, and with it serves what the others serve', async () => {
    await create('alpha', '/app/first');
    await assert.rejects(start(LATE), { code: 'no-import' });
    adopt(state, placeOf(LATE));
    await start(LATE);
    const nodes = await treeAt(LATE);
    assert.deepEqual(nodes, await treeAt('bravo'));
    const paths = withoutConfig(nodes).map(([path]) => path);
    assert.deepEqual(paths, ['/', '/app', '/zookeeper', '/app/first', '/zookeeper/quota']);
    assert.ok((new Map(nodes).get('/app/first')?.czxid ?? 0) > LAST);
  });

  it('that lost its journal learns the state from the others', async () => {
    await stop(LATE);
    rmSync(placesIn(placeOf(LATE)).journal, { recursive: true });
    await create('alpha', '/app/second');
    await start(LATE);
    const nodes = await treeAt(LATE);
    assert.deepEqual(nodes, await treeAt('bravo'));
    assert.equal(withoutConfig(nodes).length, 6);
  });
});
