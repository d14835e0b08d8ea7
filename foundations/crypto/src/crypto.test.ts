import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { CHAIN_START, chain, type Hash, merkleProof, merkleRoot, tagged, verifyMerkle } from './index.ts';

const sha256: Hash = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());

const digest = (i: number): Uint8Array => sha256(Uint8Array.of(i));
const digests = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => digest(i));

describe('tagged', () => {
  it('hashes these bytes', () => {
    const bytes: Uint8Array[] = [];
    const spy: Hash = (input) => {
      bytes.push(input);
      return sha256(input);
    };
    tagged(spy, 'ab', Uint8Array.of(1, 2), new Uint8Array(0));
    assert.equal(toHex(bytes[0] as Uint8Array), '0261620000000201020000' + '0000');
  });

  it('never gives two inputs the same bytes', () => {
    const input = fc.tuple(
      fc.stringMatching(/^[a-c]{1,3}$/),
      fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 4 }),
    );
    const bytesOf = ([label, parts]: [string, Uint8Array[]]): string =>
      toHex(tagged((bytes) => bytes, label, ...parts));
    const identity = ([label, parts]: [string, Uint8Array[]]): string =>
      `${label}|${parts.map(toHex).join('|')}|${parts.length}`;
    fc.assert(
      fc.property(input, input, (one, other) => {
        assert.equal(bytesOf(one) === bytesOf(other), identity(one) === identity(other));
      }),
    );
  });

  it('takes parts of any size', () => {
    for (const size of [0, 1, 65_530, 65_536, 200_000]) {
      const part = new Uint8Array(size).fill(7);
      const framed = Buffer.concat([
        Buffer.from('\x05label'),
        Buffer.from([0, size >> 16, size >> 8, size]),
        part,
      ]);
      assert.equal(toHex(tagged(sha256, 'label', part)), toHex(sha256(framed)), `${size} bytes`);
    }
  });

  it('refuses labels that are not short ASCII', () => {
    for (const label of ['', 'é', 'x'.repeat(65)]) assert.throws(() => tagged(sha256, label), /label/);
  });
});

describe('a hash chain', () => {
  it('commits to every item and their order', () => {
    const head = (items: readonly string[]): string =>
      toHex(items.reduce((at, item) => chain(sha256, at, utf8(item)), CHAIN_START));
    const heads = [[], ['a'], ['b'], ['a', 'b'], ['b', 'a'], ['ab'], ['a', 'b', '']].map(head);
    assert.equal(new Set(heads).size, heads.length);
    assert.equal(head(['a', 'b']), head(['a', 'b']));
  });
});

describe('a Merkle tree', () => {
  it('proves every leaf of trees of every shape, and nothing else', () => {
    for (let count = 1; count <= 20; count++) {
      const leaves = digests(count);
      const root = merkleRoot(sha256, leaves);
      for (let index = 0; index < count; index++) {
        const claim = { root, count, index, leaf: digest(index), proof: merkleProof(sha256, leaves, index) };
        assert.ok(verifyMerkle(sha256, claim));
        assert.equal(verifyMerkle(sha256, { ...claim, leaf: digest(99) }), false);
        assert.equal(verifyMerkle(sha256, { ...claim, count: count + 1 }), false);
        assert.equal(verifyMerkle(sha256, { ...claim, index: count }), false);
        assert.equal(verifyMerkle(sha256, { ...claim, proof: [...claim.proof, digest(0)] }), false);
        if (count > 1) {
          assert.equal(verifyMerkle(sha256, { ...claim, proof: claim.proof.slice(1) }), false);
          assert.equal(verifyMerkle(sha256, { ...claim, index: (index + 1) % count }), false);
        }
      }
    }
  });

  it('has another root for every list: shorter, longer, reordered, or with the last leaf doubled', () => {
    const lists = [[], [0], [0, 0], [0, 1], [1, 0], [0, 1, 2], [0, 1, 2, 2], [0, 1, 2, 3], [0, 1, 2, 3, 3]];
    const roots = lists.map((list) => toHex(merkleRoot(sha256, list.map(digest))));
    assert.equal(new Set(roots).size, lists.length);
  });

  it('does not take a node for a leaf', () => {
    const leaves = digests(4);
    const proof = merkleProof(sha256, leaves, 0);
    // The node above leaves 2 and 3 offered as a leaf of a two-leaf tree with the same top.
    const claim = { root: merkleRoot(sha256, leaves), count: 2, index: 1, leaf: proof[1] as Uint8Array };
    assert.equal(
      verifyMerkle(sha256, { ...claim, proof: [tagged(sha256, 'merkle-node', ...leaves.slice(0, 2))] }),
      false,
    );
  });

  it('survives hostile claims', () => {
    const leaves = digests(3);
    const claim = { root: merkleRoot(sha256, leaves), count: 3, index: 0, leaf: digest(0), proof: [] };
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 40]) {
      assert.equal(verifyMerkle(sha256, { ...claim, index: wrong }), false);
      assert.equal(verifyMerkle(sha256, { ...claim, count: wrong }), false);
    }
    assert.equal(verifyMerkle(sha256, { ...claim, root: new Uint8Array(0) }), false);
    assert.equal(verifyMerkle(sha256, { ...claim, count: 0 }), false);
  });
});
