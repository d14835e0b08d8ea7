/** The bank on four members: transfers from inside and outside, a killed member, and no cent lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkDeterminism,
  clientCardOf,
  connectClient,
  createCluster,
  type Outcome,
  unwrap,
} from '@concordat/replication/edge';
import { generateIdentity } from '@concordat/runtime';
import { bank } from './bank.ts';

const DEADLINE = { timeout: 30_000 };

const codeOf = (outcome: Outcome<unknown>): string =>
  outcome.status === 'failed' ? outcome.code : outcome.status;

test('money moves and stays, while a member is down', DEADLINE, async () => {
  const identity = generateIdentity('teller');
  const clients = [clientCardOf('teller', identity)];
  await using cluster = await createCluster(bank, { u: 1, r: 1, clients });
  await using teller = connectClient(bank, { membership: cluster.membership, identity });
  const inside = cluster.members[2]!;
  unwrap(await teller.call('open', { name: 'ada', owner: 'Ada' }));
  unwrap(await inside.call('open', { name: 'bob', owner: 'Bob' }));
  assert.equal(unwrap(await inside.call('deposit', { to: 'ada', amount: 5000 })), 5000);
  await cluster.kill(1);
  const transfers = await Promise.all(
    Array.from({ length: 60 }, () => teller.call('transfer', { from: 'ada', to: 'bob', amount: 100 })),
  );
  assert.equal(transfers.filter(({ status }) => status === 'ok').length, 50, 'until nothing is left');
  assert.equal(transfers.filter((outcome) => codeOf(outcome) === 'no-funds').length, 10);
  assert.equal(unwrap(await inside.query('balance', 'bob')), 5000);
  assert.deepEqual(unwrap(await teller.query('audit', {})), { held: 5000, deposited: 5000 });
});

test('what a bank refuses, it refuses by name', DEADLINE, async () => {
  await using cluster = await createCluster(bank, { u: 1, r: 0 });
  const member = cluster.members[0]!;
  for (const name of ['ada', 'bob']) unwrap(await member.call('open', { name, owner: name }));
  unwrap(await member.call('deposit', { to: 'ada', amount: 900_000 }));
  const codes = await Promise.all([
    member.call('open', { name: 'ada', owner: 'Eve' }).then(codeOf),
    member.call('transfer', { from: 'ada', to: 'eve', amount: 1 }).then(codeOf),
    member.call('transfer', { from: 'ada', to: 'ada', amount: 1 }).then(codeOf),
    member.call('transfer', { from: 'ada', to: 'bob', amount: 100_001 }).then(codeOf),
    member.call('transfer', { from: 'ada', to: 'bob', amount: -1 }).then(codeOf),
    member.query('balance', 'eve').then(codeOf),
  ]);
  assert.deepEqual(codes, [
    'name-taken',
    'no-such-account',
    'same-account',
    'daily-limit',
    'bad-input',
    'no-such-account',
  ]);
  assert.deepEqual(unwrap(await member.query('audit', {})), { held: 900_000, deposited: 900_000 });
});

test('a standing order pays in ordered time, until it cannot', DEADLINE, async () => {
  await using cluster = await createCluster(bank, { u: 1, r: 0 });
  const member = cluster.members[1]!;
  for (const name of ['ada', 'bob']) unwrap(await member.call('open', { name, owner: name }));
  unwrap(await member.call('deposit', { to: 'ada', amount: 25 }));
  assert.equal(unwrap(await member.call('order', { from: 'ada', to: 'bob', amount: 10, everyMs: 1 })), 1);
  while (unwrap(await member.query('balance', 'bob')) < 20) await new Promise((next) => setTimeout(next, 5));
  assert.equal(unwrap(await member.query('balance', 'ada')), 5);
});

test('the bank is deterministic', () => {
  const names = ['ada', 'bob', 'cyd'];
  const findings = checkDeterminism(bank, {
    operation: (random) => {
      const [from, to, amount] = [random.pick(names), random.pick(names), random.below(100)];
      switch (random.below(4)) {
        case 0:
          return ['open', { name: to, owner: from }];
        case 1:
          return ['deposit', { to, amount }];
        case 2:
          return ['order', { from, to, amount, everyMs: random.below(500) }];
        default:
          return ['transfer', { from, to, amount }];
      }
    },
    query: (random) => (random.chance(0.5) ? ['audit', {}] : ['balance', random.pick(names)]),
  });
  assert.deepEqual(findings, []);
});
