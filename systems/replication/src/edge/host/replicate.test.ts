/** Members with directories of their own: identity and journal survive, what is missing is named, operators can look. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '@concordat/runtime';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { freePort } from '../testing/free-port.ts';
import { createHome } from './home.ts';
import { cardOf, type MemberCard } from './membership.ts';
import { type Replica, replicate } from './replicate.ts';

const DEADLINE = { timeout: 30_000 };
const LOOPBACK = '127.0.0.1';
const logger = createLogger({ write: () => {} });

async function withHomes(body: (homes: readonly string[], members: readonly MemberCard[]) => Promise<void>) {
  const parent = mkdtempSync(join(tmpdir(), 'concordat-replicate-'));
  try {
    const homes = ['ada', 'bob', 'cyd'].map((name) => join(parent, name));
    const members: MemberCard[] = [];
    for (const directory of homes) {
      const name = directory.slice(parent.length + 1);
      const identity = await createHome(directory, name);
      members.push(cardOf(name, identity, { host: LOOPBACK, port: await freePort() }));
    }
    await body(homes, members);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

test('a member opens its directory, is watched, and finds its state again', DEADLINE, () =>
  withHomes(async (homes, members) => {
    const start = () =>
      Promise.all(
        homes.map((directory) =>
          replicate(counter, {
            u: 1,
            r: 0,
            members,
            directory,
            logger,
            monitor: { host: LOOPBACK, port: 0 },
          }),
        ),
      );
    const closeAll = (replicas: readonly Replica<unknown, unknown, unknown, unknown>[]) =>
      Promise.all(replicas.map((replica) => replica.close()));
    const replicas = await start();
    assert.equal(unwrap(await replicas[1]!.call('add', { amount: 5 })), 5);
    assert.equal(unwrap(await replicas[1]!.peek('total', {})), 5, 'what was answered here is executed here');
    const { name, primary, linked } = replicas[1]!.status();
    assert.deepEqual([name, primary, linked.length > 0], ['bob', 'ada', true]);
    const metrics = await fetch(`http://${LOOPBACK}:${replicas[1]?.monitor?.port}/metrics`);
    assert.match(await metrics.text(), /executed/);
    await closeAll(replicas);
    assert.equal((await replicas[1]!.call('add', { amount: 1 })).status, 'failed');
    const again = await start();
    assert.equal(unwrap(await again[2]!.query('total', {})), 5);
    await closeAll(again);
  }),
);

test('a directory without an identity, and an identity without a card, are named', DEADLINE, () =>
  withHomes(async ([first = ''], members) => {
    const options = { u: 1, r: 0, members, logger };
    const wrong = (code: string, words: RegExp) => (error: unknown) =>
      error instanceof Error && 'code' in error && error.code === code && words.test(error.message);
    await assert.rejects(
      replicate(counter, { ...options, directory: join(first, 'none') }),
      wrong('bad-configuration', /createHome/),
    );
    const stranger = join(first, 'stranger');
    await createHome(stranger, 'stranger');
    await assert.rejects(
      replicate(counter, { ...options, directory: stranger }),
      wrong('bad-configuration', /in no card/),
    );
    await assert.rejects(createHome(stranger, 'stranger'), wrong('journal-exists', /already/));
    await assert.rejects(
      replicate(counter, { ...options, u: 2, directory: first }),
      wrong('bad-configuration', /need 5 members with the preset concordat, here are 3/),
    );
    // The failed starts have let go of the journal.
    const replica = await replicate(counter, { ...options, directory: first });
    await replica.close();
  }),
);
