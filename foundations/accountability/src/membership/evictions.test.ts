import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { equalBytes, toHex } from '@concordat/wire';
import fc from 'fast-check';
import { createProof, type Proof, verifyProof } from '../proof.ts';
import { encodeProof } from '../proof-codec.ts';
import { signStatement } from '../statement.ts';
import {
  decodeEvictions,
  type Eviction,
  type EvictionList,
  effectiveEvictions,
  encodeEvictions,
  evictionListBytes,
  evictionStatement,
  evictionsByMember,
  isEvicted,
  isEvictionList,
  isJustified,
  mergeEvictions,
  NO_EVICTIONS,
  proofDigest,
  signEvictions,
  TWO_EVICTION_LISTS,
} from './evictions.ts';

const cluster = new Uint8Array(32).fill(7);
const keysOf = createModelKeys(3, 1);
const authority = keysOf(0);
const observer = keysOf(2);

const eviction = (member: number, round: number, epoch = 1): Eviction => ({
  member,
  epoch,
  round,
  rule: 'two',
  proof: new Uint8Array(32).fill(member),
});

const first = signEvictions(authority, cluster, NO_EVICTIONS, [eviction(4, 10)]);
const second = signEvictions(authority, cluster, first, [eviction(9, 12), eviction(5, 3, 2)]);
const third = signEvictions(authority, cluster, second, []);

/** The verdict on the authority over two of its lists. */
function convicts(a: EvictionList, b: EvictionList): boolean {
  const [one, other] = [a, b].map((list) => evictionStatement(modelHash, list));
  if (one === undefined || other === undefined) return false;
  const proof = createProof(cluster, 0, TWO_EVICTION_LISTS.name, one, other);
  return (
    proof !== null &&
    verifyProof(proof, { cluster, verify: observer.verify, rules: [TWO_EVICTION_LISTS] }).valid
  );
}

describe('lists of evictions', () => {
  it('are signed by the authority, for one cluster', () => {
    for (const list of [first, second, third]) assert.ok(isEvictionList(observer, cluster, list));
    assert.equal(isEvictionList(observer, new Uint8Array(32), second), false);
    assert.equal(isEvictionList(observer, cluster, { ...second, version: 2 }), false);
    assert.equal(isEvictionList(observer, cluster, { ...second, formerCount: 2 }), false);
    assert.equal(isEvictionList(observer, cluster, { ...second, entries: first.entries }), false);
    const usurped = signEvictions(keysOf(1), cluster, NO_EVICTIONS, [eviction(4, 10)]);
    assert.equal(isEvictionList(observer, cluster, usurped), false);
  });

  it('tell since when somebody is out', () => {
    const byMember = evictionsByMember(second);
    assert.deepEqual(byMember.get(5), eviction(5, 3, 2));
    assert.equal(byMember.get(6), undefined);
  });

  it('are known by how many entries one knew of, and count from their round on', () => {
    const { entries } = signEvictions(authority, cluster, first, [eviction(9, 20), eviction(7, 3, 2)]);
    assert.deepEqual(
      [9, 10, 19, 20, 999].map((round) => effectiveEvictions(entries, round, 1)),
      [0, 1, 1, 2, 2],
    );
    assert.equal(effectiveEvictions(entries, 3, 2), 3);
    assert.ok(!isEvicted(entries, 3, 4, 9, 1) && isEvicted(entries, 3, 4, 10, 1));
    assert.ok(isEvicted(entries, 1, 4, 0, 2) && !isEvicted(entries, 1, 9, 20, 1));
    assert.ok(!isEvicted(entries, 3, 7, 999, 1) && isEvicted(entries, 3, 7, 3, 2));
    assert.ok(!isEvicted(entries, 3, 5, 999, 9));
  });

  it('are as large as they say, and begin with none', () => {
    for (const list of [first, second, third])
      assert.equal(encodeEvictions(list).length, 1 + evictionListBytes(list));
    assert.equal(mergeEvictions(modelHash, NO_EVICTIONS, first), first);
    assert.equal(mergeEvictions(modelHash, second, NO_EVICTIONS), second);
  });

  it('only grow: the later of two is kept if it continues the other', () => {
    for (const [a, b, kept] of [
      [first, second, second],
      [second, first, second],
      [first, third, third],
      [third, second, third],
      [second, second, second],
    ] as const) {
      assert.equal(mergeEvictions(modelHash, a, b), kept);
      assert.equal(convicts(a, b), false);
    }
  });

  it('convict an authority that takes one back, or tells two stories', () => {
    const fork = signEvictions(authority, cluster, first, [eviction(8, 12)]);
    assert.equal(mergeEvictions(modelHash, second, fork), null);
    assert.ok(convicts(second, fork), 'two of one version');
    const longer = signEvictions(authority, cluster, fork, [
      eviction(3, 1, 3),
      eviction(2, 1, 3),
      eviction(1, 1, 3),
    ]);
    assert.equal(mergeEvictions(modelHash, second, longer), null);
    assert.ok(convicts(second, longer), 'the next version continues another');
    const pardon = signEvictions(authority, cluster, { ...third, entries: [], formerCount: 0 }, []);
    assert.equal(mergeEvictions(modelHash, second, pardon), null);
    assert.ok(convicts(second, pardon), 'fewer than before');
    const others = [1, 2, 3, 6].map((member) => eviction(member, 1, 3));
    assert.ok(convicts(second, signEvictions(authority, cluster, pardon, others)), 'fewer in between');
    const swapped = signEvictions(
      authority,
      cluster,
      { ...third, entries: [eviction(4, 10), eviction(8, 12), eviction(5, 3, 2)] },
      [],
    );
    assert.equal(mergeEvictions(modelHash, second, swapped), null);
    assert.ok(convicts(second, swapped), 'as many, but others');
  });

  it('never convict an honest authority, whatever it is shown', () => {
    const batches = fc.array(fc.nat(3), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(batches, fc.nat(), fc.nat(), (sizes, i, j) => {
        const lists: EvictionList[] = [];
        let member = 1;
        for (const size of sizes) {
          const added = Array.from({ length: size }, () => eviction(member++, lists.length));
          lists.push(signEvictions(authority, cluster, lists.at(-1) ?? NO_EVICTIONS, added));
        }
        const [a, b] = [lists[i % lists.length], lists[j % lists.length]] as [EvictionList, EvictionList];
        assert.equal(convicts(a, b), false);
        assert.equal(mergeEvictions(modelHash, a, b)?.version, Math.max(a.version, b.version));
      }),
    );
  });

  it('refuse to be made out of order, or with a member twice', () => {
    assert.throws(() => signEvictions(authority, cluster, first, [eviction(4, 11)]), /one per member/);
    assert.throws(() => signEvictions(authority, cluster, first, [eviction(5, 9)]), /took effect/);
  });

  it('name a proof that anyone can ask for and check', () => {
    const rule = {
      name: 'two',
      kind: 'vote',
      convicts: () => true,
      explain: () => 'voted twice',
    };
    const sign = (byte: number) => signStatement(keysOf(1), cluster, 'vote', Uint8Array.of(byte));
    const proof = createProof(cluster, 1, 'two', sign(1), sign(2)) as Proof;
    const entry: Eviction = { ...eviction(1, 5), proof: proofDigest(modelHash, encodeProof(proof)) };
    const context = { cluster, verify: observer.verify, rules: [rule] };
    assert.ok(isJustified(modelHash, entry, proof, context));
    assert.equal(isJustified(modelHash, { ...entry, member: 2 }, proof, context), false);
    assert.equal(isJustified(modelHash, eviction(1, 5), proof, context), false, 'another proof');
    assert.equal(isJustified(modelHash, entry, proof, { ...context, rules: [] }), false);
  });
});

