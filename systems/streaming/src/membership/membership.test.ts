/** Lists and evictions convince by their signature alone; draws are the same for everyone and nobody's choice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import { drawPartner } from '../gossip/partner.ts';
import { EXCHANGE, PUSH } from '../messages/messages.ts';
import { createModelStreamKeys, keyOf } from '../testing/model-keys.ts';
import { checkChoice, drawChoice } from './choice.ts';
import {
  areEvictionsSigned,
  effectiveEvictions,
  evictionListBytes,
  extendsEvictions,
  isEvicted,
  NO_EVICTIONS,
  readEvictions,
  signEvictions,
  writeEvictions,
} from './evictions.ts';
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

test('evictions only grow, and count from their round on', () => {
  const one = signEvictions(boss.keys, stream, [{ member: 3, fromRound: 10 }]);
  const two = signEvictions(boss.keys, stream, [...one.entries, { member: 9, fromRound: 20 }]);
  const other = signEvictions(boss.keys, stream, [{ member: 4, fromRound: 10 }, ...one.entries]);
  assert.ok(extendsEvictions(NO_EVICTIONS, one) && extendsEvictions(one, two));
  assert.ok(!extendsEvictions(two, one) && !extendsEvictions(one, other) && !extendsEvictions(one, one));
  assert.ok(areEvictionsSigned(boss.keys, stream, signer, two));
  assert.ok(!areEvictionsSigned(boss.keys, stream, signer, { ...two, entries: one.entries }));
  assert.ok(
    !isEvicted(two.entries, 2, 3, 9) && isEvicted(two.entries, 2, 3, 10) && isEvicted(two.entries, 2, 9, 20),
  );
  assert.ok(!isEvicted(two.entries, 1, 9, 20));
  assert.deepEqual(
    [9, 10, 19, 20].map((round) => effectiveEvictions(two.entries, round)),
    [0, 1, 1, 2],
  );
  const writer = createWriter();
  writeEvictions(writer, two);
  const bytes = writer.finish();
  assert.equal(bytes.length, evictionListBytes(two));
  const reader = createReader(bytes);
  assert.deepEqual(reader.finish(readEvictions(reader)), two);
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
    { member: 7, fromRound: 0 },
    { member: 8, fromRound: 1000 },
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
