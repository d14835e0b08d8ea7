/** Invites let in whom they were given to, and nobody who only knows of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueInvite, redeemInvite, type Token } from '@concordat/accountability';
import { createSignatures, createVrf } from '@concordat/runtime';
import type { Join } from '../../tracker/messages.ts';
import { admitInvited } from './admission.ts';
import { TRACKER_ID } from './ids.ts';

const signatures = createSignatures();
const seed = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const stream = seed(9);
const issuer = seed(1);
const keyOf = (value: number): Uint8Array => signatures.publicKeyOf(seed(value));

function setUp() {
  const people: Uint8Array[] = [];
  const admission = admitInvited({
    signatures,
    vrf: createVrf(),
    stream,
    issuerKey: signatures.publicKeyOf(issuer),
    present: () => people,
  });
  return { admission, people };
}

const issued = (uses: number, ticket: number, by = issuer): Token =>
  issueInvite(signatures, stream, by, seed(ticket), { issuer: TRACKER_ID, uses, lastEpoch: 5 });

const joinWith = (token: Uint8Array, key: number): Join => ({
  kind: 'join',
  publicKey: keyOf(key),
  vrfKey: new Uint8Array(256),
  certificate: new Uint8Array(0),
  address: '',
  token,
  signature: new Uint8Array(64),
});

const redeem = (token: Token, key: number): Join =>
  joinWith(redeemInvite(signatures, stream, token, keyOf(key)), key);

test('an invite lets in as many people as it says, until its epoch is over', () => {
  const { admission, people } = setUp();
  const token = issued(2, 20);
  for (const key of [30, 31]) {
    assert.equal(admission.isWelcome(redeem(token, key), 5), true);
    people.push(admission.identityOf(redeem(token, key)));
  }
  assert.equal(admission.isWelcome(redeem(token, 32), 5), false);
  people.pop();
  assert.equal(admission.isWelcome(redeem(token, 32), 5), true);
  assert.equal(admission.isWelcome(redeem(token, 32), 6), false);
});

test('an invite for one is one person under any key; one for more is a person for each', () => {
  const { admission } = setUp();
  const one = issued(1, 21);
  assert.deepEqual(admission.identityOf(redeem(one, 30)), admission.identityOf(redeem(one, 31)));
  const many = issued(2, 22);
  assert.notDeepEqual(admission.identityOf(redeem(many, 30)), admission.identityOf(redeem(many, 31)));
});

test('who shows what another has redeemed, or issues invites itself, is nobody', () => {
  const { admission, people } = setUp();
  const token = issued(1, 23);
  const member = redeem(token, 30);
  people.push(admission.identityOf(member));
  const thief = joinWith(member.token, 31);
  const forged = redeem(issued(1, 23, seed(2)), 31);
  const garbage = joinWith(new Uint8Array(member.token.length), 31);
  for (const join of [thief, forged, garbage]) {
    assert.equal(admission.isWelcome(join, 0), false);
    assert.deepEqual(admission.identityOf(join), keyOf(31));
  }
});
