import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { equalBytes, toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createProof, type Proof, verifyProof } from '../proof.ts';
import {
  type Card,
  decodeMemberProof,
  decodeMembers,
  encodeMemberProof,
  encodeMembers,
  isMember,
  isMemberList,
  type MemberProof,
  memberStatement,
  proveMember,
  signMembers,
  TWO_MEMBER_LISTS,
} from './members.ts';

const cluster = new Uint8Array(32).fill(7);
const keysOf = createModelKeys(3, 1);
const authority = keysOf(0);
const observer = keysOf(2);

const card = (id: number): Card => ({
  id,
  signingKey: new Uint8Array(32).fill(id),
  vrfKey: id % 2 === 0 ? new Uint8Array(0) : new Uint8Array(256).fill(id),
  about: utf8(`peer ${id}`),
});

const cards = [1, 2, 3, 7, 8].map(card);
const list = signMembers(authority, cluster, 4, cards);

describe('lists of members', () => {
  it('are signed by the authority, for one cluster and epoch', () => {
    assert.ok(isMemberList(observer, cluster, list));
    assert.equal(isMemberList(observer, new Uint8Array(32), list), false);
    assert.equal(isMemberList(observer, cluster, { ...list, epoch: 5 }), false);
    assert.equal(isMemberList(observer, cluster, { ...list, cards: cards.slice(1) }), false);
    assert.equal(isMemberList(observer, cluster, signMembers(keysOf(1), cluster, 4, cards)), false);
    assert.ok(isMemberList(observer, cluster, signMembers(authority, cluster, 1, [])));
  });

  it('are made with ascending ids and different keys only', () => {
    const twice = { ...card(9), signingKey: card(1).signingKey };
    for (const wrong of [[card(2), card(1)], [card(1), card(1)], [...cards, twice], [card(0)]])
      assert.throws(() => signMembers(authority, cluster, 4, wrong), /ascending/);
    assert.throws(() => signMembers(authority, cluster, 4, [{ ...card(1), vrfKey: new Uint8Array(9) }]));
  });

  it('convict an authority that signs two for one epoch, and no other', () => {
    const verdict = (a: typeof list, b: typeof list): boolean => {
      const [one, other] = [memberStatement(modelHash, a), memberStatement(modelHash, b)];
      const proof = createProof(cluster, 0, TWO_MEMBER_LISTS.name, one, other) as Proof;
      return verifyProof(proof, { cluster, verify: observer.verify, rules: [TWO_MEMBER_LISTS] }).valid;
    };
    assert.ok(verdict(list, signMembers(authority, cluster, 4, cards.slice(1))));
    assert.equal(verdict(list, signMembers(authority, cluster, 5, cards.slice(1))), false);
  });

  it('show one member without the others', () => {
    for (const { id } of cards) {
      const proof = proveMember(modelHash, list, id) as MemberProof;
      assert.ok(isMember(observer, cluster, proof));
      assert.deepEqual(decodeMemberProof(encodeMemberProof(proof)), proof);
      for (const lie of [
        { ...proof, card: { ...proof.card, about: utf8('elsewhere') } },
        { ...proof, index: (proof.index + 1) % 5 },
        { ...proof, epoch: 5 },
        { ...proof, count: 6 },
        { ...proof, path: proof.path.slice(1) },
      ]) {
        assert.equal(isMember(observer, cluster, lie), false);
      }
    }
    assert.equal(proveMember(modelHash, list, 5), null);
  });
});

describe('lists of members as bytes', () => {
  it('are these', () => {
    const small = { epoch: 4, cards: [card(2)], signature: new Uint8Array(64).fill(9) };
    const about = toHex(utf8('peer 2'));
    const expected = `01000000000000000400000001${'00'.repeat(7)}02${'02'.repeat(32)}0000000000000006${about}${'09'.repeat(64)}`;
    assert.equal(toHex(encodeMembers(small)), expected);
  });

  it('survive a round trip, and are refused cut, longer, out of order, or with odd cards', () => {
    const bytes = encodeMembers(list);
    assert.deepEqual(decodeMembers(bytes), list);
    for (let size = 0; size < bytes.length; size++)
      assert.equal(decodeMembers(bytes.subarray(0, size)), null);
    assert.equal(decodeMembers(Uint8Array.of(...bytes, 0)), null);
    const wrong = [
      [card(2), card(1)],
      [card(1), { ...card(2), signingKey: card(1).signingKey }],
      [card(0)],
      [{ ...card(1), vrfKey: new Uint8Array(9) }],
      [{ ...card(1), about: new Uint8Array(513) }],
    ];
    for (const odd of wrong) assert.equal(decodeMembers(encodeMembers({ ...list, cards: odd })), null);
  });

  it('decode canonically or not at all, whatever the bytes', () => {
    const proof = proveMember(modelHash, list, 7) as MemberProof;
    const [whole, single] = [encodeMembers(list), encodeMemberProof(proof)];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(1500), fc.nat(255), (noise, at, byte) => {
        const bend = (bytes: Uint8Array): Uint8Array => {
          const bent = bytes.slice();
          bent[at % bent.length] = byte;
          return bent;
        };
        for (const bytes of [noise, Uint8Array.of(...whole.subarray(0, at), ...noise), bend(whole)]) {
          const decoded = decodeMembers(bytes);
          if (decoded !== null) assert.ok(equalBytes(encodeMembers(decoded), bytes));
        }
        for (const bytes of [noise, Uint8Array.of(...single.subarray(0, at), ...noise), bend(single)]) {
          const decoded = decodeMemberProof(bytes);
          if (decoded !== null) assert.ok(equalBytes(encodeMemberProof(decoded), bytes));
        }
      }),
    );
  });
});
