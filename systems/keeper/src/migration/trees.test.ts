/** Any tree survives every way through the files of this folder; what is no state file is not read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash, modelSignatures } from '@concordat/crypto';
import { createPrng, type Prng } from '@concordat/kernel';
import { KEEPER_DEFAULTS } from '../keeper.ts';
import { createKeeperService } from '../service.ts';
import { bytesOf } from '../testing/raw-client.ts';
import { checkIndexes, restoreFrom } from '../testing/state-checks.ts';
import { type Acl, OPEN_ACL, READ_ACL } from '../tree/acl.ts';
import { CONTAINER_OWNER, MAX_TTL_MS, NO_OWNER, ttlOwner, type Znode } from '../tree/znode.ts';
import { adler32 } from './adler32.ts';
import { isFlaw } from './flaw.ts';
import { genesisFrom } from './genesis.ts';
import { readSnapshot } from './snapshot.ts';
import { writeSnapshot } from './snapshot-writer.ts';
import { decodeGenesis, encodeGenesis, type KeeperGenesis } from './state-file.ts';

const MAX = 2 ** 53 - 1;
const LISTS: readonly (readonly Acl[])[] = [
  OPEN_ACL,
  READ_ACL,
  [{ perms: 31, scheme: 'digest', id: 'a:b' }, ...READ_ACL],
  [{ perms: 3, scheme: 'sasl', id: 'someone' }],
];

const create = (genesis?: KeeperGenesis) =>
  createKeeperService({
    hash: modelHash,
    signatures: modelSignatures,
    config: { ...KEEPER_DEFAULTS, names: ['red'] },
    ...(genesis && { genesis }),
  });

function someNode(random: Prng): Znode {
  const counter = (): number => random.below(2 ** 32) - 2 ** 31;
  const zxid = (): number => random.below(1000);
  const owners = [
    NO_OWNER,
    NO_OWNER,
    CONTAINER_OWNER,
    ttlOwner(1 + random.below(2 ** 40 - 2)),
    ttlOwner(MAX_TTL_MS),
  ];
  return {
    data: random.chance(0.1) ? null : Uint8Array.from({ length: random.below(40) }, () => random.below(256)),
    acl: LISTS[random.below(LISTS.length)] ?? OPEN_ACL,
    ...{ czxid: zxid(), mzxid: zxid(), pzxid: zxid(), ctime: random.below(MAX), mtime: random.below(MAX) },
    ...{ version: counter(), cversion: counter(), aversion: counter() },
    owner: owners[random.below(owners.length)] ?? NO_OWNER,
  };
}

function someTree(random: Prng): KeeperGenesis {
  const nodes = new Map<string, Znode>([['/', { ...someNode(random), owner: NO_OWNER }]]);
  for (const path of ['/zookeeper', '/zookeeper/quota'])
    nodes.set(path, { ...someNode(random), owner: NO_OWNER });
  for (let i = random.below(60); i > 0; i--) {
    const parents = [...nodes.keys()];
    const parent = parents[random.below(parents.length)] ?? '/';
    nodes.set(
      `${parent === '/' ? '' : parent}/${['a', 'a-b', 'é', '☃', '%'][random.below(5)]}`,
      someNode(random),
    );
  }
  return { zxid: 1000, nodes: [...nodes].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

describe('any tree', () => {
  it('is the same after a snapshot of ZooKeeper and after a state file', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const tree = someTree(createPrng(seed, 'tree'));
      const image = readSnapshot(writeSnapshot(tree.nodes));
      const back = isFlaw(image) ? image : genesisFrom(image, tree.zxid);
      assert.deepEqual(isFlaw(back) ? back : back.genesis, tree);
      assert.deepEqual(decodeGenesis(encodeGenesis(tree)), tree);
    }
  });

  it('is what a keeper begins with, and what another restores from it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const tree = someTree(createPrng(seed, 'tree'));
      const [one, two, other] = [create(tree), create(tree), create()];
      assert.deepEqual(one.digest(), two.digest());
      assert.notDeepEqual(one.digest(), other.digest());
      for (const [path, node] of tree.nodes) assert.deepEqual(one.keeper.tree.nodes.get(path), node);
      checkIndexes(one.keeper.tree);
      restoreFrom(one, other);
      checkIndexes(other.keeper.tree);
    }
  });
});

describe('a state file', () => {
  const tree = someTree(createPrng(5, 'bytes'));
  const whole = encodeGenesis(tree);

  it('has one spelling, and other bytes are not read', () => {
    const random = createPrng(7, 'bytes');
    let read = 0;
    for (let i = 0; i < 3000; i++) {
      const changed = whole.slice(0, random.chance(0.2) ? random.below(whole.length) : whole.length);
      if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
      const found = decodeGenesis(changed);
      if (found === null) continue;
      read++;
      assert.deepEqual(encodeGenesis(found), changed);
      assert.equal(create(found).keeper.meta.get().zxid, found.zxid);
    }
    assert.ok(read > 100 && read < 2500);
  });

  const [root = assert.fail('there is a root'), ...below] = tree.nodes;
  const node: Znode = { ...root[1] };
  const refused: readonly (readonly [string, KeeperGenesis])[] = [
    ['no root', { ...tree, nodes: below }],
    ['another order', { ...tree, nodes: [root, ...below.toReversed()] }],
    ['a node twice', { ...tree, nodes: [root, ['/zz', node], ['/zz', node]] }],
    ['no parent', { ...tree, nodes: [...tree.nodes, ['/zz/y', node]] }],
    ['a path that no node has', { ...tree, nodes: [...tree.nodes, ['/zz/', node]] }],
    ['a configuration', { ...tree, nodes: [root, ['/zookeeper', node], ['/zookeeper/config', node]] }],
    ['a session', { ...tree, nodes: [...tree.nodes, ['/zz', { ...node, owner: 2 ** 44 + 1 }]] }],
    ['no owner there is', { ...tree, nodes: [...tree.nodes, ['/zz', { ...node, owner: 2 }]] }],
    ['a root that ends', { ...tree, nodes: [['/', { ...node, owner: CONTAINER_OWNER }], ...below] }],
    ['a later transaction', { ...tree, nodes: [...tree.nodes, ['/zz', { ...node, mzxid: 1001 }]] }],
    ['too much', { ...tree, nodes: [...tree.nodes, ['/zz', { ...node, data: new Uint8Array(2 ** 21) }]] }],
  ];
  for (const [name, genesis] of refused)
    it(`is not read with ${name}`, () => assert.equal(decodeGenesis(encodeGenesis(genesis)), null));
});

it('the checksum is that of RFC 1950', () => {
  assert.equal(adler32(bytesOf('Wikipedia')), 0x11e6_0398);
  assert.equal(adler32(new Uint8Array(0)), 1);
  // Sums that would leave 32 bits without a remainder taken in time.
  assert.equal(adler32(new Uint8Array(100_000).fill(255)), naive(100_000));
});

/** One remainder for each byte, as the RFC writes it. */
function naive(size: number): number {
  let [low, high] = [1, 0];
  for (let i = 0; i < size; i++) {
    low = (low + 255) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}
