/** What a membership must be, what names it, and which numbers its parties have. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@concordat/wire';
import {
  type ClientCard,
  checkMembership,
  clientPins,
  clusterOf,
  domainOf,
  type MemberCard,
  type Membership,
  publicKeysOf,
} from './membership.ts';

const digits = (n: number): string => n.toString(16).padStart(2, '0').repeat(32);
const card = (n: number): MemberCard => ({
  name: `m${n}`,
  key: digits(n),
  pin: digits(100 + n),
  host: 'h',
  port: 1,
});
const cards = (first: number, count: number): MemberCard[] =>
  Array.from({ length: count }, (_, i) => card(first + i));

const client: ClientCard = { name: 'c', key: digits(99), pin: digits(199) };
const together: Membership = { u: 1, r: 1, members: cards(0, 4), clients: [client] };
const governed: Membership = {
  ...together,
  members: together.members.map((each, i) => ({ ...each, admin: digits(50 + i) })),
};
const apart: Membership = { ...together, preset: 'executors', executors: cards(10, 3) };
const filtered: Membership = { ...apart, preset: 'upright-separated', filters: cards(20, 4) };

test('executors are there exactly where members do not execute, as many as the fault model asks for', () => {
  checkMembership(together);
  checkMembership(apart);
  const wrong = (membership: Membership, words: RegExp): void =>
    assert.throws(() => checkMembership(membership), { code: 'bad-configuration', message: words });
  wrong(
    { ...together, preset: 'executors' },
    /u = 1 and r = 1 need 3 executors beside the members with the preset executors, here are 0/,
  );
  wrong({ ...apart, executors: cards(10, 4) }, /need 3 executors .* here are 4/);
  wrong({ ...apart, u: 2, members: cards(0, 6) }, /u = 2 and r = 1 need 5 executors .* here are 3/);
  wrong({ ...apart, preset: 'pbft' }, /members execute with the preset pbft: .* here are 3/);
  wrong({ ...apart, members: cards(0, 3) }, /need 4 members with the preset executors, here are 3/);
  const [first, ...others] = cards(10, 3) as [MemberCard, MemberCard, MemberCard];
  wrong({ ...apart, executors: [{ ...first, key: digits(0) }, ...others] }, /key of m10 occurs twice/);
  wrong({ ...apart, executors: [{ ...first, pin: digits(199) }, ...others] }, /pin of c occurs twice/);
  wrong({ ...apart, executors: [{ ...first, pin: 'short' }, ...others] }, /pin of m10 is not 64/);
  wrong({ ...apart, executors: [{ ...first, name: 'M' }, ...others] }, /'M' is not a name/);
});

test('filter nodes are there exactly where members order references, as many as the fault model asks for', () => {
  checkMembership(filtered);
  const wrong = (membership: Membership, words: RegExp): void =>
    assert.throws(() => checkMembership(membership), { code: 'bad-configuration', message: words });
  wrong(
    { ...apart, preset: 'upright-separated' },
    /u = 1 and r = 1 need 4 filter nodes apart from the members with the preset upright-separated, here are 0/,
  );
  wrong({ ...filtered, filters: cards(20, 3) }, /need 4 filter nodes .* here are 3/);
  wrong({ ...filtered, executors: [] }, /need 3 executors beside the members .* here are 0/);
  for (const preset of ['executors', 'upright'] as const)
    wrong(
      { ...filtered, preset, executors: preset === 'upright' ? [] : cards(10, 3) },
      new RegExp(`the preset ${preset} has no filter nodes apart from its members, here are 4`),
    );
  const [first, ...others] = cards(20, 4) as [MemberCard, ...MemberCard[]];
  wrong({ ...filtered, filters: [{ ...first, key: digits(10) }, ...others] }, /key of m20 occurs twice/);
  wrong({ ...filtered, filters: [{ ...first, pin: 'short' }, ...others] }, /pin of m20 is not 64/);
  for (const stage of ['members', 'executors', 'filters'] as const) {
    const administered = filtered[stage]?.map((each, i) => ({ ...each, admin: digits(50 + i) })) ?? [];
    wrong(
      { ...filtered, [stage]: administered },
      /filter nodes apart from the members do not follow a change/,
    );
  }
});

test('a federation changes where all members have administrators, and executors need none', () => {
  checkMembership(governed);
  const wrong = (membership: Membership, words: RegExp): void =>
    assert.throws(() => checkMembership(membership), { code: 'bad-configuration', message: words });
  const [first, ...others] = governed.members as [MemberCard, ...MemberCard[]];
  const { admin, ...bare } = first;
  wrong({ ...governed, members: [bare, ...others] }, /either all members have an admin key or none/);
  wrong({ ...governed, members: [{ ...first, admin: 'short' }, ...others] }, /admin key of m0 is not 64/);
  const shared = { ...first, admin: digits(1) };
  wrong({ ...governed, members: [shared, ...others] }, /admin key of m0 occurs twice/);
  checkMembership({ ...apart, members: governed.members });
  const staffed = cards(10, 3).map((each) => ({ ...each, ...(admin !== undefined && { admin }) }));
  wrong({ ...apart, executors: staffed }, /executor m10 has an admin key/);
});

test('members, executors, filter nodes and clients have numbers of their own, which nobody else has', () => {
  const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
  const domains = (membership: Membership, ...keys: number[]): number[] =>
    keys.map((n) => domainOf(membership, keyOf(n)));
  assert.deepEqual(domains(together, 0, 3, 99), [0, 3, 4]);
  assert.deepEqual(domains(governed, 0, 3, 99), [0, 3, 128]);
  assert.deepEqual(domains(apart, 0, 3, 10, 12, 99), [0, 3, 31, 33, 128]);
  assert.deepEqual(domains(filtered, 3, 12, 20, 23, 99), [3, 33, 63, 66, 128]);
  assert.deepEqual([...publicKeysOf(apart).keys()], [0, 1, 2, 3, 31, 32, 33, 128]);
  assert.equal(publicKeysOf(filtered).size, 12);
  assert.deepEqual([...clientPins(together)], [[digits(199), 4]]);
  assert.deepEqual([...clientPins(governed)], [[digits(199), 128]]);
  assert.deepEqual([...clientPins(apart)], [[digits(199), 128]]);
  assert.throws(() => domainOf(apart, keyOf(50)), /in no card/);
});

test('executors and filter nodes are part of what names a cluster, and clusters without them are named as ever', () => {
  const hex = (membership: Membership): string => toHex(clusterOf(membership));
  assert.equal(
    hex({ u: 1, r: 1, members: [1, 2, 3, 4].map((n) => ({ ...card(n), key: `${n}`.repeat(64) })) }),
    'b4b4ae2579bd0adf7535b3d57b312104aa283a6d168776e0540fbc0fa8b7708b',
  );
  const names = [
    together,
    governed,
    { ...together, preset: 'executors' as const },
    apart,
    { ...apart, executors: cards(10, 3).reverse() },
    { ...apart, executors: cards(11, 3) },
    { ...apart, executors: cards(10, 7) },
    { ...apart, filters: cards(13, 4) },
    filtered,
    { ...filtered, filters: cards(20, 4).reverse() },
  ].map(hex);
  assert.equal(new Set(names).size, names.length);
  const moved = cards(10, 3).map((each) => ({ ...each, host: 'elsewhere', port: 2 }));
  assert.equal(hex({ ...apart, executors: moved }), hex(apart), 'machines may move');
});
