/** From files of ZooKeeper to a daemon that serves their tree, and back to a file; and what a daemon refuses to begin with. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CreateMode,
  decodeGenesis,
  ErrorCode,
  encodeGenesis,
  OpCode,
  writeSnapshot,
  type Znode,
} from '@concordat/keeper';
import type { LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { freePort } from '@concordat/runtime';
import { toHex, utf8 } from '@concordat/wire';
import type { Federation, Member } from '../config/federation.ts';
import { placesIn } from '../config/organisation.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { clientOf, clientPortOf, federationOf, makeMember, startAlone } from '../testing/alone.ts';
import { readTree } from './export.ts';
import { askForExport } from './export-file.ts';
import { adopt, sha256Hex } from './first-state.ts';
import { importFrom } from './import.ts';
import { importLive, isConnectString } from './import-live.ts';

const directory = mkdtempSync(join(tmpdir(), 'migration-'));
const zookeeper = join(directory, 'zookeeper');
const place = join(directory, 'alpha');
const state = join(directory, 'zookeeper.state');
const none = (): void => {};

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const blank: Znode = {
  data: null,
  acl: OPEN,
  ...{ czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0, owner: 0 },
};
const NODES: readonly (readonly [string, Znode])[] = [
  ['/', { ...blank, cversion: 1, pzxid: 7 }],
  [
    '/app',
    {
      ...blank,
      data: utf8('app'),
      czxid: 7,
      mzxid: 9,
      pzxid: 12,
      version: 2,
      cversion: 5,
      ctime: 77,
      mtime: 99,
    },
  ],
  ['/app/one', { ...blank, data: utf8('1'), acl: [{ perms: 1, scheme: 'world', id: 'anyone' }], czxid: 8 }],
  ['/app/two', { ...blank, czxid: 12, owner: 1 }],
  ['/zookeeper', blank],
  ['/zookeeper/quota', blank],
];
const LAST = 0x200000010;

interface Running {
  readonly daemon: Daemon;
  readonly client: LiveClient;
}

const found = { member: null as Member | null, federation: null as Federation | null };

const federationWith = (first?: string): Federation =>
  federationOf(found.member ?? assert.fail('it is made before'), first);

const daemonOf = (federation: Federation): Promise<Daemon> => startAlone(place, federation);

async function run(federation: Federation): Promise<Running> {
  const daemon = await daemonOf(federation);
  return { daemon, client: await clientOf(daemon) };
}

async function stop({ daemon, client }: Running): Promise<void> {
  await client.close();
  await daemon.close();
}

before(async () => {
  mkdirSync(join(zookeeper, 'version-2'), { recursive: true });
  writeFileSync(join(zookeeper, 'version-2', `snapshot.${LAST.toString(16)}`), writeSnapshot(NODES));
  writeFileSync(join(zookeeper, 'version-2', 'currentEpoch'), '2');
  const { genesis } = importFrom([zookeeper], none);
  writeFileSync(state, encodeGenesis(genesis));
  found.member = await makeMember(place);
  found.federation = federationWith(sha256Hex(encodeGenesis(genesis)));
});

after(() => rmSync(directory, { recursive: true, force: true }));

const federation = (): Federation => found.federation ?? assert.fail('it is made before');

describe('a federation with an imported state', () => {
  it('is another than the same members without it, or with another', () => {
    const ids = [federationWith(), federation(), federationWith('ab'.repeat(32))].map(({ id }) => toHex(id));
    assert.equal(new Set(ids).size, 3);
    // One that begins with nothing is what it was before there were imports.
    const { name, key } = found.member ?? assert.fail('it is made before');
    assert.equal(ids[0], sha256Hex(utf8(`concordat federation v1\n0 0\n${name} ${key}\n`)));
  });

  it('has no daemon without the file, or with another one', async () => {
    await assert.rejects(daemonOf(federation()), { code: 'no-import', message: /import\.state is missing/ });
    writeFileSync(placesIn(place).imported, 'something else');
    await assert.rejects(daemonOf(federation()), { code: 'other-import' });
    assert.throws(() => adopt(state, place, federation()), { code: 'other-import' });
    rmSync(placesIn(place).imported);
    assert.throws(() => adopt(state, place, federationWith()), { code: 'no-import' });
    assert.throws(() => adopt(state, place, federationWith('ab'.repeat(32))), { code: 'other-import' });
    assert.throws(() => adopt(state, join(directory, 'nobody'), federation()), { code: 'no-identity' });
    const wrong = join(directory, 'wrong.state');
    writeFileSync(wrong, 'no state');
    assert.throws(() => adopt(wrong, place), { code: 'bad-import' });
  });

  it('serves the tree with its Stats, goes on from there, and still after a restart', async () => {
    adopt(state, place, federation());
    assert.equal(statSync(placesIn(place).imported).mode & 0o777, 0o600);
    const first = await run(federation());
    const served = await readTree(first.client, none);
    const seen = new Map(served.nodes);
    for (const [path, node] of NODES.filter(([name]) => name.startsWith('/app'))) {
      // Clients are told neither of null data nor of containers.
      assert.deepEqual(seen.get(path), { ...node, data: node.data ?? new Uint8Array(0), owner: 0 }, path);
    }
    const changed = await first.client.request(OpCode.create, bodies.create('/app/three', utf8('3')));
    assert.equal(changed.err, ErrorCode.ok);
    const later = await readTree(first.client, none);
    assert.ok(later.zxid > LAST && later.zxid < LAST + 100);
    await stop(first);
    const again = await run(federation());
    assert.deepEqual((await readTree(again.client, none)).nodes, later.nodes);
    await stop(again);
  });

  it('is exported as a snapshot of the same tree', async () => {
    const running = await run(federation());
    const { nodes, zxid } = await readTree(running.client, none);
    await stop(running);
    const folder = join(directory, 'exported');
    mkdirSync(folder);
    writeFileSync(join(folder, `snapshot.${zxid.toString(16)}`), writeSnapshot(nodes));
    const back = importFrom([folder], none);
    const expected = nodes
      .filter(([path]) => path !== '/zookeeper/config')
      .map(([path]) => path)
      .sort();
    assert.deepEqual(
      back.genesis.nodes.map(([path]) => path),
      expected,
    );
    assert.deepEqual(new Map(back.genesis.nodes).get('/app/one'), new Map(nodes).get('/app/one'));
  });

  it('is exported by its daemon with what clients are not told', async () => {
    const running = await run(federation());
    const { zxid, nodes, file } = await askForExport(place);
    await stop(running);
    const folder = join(directory, 'whole');
    mkdirSync(folder);
    renameSync(file, join(folder, `snapshot.${zxid.toString(16)}`));
    const { genesis, census } = importFrom([folder], none);
    // The configuration stays each server's own.
    assert.deepEqual([genesis.nodes.length, census.containers], [nodes - 1, 1]);
    const back = new Map(genesis.nodes);
    for (const [path, node] of NODES.filter(([name]) => name.startsWith('/app/')))
      assert.deepEqual(back.get(path), node, path);
    assert.equal(back.get('/app/three')?.data?.length, 1);
    await assert.rejects(askForExport(place), { code: 'not-running' });
  });

  it('is imported again from its daemon as it runs, but for what clients are not told', async () => {
    const running = await run(federation());
    const endpoint = `127.0.0.1:${clientPortOf(running.daemon)}`;
    const nobody = `127.0.0.1:${await freePort()}`;
    const created = await running.client.request(
      OpCode.create,
      bodies.create('/app/mine', null, { mode: CreateMode.ephemeral }),
    );
    assert.equal(created.err, ErrorCode.ok);
    const live = await importLive(`${nobody},${endpoint}`, [], none);
    await stop(running);
    assert.equal(live.endpoint, endpoint);
    assert.deepEqual([live.ephemerals, live.before, live.after], [1, live.genesis.zxid, live.genesis.zxid]);
    const back = new Map(live.genesis.nodes);
    for (const [path, node] of NODES.filter(([name]) => name.startsWith('/app/')))
      assert.deepEqual(back.get(path), { ...node, data: node.data ?? new Uint8Array(0), owner: 0 }, path);
    assert.deepEqual([back.has('/app/mine'), back.has('/zookeeper/config')], [false, false]);
    // What it makes is what a federation can begin with.
    assert.deepEqual(decodeGenesis(encodeGenesis(live.genesis)), live.genesis);
    await assert.rejects(importLive(nobody, [], none), { code: 'no-session', message: new RegExp(nobody) });
  });

  it('is told from files by how it is named', () => {
    for (const text of ['zk1:2181', 'zk1.example:2181,10.0.0.2:2182']) assert.ok(isConnectString(text), text);
    for (const text of ['/var/lib/zk', 'zk1', 'data/a:1', 'zk1:2181,', 'zk1:port'])
      assert.ok(!isConnectString(text), text);
  });

  it('is exported without ephemeral nodes, and not at all where something is not shown', async () => {
    const running = await run(federation());
    const { client } = running;
    const create = async (path: string, options: Parameters<typeof bodies.create>[2]): Promise<void> =>
      assert.equal(
        (await client.request(OpCode.create, bodies.create(path, null, options))).err,
        ErrorCode.ok,
      );
    await create('/app/mine', { mode: CreateMode.ephemeral });
    const { ephemerals, nodes } = await readTree(client, none);
    assert.deepEqual([ephemerals, nodes.some(([path]) => path === '/app/mine')], [1, false]);
    const somebody = { perms: 31, scheme: 'digest', id: 'somebody:hash' };
    await create('/masked', { acl: [somebody, { perms: 1, scheme: 'world', id: 'anyone' }] });
    await assert.rejects(readTree(client, none), {
      code: 'not-shown',
      message: /of \/masked are shown without/,
    });
    await create('/hidden', { acl: [somebody] });
    await assert.rejects(readTree(client, none), { code: 'not-shown', message: /\/hidden may not be read/ });
    await stop(running);
  });

  it('needs the file for a member that has lost its disk, also its journal', async () => {
    rmSync(placesIn(place).imported);
    await assert.rejects(daemonOf(federation()), {
      code: 'no-import',
      message: /begins with an imported state/,
    });
  });
});

describe('files of ZooKeeper', () => {
  it('are read from the newest snapshot that is whole, and it is told which was not', () => {
    const folder = join(directory, 'torn');
    mkdirSync(folder);
    const name = `snapshot.${LAST.toString(16)}`;
    copyFileSync(join(zookeeper, 'version-2', name), join(folder, name));
    writeFileSync(join(folder, 'snapshot.300000000'), writeSnapshot(NODES).subarray(0, 200));
    writeFileSync(join(folder, 'snapshot.400000000.gz'), gzipSync(writeSnapshot(NODES)).subarray(0, 50));
    const { passedOver, snapshot, genesis } = importFrom([folder], none);
    assert.equal(passedOver.length, 2);
    assert.match(passedOver.join(), /snapshot\.300000000: .* at byte \d+$/);
    assert.deepEqual([snapshot, genesis.zxid], [join(folder, name), LAST]);
  });

  it('may be packed with gzip', () => {
    const folder = join(directory, 'packed');
    mkdirSync(folder);
    writeFileSync(join(folder, `snapshot.${LAST.toString(16)}.gz`), gzipSync(writeSnapshot(NODES)));
    assert.deepEqual(importFrom([folder], none).genesis, importFrom([zookeeper], none).genesis);
  });

  it('that cannot be used are named', () => {
    const [MISSING, BAD] = [/^no-import$/, /^bad-import$/];
    const refused = (code: RegExp, message: RegExp, ...names: readonly string[]): void => {
      const folder = mkdtempSync(join(directory, 'refused-'));
      for (const name of names) writeFileSync(join(folder, name), 'no file of ZooKeeper');
      assert.throws(() => importFrom([folder], none), { code, message });
    };
    refused(MISSING, /there is no snapshot/);
    refused(MISSING, /snapshot\.0: no snapshot of ZooKeeper begins so, at byte 0/, 'snapshot.0');
    refused(BAD, /snappy/, 'snapshot.0.snappy');
    refused(MISSING, /no snapshot is whole: .*snapshot\.0\.gz: incorrect header/, 'snapshot.0.gz');
    assert.throws(() => importFrom([join(directory, 'missing')], none), { code: 'no-import' });
    const folder = mkdtempSync(join(directory, 'log-'));
    writeFileSync(join(folder, 'snapshot.10'), writeSnapshot(NODES));
    writeFileSync(join(folder, 'log.11'), 'no log of ZooKeeper');
    assert.throws(() => importFrom([folder], none), {
      code: 'bad-import',
      message: /log\.11: no log of ZooKeeper begins so, at byte 0/,
    });
  });
});