describe('lists of evictions as bytes', () => {
  it('are these', () => {
    const list = { ...first, signature: new Uint8Array(64).fill(9) };
    const expected = `02${'00'.repeat(8)}00000000000000010000000000000004${'00'.repeat(7)}01${'00'.repeat(7)}0a0000000374776f${'04'.repeat(32)}${'09'.repeat(64)}`;
    assert.equal(toHex(encodeEvictions(list)), expected);
  });

  it('survive a round trip, and no other bytes mean the same', () => {
    for (const list of [first, second, third]) {
      const bytes = encodeEvictions(list);
      assert.deepEqual(decodeEvictions(bytes), list);
      for (let size = 0; size < bytes.length; size++)
        assert.equal(decodeEvictions(bytes.subarray(0, size)), null);
      assert.equal(decodeEvictions(Uint8Array.of(...bytes, 0)), null);
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const bent = bytes.slice();
        bent[bit >>> 3] = (bent[bit >>> 3] as number) ^ (1 << (bit & 7));
        const decoded = decodeEvictions(bent);
        assert.ok(decoded === null || !isEvictionList(observer, cluster, decoded), `bit ${bit}`);
      }
    }
  });

  it('are refused out of order, with a member twice, or with a former count that is none', () => {
    const bytes = (change: Partial<EvictionList>) => encodeEvictions({ ...second, ...change });
    assert.equal(decodeEvictions(bytes({ entries: [...second.entries].reverse() })), null);
    assert.equal(decodeEvictions(bytes({ entries: [eviction(4, 1), eviction(4, 2)] })), null);
    assert.equal(decodeEvictions(bytes({ formerCount: 4 })), null);
    assert.equal(decodeEvictions(bytes({ version: 0 })), null);
  });

  it('decode canonically or not at all, whatever the bytes', () => {
    const valid = encodeEvictions(second);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(valid.length), (noise, at) => {
        for (const bytes of [noise, Uint8Array.of(...valid.subarray(0, at), ...noise)]) {
          const list = decodeEvictions(bytes);
          if (list !== null) assert.ok(equalBytes(encodeEvictions(list), bytes));
        }
      }),
    );
  });
});
