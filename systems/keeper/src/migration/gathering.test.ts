/** A tree as of one moment, gathered while everything about it changes, is what one taken at once would be. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash, modelSignatures } from '@concordat/crypto';
import { createPrng, type Prng } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { KEEPER_DEFAULTS } from '../keeper.ts';
import { createKeeperService, type KeeperService } from '../service.ts';
import { restoreFrom } from '../testing/state-checks.ts';
import { OPEN_ACL } from '../tree/acl.ts';
import { putNode, removeNode } from '../tree/tree.ts';
import { NO_OWNER, type Znode } from '../tree/znode.ts';
import { isFlaw } from './flaw.ts';
import { createGatherer, type Gatherer, type Gathering, gathered } from './gathering.ts';
import { decodeGenesis, encodeGenesis } from './state-file.ts';

const create = (): KeeperService =>
  createKeeperService({
    hash: modelHash,
    signatures: modelSignatures,
    config: { ...KEEPER_DEFAULTS, names: ['red'], membership: 'server.0=somewhere' },
  });

const nodeWith = (data: string, owner = NO_OWNER): Znode => ({
  ...{ data: utf8(data), acl: OPEN_ACL, czxid: 0, mzxid: 0, pzxid: 0, ctime: 1, mtime: 1 },
  ...{ version: 0, cversion: 0, aversion: 0, owner },
});
/** Ids of sessions are beyond what other owners are. */
const SESSION = 2 ** 52 + 5;

/** Some changes of leaves: made, written to, removed, made again; now and then an ephemeral one. */
function change({ keeper: { tree } }: KeeperService, random: Prng, changes: number): void {
  for (let i = 0; i < changes; i++) {
    const path = `/n${random.below(60)}`;
    if (random.chance(0.4)) {
      if (tree.nodes.has(path)) removeNode(tree, path);
    } else {
      putNode(tree, path, nodeWith(`${random.below(1000)}`, random.chance(0.1) ? SESSION : NO_OWNER));
    }
  }
}

/** All pieces of at least so many bytes; `between` happens after each. */
function collect(gathering: Gathering, enough: number, between: () => void): Uint8Array {
  const pieces: number[] = [];
  for (let piece = gathering.next(enough); piece !== null; piece = gathering.next(enough)) {
    pieces.push(...piece);
    between();
  }
  return Uint8Array.from(pieces);
}

function stateOf(gathering: Gathering, enough: number, between: () => void = () => {}): Uint8Array {
  const found = gathered(collect(gathering, enough, between), gathering.moment, gathering.ephemerals);
  assert.ok(!isFlaw(found));
  assert.deepEqual([found.census.nodes, gathering.isWhole], [gathering.nodes, true]);
  const bytes = encodeGenesis(found.genesis);
  assert.notEqual(decodeGenesis(bytes), null);
  return bytes;
}

const wholeOf = (gatherer: Gatherer): Uint8Array => stateOf(gatherer.begin(), 2 ** 30);

describe('a gathered tree', () => {
  it('is of the moment when it began, whatever changes meanwhile', () => {
    let changed = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = createPrng(seed);
      const service = create();
      const gatherer = createGatherer(service.keeper);
      change(service, random, 80);
      const expected = wholeOf(gatherer);
      const found = stateOf(gatherer.begin(), 1 + random.below(900), () => change(service, random, 8));
      assert.deepEqual(found, expected, `seed ${seed}`);
      if (Buffer.compare(wholeOf(gatherer), expected) !== 0) changed++;
    }
    assert.equal(changed, 60);
  });

  it('is that also if changes are taken back, or all is replaced by another state', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = createPrng(seed);
      const [service, other] = [create(), create()];
      const gatherer = createGatherer(service.keeper);
      change(service, random, 80);
      change(other, random, 80);
      const expected = wholeOf(gatherer);
      let turn = 0;
      const found = stateOf(gatherer.begin(), 40, () => {
        const mark = service.mark();
        change(service, random, 8);
        if (random.chance(0.5)) service.rollback(mark);
        service.release(mark);
        if (++turn === 3) restoreFrom(other, service);
      });
      assert.ok(turn >= 3);
      assert.deepEqual(found, expected, `seed ${seed}`);
    }
  });

  it('leaves out what sessions own and what tells the members, and counts the use below quotas anew', () => {
    const service = create();
    const { tree } = service.keeper;
    const quota = '/zookeeper/quota/app';
    for (const path of [quota, `${quota}/zookeeper_limits`, `${quota}/zookeeper_stats`])
      putNode(tree, path, nodeWith('count=3,bytes=10'));
    putNode(tree, '/app', nodeWith('12345'));
    putNode(tree, '/app/mine', nodeWith('123', SESSION));
    const gathering = createGatherer(service.keeper).begin();
    const found = gathered(
      collect(gathering, 50, () => {}),
      gathering.moment,
      gathering.ephemerals,
    );
    assert.ok(!isFlaw(found));
    const nodes = new Map(found.genesis.nodes);
    assert.deepEqual(
      [nodes.has('/app'), nodes.has('/app/mine'), nodes.has('/zookeeper/config')],
      [true, false, false],
    );
    assert.equal(
      Buffer.from(nodes.get(`${quota}/zookeeper_stats`)?.data ?? []).toString(),
      'count=1,bytes=5',
    );
    assert.deepEqual([found.census.ephemerals, found.census.quotas], [1, 1]);
  });

  it('is told of by the schemes of its lists that mean nothing here', () => {
    const service = create();
    const schemes = ['x509', 'sasl', 'digest', 'home-made'];
    const acl = schemes.map((scheme) => ({ perms: 1, scheme, id: 'CN=somebody' }));
    putNode(service.keeper.tree, '/lists', { ...nodeWith(''), acl });
    const gathering = createGatherer(service.keeper).begin();
    const found = gathered(
      collect(gathering, 50, () => {}),
      gathering.moment,
      0,
    );
    assert.ok(!isFlaw(found));
    assert.deepEqual([...found.census.foreignSchemes], [['home-made', 1]]);
  });

  it('ends when another begins, or when it is given up', () => {
    const gatherer = createGatherer(create().keeper);
    const first = gatherer.begin();
    assert.notEqual(first.next(1), null);
    const second = gatherer.begin();
    assert.equal(first.next(1), null);
    gatherer.end();
    assert.equal(second.next(1), null);
    assert.deepEqual([first.isWhole, second.isWhole], [false, false]);
  });

  it('that is cut off anywhere is none', () => {
    const gathering = createGatherer(create().keeper).begin();
    const bytes = collect(gathering, 1, () => {});
    let whole = 0;
    for (let length = 0; length < bytes.length; length++) {
      const found = gathered(bytes.subarray(0, length), gathering.moment, 0);
      // Between two nodes it is shorter: the count that goes with it tells.
      if (!isFlaw(found)) assert.equal(found.census.nodes, whole++);
    }
    assert.equal(whole, gathering.nodes);
  });
});
