/**
 * Four programs of version 1 are replaced by programs of version 2, one at a time, while they are called all the time; then the
 * federation switches. Everything is a process of its own with a directory of its own, as it is in earnest.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientCardOf, connectClient, type Outcome, unwrap } from '@concordat/replication/edge';
import { generateIdentity } from '@concordat/runtime';
import { bank1 } from './bank-1.ts';
import { bank2 } from './bank-2.ts';
import {
  createOrganisations,
  NAMES,
  type Name,
  type Organisations,
  type Statement,
  until,
} from './organisations.ts';

interface Load {
  ok: number;
  /** Calls that may have had an effect. */
  unknown: number;
  /** Why others had none. */
  readonly failed: string[];
}

/** Makes these calls until it is told to stop, each anew once it has an outcome. */
function callAllTheTime(calls: readonly (() => Promise<Outcome<number>>)[]) {
  const loads = calls.map((): Load => ({ ok: 0, unknown: 0, failed: [] }));
  let isOver = false;
  const loops = calls.map(async (call, i) => {
    const load = loads[i]!;
    while (!isOver) {
      const outcome = await call();
      if (outcome.status === 'failed') load.failed.push(outcome.code);
      else load[outcome.status] += 1;
      await sleep(50);
    }
  });
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(loops);
  };
  return { loads, stop, [Symbol.asyncDispose]: stop };
}

/** A program that ends does not tell whether it has done what it was asked a moment ago. */
const GONE: Outcome<number> = { status: 'unknown', why: 'closed' };

/** True once exactly the two that have not been replaced are missing; those that have been may yet have to announce it. */
async function refuses({ proposeSecond }: Organisations, at: Name): Promise<true | null> {
  const words = await proposeSecond(at);
  return words.endsWith('here are 2: missing members 2, 3') || isTooEarly(words);
}

function isTooEarly(words: string): null {
  assert.match(words, /^refused: version 2 needs 3 members that have announced it, here are [0-2]: missing /);
  return null;
}

/** What a member holds once the last deposit has been executed there. */
const lastBook = ({ statements }: Organisations, name: Name): Promise<readonly Statement[]> =>
  until(`${name} has it all`, async () => {
    const book = await statements(name);
    return book.some((one) => one.name === 'usa' && one.amount.cents === 8) ? book : null;
  });

/** Replaces all, one at a time, by programs of version 2; half-way it is too early to switch, as programs of either version say. */
async function replacePrograms(organisations: Organisations, othersGoOn: () => Promise<void>): Promise<void> {
  const { start, stop } = organisations;
  for (const [name, signal, ended] of [
    ['ada', 'SIGTERM', 0],
    ['bob', 'SIGKILL', 'SIGKILL'],
    ['cyd', 'SIGTERM', 0],
    ['dan', 'SIGTERM', 0],
  ] as const) {
    if (name === 'cyd')
      for (const at of ['ada', 'dan'] as const)
        await until(`${at} refuses`, () => refuses(organisations, at));
    assert.equal(await stop(name, signal), ended);
    await othersGoOn();
    await start(name, 2);
  }
}

async function switchToSecond({ proposeSecond, statusOf }: Organisations): Promise<void> {
  await until('everyone has announced version 2', async () => {
    const words = await proposeSecond('bob');
    return /^epoch 1 begins after slot \d+$/.test(words) || isTooEarly(words);
  });
  for (const name of NAMES)
    await until(`${name} is in epoch 1`, async () => ((await statusOf(name))?.epoch === 1 ? true : null));
}

test('programs are replaced one by one, and then the service', { timeout: 100_000 }, async ({ signal }) => {
  const [before, after] = [generateIdentity('before'), generateIdentity('after')];
  const clients = [clientCardOf('before', before), clientCardOf('after', after)];
  await using organisations = await createOrganisations(clients, signal);
  const { membership, deposit, start, stop } = organisations;
  await Promise.all(NAMES.map((name) => start(name, 1)));
  await using old = connectClient(bank1, { membership, identity: before });
  await using callers = callAllTheTime([
    () => old.call('deposit', { to: 'outside', cents: 1 }),
    ...NAMES.map((name) => () => deposit(name, name).catch(() => sleep(20, GONE))),
  ]);
  const [outside, ...desks] = callers.loads;
  assert.ok(outside !== undefined);
  const othersGoOn = async (): Promise<void> => {
    const since = outside.ok;
    await until('others go on', () => (outside.ok > since + 1 ? true : null));
  };

  await replacePrograms(organisations, othersGoOn);
  await switchToSecond(organisations);
  // What both versions have in one form, a program of the first goes on calling.
  await othersGoOn();
  const otherForm = await old.query('balance', 'outside');
  assert.equal(otherForm.status === 'failed' && otherForm.code, 'other-version');
  await using young = connectClient(bank2, { membership, identity: after });
  unwrap(await young.call('open', { name: 'usa', currency: 'USD' }));
  assert.equal(unwrap(await young.call('deposit', { to: 'usa', cents: 7 })), 7);
  assert.deepEqual(unwrap(await young.query('balance', 'usa')), { cents: 7, currency: 'USD' });

  assert.equal(await stop('dan'), 0);
  const tooOld = await organisations.startInVain('dan', 1);
  assert.match(
    tooOld.said,
    /this member has halted: version 2 of the service is in force, and this binary can run 1: upgrade this binary/,
  );
  assert.equal(tooOld.code, 1);
  await othersGoOn();
  await start('dan', 2);

  await callers.stop();
  assert.deepEqual({ unknown: outside.unknown, failed: outside.failed }, { unknown: 0, failed: [] });
  // Only a program that ends gives up calls; those that it had not sent have had no effect.
  for (const { failed } of desks)
    assert.ok(
      failed.every((code) => code === 'closed'),
      `${failed}`,
    );

  assert.equal(unwrap(await young.call('deposit', { to: 'usa', cents: 1 })), 8);
  const [book, ...others] = await Promise.all(NAMES.map((name) => lastBook(organisations, name)));
  assert.ok(book !== undefined);
  assert.deepEqual(others, [book, book, book], 'migrated alike everywhere');
  const amounts = new Map(book.map(({ name, amount }) => [name, amount]));
  assert.deepEqual([...amounts.keys()], ['ada', 'bob', 'cyd', 'dan', 'outside', 'usa']);
  assert.deepEqual(amounts.get('outside'), { cents: outside.ok, currency: 'EUR' }, 'each call once');
  for (const [i, { ok, unknown }] of desks.entries()) {
    const { cents = 0 } = amounts.get(NAMES[i]!) ?? {};
    assert.ok(cents >= ok && cents <= ok + unknown, `${NAMES[i]}: ${cents}, of ${ok} and ${unknown} more`);
  }

  // Dan, whose journal has seen all three programs, is needed without ada.
  assert.equal(await stop('ada', 'SIGKILL'), 'SIGKILL');
  assert.equal(unwrap(await young.call('deposit', { to: 'usa', cents: 1 })), 9);
});
