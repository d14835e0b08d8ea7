/** Files that Apache ZooKeeper wrote become the tree that it serves from them; other bytes are refused with a reason. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash, modelSignatures } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import { KEEPER_DEFAULTS } from '../keeper.ts';
import { createKeeperService } from '../service.ts';
import { CONFIG_PATH } from '../tree/paths.ts';
import { statAt, type Tree } from '../tree/tree.ts';
import { CONTAINER_OWNER, isTtl, ttlOf } from '../tree/znode.ts';
import { adler32 } from './adler32.ts';
import { dataFile, logsAfter, snapshotsIn } from './files.ts';
import { type Flaw, flawWords, isFlaw } from './flaw.ts';
import { genesisFrom, type Migrated } from './genesis.ts';
import type { Image } from './image.ts';
import { replayLog } from './log.ts';
import { readSnapshot } from './snapshot.ts';
import { decodeGenesis, encodeGenesis, type KeeperGenesis } from './state-file.ts';
import { recorded } from './testing/recorded.ts';

const APACHE = recorded();
const MODEL = {
  hash: modelHash,
  signatures: modelSignatures,
  config: { ...KEEPER_DEFAULTS, names: ['red'] },
};

function must<T extends object>(found: T): Exclude<T, Flaw> {
  if (isFlaw(found)) assert.fail(flawWords(found));
  return found as Exclude<T, Flaw>;
}

const bytesOf = (name: string): Uint8Array => APACHE.files.get(name) ?? assert.fail(name);

const FILES = [...APACHE.files.keys()].map((name) => dataFile(name) ?? assert.fail(name));

/** As a server loads them, from the snapshot that `older` others are newer than. */
function load(older: number): { image: Image; zxid: number; transactions: number } {
  const snapshot = snapshotsIn(FILES)[older] ?? assert.fail('there are several');
  const image = must(readSnapshot(bytesOf(snapshot.name)));
  let [zxid, transactions] = [snapshot.zxid, 0];
  for (const { name } of logsAfter(FILES, zxid)) {
    const replay = must(replayLog(image, bytesOf(name), zxid));
    zxid = replay.zxid;
    transactions += replay.transactions;
  }
  return { image, zxid, transactions };
}

const migrate = (older: number): Migrated => {
  const { image, zxid } = load(older);
  return must(genesisFrom(image, zxid));
};

const treeOf = (genesis: KeeperGenesis): Tree => createKeeperService({ ...MODEL, genesis }).keeper.tree;

describe('what Apache ZooKeeper 3.8.0 wrote', () => {
  it('is the tree that it serves, with whole Stats and permissions', () => {
    const tree = treeOf(migrate(0).genesis);
    // A session was open, and its end has come meanwhile.
    const apart = ['/sessions', '/sessions/ephemeral', CONFIG_PATH];
    let compared = 0;
    for (const { path, data, stat, acl } of APACHE.nodes) {
      if (apart.includes(path)) continue;
      const node = tree.nodes.get(path) ?? assert.fail(path);
      assert.deepEqual(
        [path, Buffer.from(node.data ?? []), statAt(tree, path, node), node.acl],
        [path, Buffer.from(data), stat, acl],
      );
      compared++;
    }
    assert.equal(compared, tree.nodes.size - 2);
    assert.equal(compared, 82);
  });

  it('keeps what clients are not shown: containers, TTLs, data that are null', () => {
    const { genesis, census } = migrate(0);
    const nodes = new Map(genesis.nodes);
    assert.equal(nodes.get('/container')?.owner, CONTAINER_OWNER);
    const [ttl, below] = [nodes.get('/ttl'), nodes.get('/ttl/below')];
    assert.deepEqual(
      [ttl, below].map((node) => node !== undefined && isTtl(node) && ttlOf(node)),
      [30_000_000_000, 30_000_000_001],
    );
    assert.deepEqual([nodes.get('/null')?.data, nodes.get('/empty')?.data?.length], [null, 0]);
    const { containers, ttlNodes, quotas, ephemerals, sessions, foreignSchemes } = census;
    assert.deepEqual(
      [containers, ttlNodes, quotas, ephemerals, sessions, foreignSchemes.size],
      [2, 2, 1, 1, 1, 0],
    );
  });

  it('counts on above the last transaction', () => {
    const { genesis } = migrate(0);
    const { keeper } = createKeeperService({ ...MODEL, genesis });
    assert.equal(keeper.meta.get().zxid, genesis.zxid);
    assert.ok(genesis.nodes.every(([, { mzxid, pzxid }]) => Math.max(mzxid, pzxid) <= genesis.zxid));
  });

  it('is the same state from an older snapshot and more of the logs', () => {
    const newest = encodeGenesis(migrate(0).genesis);
    assert.ok(load(1).transactions > load(0).transactions);
    assert.deepEqual(encodeGenesis(migrate(1).genesis), newest);
  });

  it('is the same state if the log repeats what the snapshot has, as while one is written', () => {
    const [newest = assert.fail('there is one')] = snapshotsIn(FILES);
    const image = must(readSnapshot(bytesOf(newest.name)));
    let [zxid, repeated] = [0, 0];
    for (const { name } of logsAfter(FILES, 0)) {
      const replay = must(replayLog(image, bytesOf(name), zxid));
      zxid = replay.zxid;
      repeated += replay.transactions;
    }
    assert.equal(repeated, zxid);
    assert.deepEqual(
      encodeGenesis(must(genesisFrom(image, zxid)).genesis),
      encodeGenesis(migrate(0).genesis),
    );
  });
});

