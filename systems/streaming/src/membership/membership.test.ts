/** Lists and evictions convince by their signature alone; draws are the same for everyone and nobody's choice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProof, NO_EVICTIONS, TWO_EVICTION_LISTS, verifyProof } from '@concordat/accountability';
import { modelHash } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import { drawPartner } from '../gossip/partner.ts';
import { EXCHANGE, PUSH } from '../messages/messages.ts';
import { createModelStreamKeys, keyOf } from '../testing/model-keys.ts';
import { checkChoice, drawChoice } from './choice.ts';
import { areEvictionsSigned, signEvictions, twoEvictionLists } from './evictions.ts';
import {
  createMemberList,
  decodeMemberList,
  encodeMemberList,
  isMemberListSignedBy,
  signMemberList,
} from './member-list.ts';

const keysOf = createModelStreamKeys(60, 1);
const stream = modelHash(new Uint8Array(3));
const members = Array.from({ length: 50 }, (_, i) => keysOf(i + 1).member);
const list = createMemberList(modelHash, 4, members);
const boss = keysOf(0);
const signer = { id: 0, publicKey: keyOf(0) };

test('a list is the same after a journey, and signed as a whole', () => {
  const signed = signMemberList(boss.keys, stream, list);
  const bytes = encodeMemberList(signed);
  const decoded = decodeMemberList(modelHash, bytes);
  assert.deepEqual(decoded?.list.members, members);
  assert.deepEqual(decoded?.list.digest, list.digest);
  assert.deepEqual(decoded?.signature, signed.signature);
  assert.ok(isMemberListSignedBy(boss.keys, stream, signer, signed));
  assert.ok(!isMemberListSignedBy(boss.keys, modelHash(stream), signer, signed));
  const fewer = createMemberList(modelHash, 4, members.slice(1));
  assert.ok(!isMemberListSignedBy(boss.keys, stream, signer, { ...signed, list: fewer }));
  assert.notDeepEqual(fewer.digest, list.digest);
  assert.notDeepEqual(createMemberList(modelHash, 5, members).digest, list.digest);
  assert.equal(list.memberOf(7)?.id, 7);
  assert.equal(list.memberOf(51), undefined);
});

test('a list that names somebody twice, or out of order, is none', () => {
  const random = createPrng(1, 'lists');
  for (const wrong of [
    [members[1], members[0]],
    [members[0], members[0]],
  ]) {
    const some = wrong.flatMap((member) => member ?? []);
    const bytes = encodeMemberList(signMemberList(boss.keys, stream, createMemberList(modelHash, 4, some)));
    assert.equal(decodeMemberList(modelHash, bytes), null);
  }
  const bytes = encodeMemberList(
    signMemberList(boss.keys, stream, createMemberList(modelHash, 4, members.slice(0, 3))),
  );
  for (let size = 0; size < bytes.length; size++)
    assert.equal(decodeMemberList(modelHash, bytes.subarray(0, size)), null);
  for (let i = 0; i < 500; i++) {
    const changed = bytes.slice();
    changed[random.below(bytes.length)] = random.below(256);
    const decoded = decodeMemberList(modelHash, changed);
    if (decoded !== null) assert.deepEqual(encodeMemberList(decoded), changed);
  }
});

test('evictions are signed by the broadcaster for one stream, and their rounds never go back', () => {
  const charge = (member: number, round: number) => ({
    member,
    round,
    rule: 'two-statements',
    proof: modelHash(Uint8Array.of(member)),
  });
  const one = signEvictions(boss.keys, stream, NO_EVICTIONS, charge(3, 10));
  const two = signEvictions(boss.keys, stream, one, charge(9, 8));
  assert.deepEqual(
    two.entries.map(({ member, round }) => [member, round]),
    [
      [3, 10],
      [9, 10],
    ],
  );
  assert.ok(areEvictionsSigned(boss.keys, stream, signer, two));
  assert.ok(!areEvictionsSigned(boss.keys, modelHash(stream), signer, two));
  assert.ok(!areEvictionsSigned(boss.keys, stream, { id: 5, publicKey: keyOf(5) }, two));
  assert.ok(!areEvictionsSigned(boss.keys, stream, signer, { ...two, entries: one.entries }));
  const other = signEvictions(boss.keys, stream, one, charge(4, 11));
  assert.equal(twoEvictionLists(boss.keys, stream, 0, one, two), null);
  const proof = decodeProof(twoEvictionLists(boss.keys, stream, 0, two, other) ?? new Uint8Array(0));
  const verify = (_id: number, bytes: Uint8Array, signature: Uint8Array): boolean =>
    boss.keys.verify(signer, bytes, signature);
  assert.ok(proof !== null && proof.accused === 0);
  assert.ok(verifyProof(proof, { cluster: stream, verify, rules: [TWO_EVICTION_LISTS] }).valid);
});

test('a draw is proved to everyone, for one occasion', () => {
  const { keys, member } = keysOf(5);
  const occasion = { stream, list, round: 12, tag: EXCHANGE } as const;
  const { proof, draws } = drawChoice(keys, occasion);
  const mine = Array.from({ length: 5 }, () => draws.uint32());
  const theirs = checkChoice(keysOf(9).keys, occasion, member.vrfKey, { proof });
  assert.deepEqual(
    Array.from({ length: 5 }, () => theirs?.uint32()),
    mine,
  );
  const verifier = keysOf(9).keys;
  for (const other of [
    { ...occasion, round: 13 },
    { ...occasion, tag: PUSH } as const,
    { ...occasion, stream: list.digest },
    { ...occasion, list: createMemberList(modelHash, 5, members) },
  ])
    assert.equal(checkChoice(verifier, other, member.vrfKey, { proof }), null);
  assert.equal(checkChoice(verifier, occasion, keysOf(6).member.vrfKey, { proof }), null);
  assert.equal(
    checkChoice(verifier, occasion, member.vrfKey, { proof: proof.map((byte) => byte ^ 1) }),
    null,
  );
});

test('everybody is drawn about as often as everybody else, nobody draws itself or who is evicted', () => {
  const counts = new Map<number, number>();
  const evicted = [
    { member: 7, epoch: 0, round: 0, rule: 'x', proof: list.digest },
    { member: 8, epoch: 0, round: 1000, rule: 'x', proof: list.digest },
  ];
  for (let round = 0; round < 400; round++)
    for (const id of [1, 2, 3, 4, 5]) {
      const { draws } = drawChoice(keysOf(id).keys, { stream, list, round, tag: EXCHANGE });
      const partner = drawPartner(draws, list, id, round, evicted, 2);
      assert.ok(partner !== null && partner !== id && partner !== 7);
      counts.set(partner, (counts.get(partner) ?? 0) + 1);
    }
  assert.equal(counts.size, 49);
  // 2000 draws among 48 others: 41.7 expected, standard deviation 6.4.
  for (const [id, count] of counts) if (id > 5) assert.ok(count > 15 && count < 70, `${id}: ${count}`);
});
