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
import { replicate } from './replicate.ts';

const DEADLINE = { timeout: 30_000 };
const LOOPBACK = '127.0.0.1';
const NAMES = ['ada', 'bob', 'cyd'];
const logger = createLogger({ write: () => {} });

type Counter = Awaited<ReturnType<typeof open>>;

const open = (directory: string, members: readonly MemberCard[]) =>
  replicate(counter, { u: 1, r: 0, members, directory, logger, monitor: { host: LOOPBACK, port: 0 } });

async function withHomes(body: (homes: readonly string[], members: readonly MemberCard[]) => Promise<void>) {
  const parent = mkdtempSync(join(tmpdir(), 'concordat-replicate-'));
  try {
    const homes = NAMES.map((name) => join(parent, name));
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

async function withReplicas(
  homes: readonly string[],
  members: readonly MemberCard[],
  body: (replicas: readonly Counter[]) => Promise<void>,
) {
  const replicas = await Promise.all(homes.map((directory) => open(directory, members)));
  try {
    await body(replicas);
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()));
  }
}

test('a member opens its directory, is watched, and finds its state again', DEADLINE, () =>
  withHomes(async (homes, members) => {
    let closed: Counter | undefined;
    await withReplicas(homes, members, async (replicas) => {
      closed = replicas[1]!;
      assert.equal(unwrap(await closed.call('add', { amount: 5 })), 5);
      assert.equal(unwrap(await closed.peek('total', {})), 5, 'what was answered here is executed here');
      const { name, primary, linked } = closed.status();
      // The first primary is left at once if it starts a little later than the others.
      assert.deepEqual([name, NAMES.includes(primary), linked.length > 0], ['bob', true, true]);
      const metrics = await fetch(`http://${LOOPBACK}:${closed.monitor?.port}/metrics`);
      assert.match(await metrics.text(), /executed/);
    });
    assert.equal((await closed!.call('add', { amount: 1 })).status, 'failed');
    await withReplicas(homes, members, async ([, , replica]) => {
      assert.equal(unwrap(await replica!.query('total', {})), 5);
    });
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