describe('a log', () => {
  const [, last = assert.fail('there are two')] = FILES.filter(({ kind }) => kind === 'log');
  const whole = bytesOf(last.name);
  const fresh = (): Image => load(1).image;
  const from = last.zxid - 1;

  it('ends where its last record is not whole, wherever it was cut', () => {
    const { transactions } = must(replayLog(fresh(), whole, from));
    let torn = 0;
    for (let size = whole.length - 1; size > whole.length - 30; size--) {
      const replay = must(replayLog(fresh(), whole.subarray(0, size), from));
      assert.equal(replay.transactions, transactions - 1);
      if (replay.isTorn) torn++;
    }
    assert.equal(torn, 29);
  });

  it('is refused where a record is not what its checksum says, or one is missing', () => {
    const changed = whole.slice();
    changed[40] = (changed[40] ?? 0) ^ 1;
    const broken = replayLog(fresh(), changed, from);
    assert.deepEqual(broken, { flaw: 'the checksum of a record is wrong', offset: 16 });
    const early = replayLog(fresh(), whole, from - 2);
    assert.ok(isFlaw(early) && /transactions between .* are missing/.test(early.flaw));
  });
});

describe('changed bytes', () => {
  it('of a snapshot never throw, and never pass for another one', () => {
    const [newest = assert.fail('there is one')] = snapshotsIn(FILES);
    const whole = bytesOf(newest.name);
    const random = createPrng(1, 'bytes');
    for (let i = 0; i < 2000; i++) {
      const changed = whole.slice(0, i % 4 === 0 ? random.below(whole.length) : whole.length);
      if (i % 4 !== 0) {
        const at = random.below(changed.length);
        changed[at] = (changed[at] ?? 0) ^ (1 + random.below(255));
      }
      assert.ok(isFlaw(readSnapshot(changed)), `${i}`);
    }
  });

  it('of a snapshot never throw where the checksum is right', () => {
    const [newest = assert.fail('there is one')] = snapshotsIn(FILES);
    // The digest of newer servers and its seal are behind the first one.
    const whole = bytesOf(newest.name).slice(0, -33);
    const random = createPrng(2, 'bytes');
    assert.ok(!isFlaw(readSnapshot(whole)));
    let read = 0;
    for (let i = 0; i < 2000; i++) {
      const changed = whole.slice();
      for (let n = random.below(3); n >= 0; n--)
        changed[random.below(changed.length - 13)] = random.below(256);
      new DataView(changed.buffer).setUint32(changed.length - 9, adler32(changed, 0, changed.length - 13));
      const image = readSnapshot(changed);
      if (isFlaw(image)) continue;
      read++;
      const migrated = genesisFrom(image, newest.zxid);
      if (!isFlaw(migrated)) assert.ok(decodeGenesis(encodeGenesis(migrated.genesis)) !== null, `${i}`);
    }
    assert.ok(read > 100 && read < 2000);
  });

  it('of a log never throw, with right checksums and wrong ones', () => {
    const [log = assert.fail('there is one')] = FILES.filter(({ kind }) => kind === 'log');
    const [oldest = assert.fail('there is one')] = snapshotsIn(FILES).slice(-1);
    const whole = bytesOf(log.name);
    const random = createPrng(3, 'bytes');
    let flaws = 0;
    for (let i = 0; i < 1000; i++) {
      const image = must(readSnapshot(bytesOf(oldest.name)));
      const changed = whole.slice();
      changed[16 + random.below(whole.length - 16)] = random.below(256);
      if (i % 2 === 0) reseal(changed);
      if (isFlaw(replayLog(image, changed, 0))) flaws++;
    }
    assert.ok(flaws > 100 && flaws < 1000);
  });
});

/** Gives each record that is still framed its checksum. */
function reseal(log: Uint8Array): void {
  const view = new DataView(log.buffer);
  for (let at = 16; at + 12 < log.length; ) {
    const end = at + 12 + view.getInt32(at + 8);
    if (end <= at + 12 || end >= log.length) return;
    view.setUint32(at + 4, adler32(log, at + 12, end));
    at = end + 1;
  }
}
