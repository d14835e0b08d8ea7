/** Members with directories of their own: identity and journal survive, what is missing is named, operators can look. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '@concordat/runtime';
import { unwrap } from '../client/outcome.ts';
import { defineService } from '../service/index.ts';
import { counter } from '../testing/counter.ts';
import { freePort } from '../testing/free-port.ts';
import { createAdmin, createHome, readHome } from './home.ts';
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

test('executors open directories like members, and the card says which of them one is', DEADLINE, () =>
  withHomes(async (homes, members) => {
    const parent = join(homes[0] as string, 'beside');
    const beside = ['eve', 'fay', 'gil'].map((name) => join(parent, name));
    const executors: MemberCard[] = [];
    for (const [i, directory] of beside.entries()) {
      const name = ['eve', 'fay', 'gil'][i] as string;
      const address = { host: LOOPBACK, port: await freePort(), clientPort: await freePort() };
      executors.push(cardOf(name, await createHome(directory, name), address));
    }
    const common = { u: 1, r: 0, preset: 'executors', logger } as const;
    const monitor = { host: LOOPBACK, port: 0 };
    const openAll = () =>
      Promise.all(
        [...homes, ...beside].map((directory) =>
          replicate(counter, { ...common, members, executors, directory, monitor }),
        ),
      );
    const wrong = (words: RegExp) => ({ code: 'bad-configuration', message: words });
    const [eve = ''] = beside;
    await assert.rejects(
      replicate(counter, { ...common, members, directory: eve }),
      wrong(/need 3 executors beside the members with the preset executors, here are 0/),
    );
    await assert.rejects(
      replicate(counter, { ...common, members, executors: executors.slice(1), directory: eve }),
      wrong(/here are 2/),
    );
    const stranger = join(parent, 'stranger');
    await createHome(stranger, 'stranger');
    await assert.rejects(
      replicate(counter, { ...common, members, executors, directory: stranger }),
      wrong(/in no card/),
    );
    for (const total of [5, 10]) {
      const nodes = await openAll();
      try {
        const [ada, , , first] = nodes;
        assert.equal(unwrap(await first!.call('add', { amount: 5 })), total);
        assert.deepEqual([ada!.status().name, first!.status().name], ['ada', 'eve']);
        for (const node of [ada, first]) {
          const { port } = node!.monitor!;
          // A member is ready once it has executed what was ordered lately.
          while ((await fetch(`http://${LOOPBACK}:${port}/ready`)).status !== 200)
            await new Promise((next) => setTimeout(next, 20));
          const metrics = await fetch(`http://${LOOPBACK}:${port}/metrics`);
          assert.match(await metrics.text(), /kind="executed"/);
        }
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    }
  }),
);

test('a membership that begins with a later version does so in a directory of its own', DEADLINE, () =>
  withHomes(async ([directory = '']) => {
    const admin = createAdmin(join(directory, 'admin.json'), 'ada');
    const card = cardOf('ada', readHome(directory), { host: LOOPBACK, port: await freePort() }, admin);
    const later = defineService({ version: 2, state: () => ({}), operations: {}, queries: {} });
    await using replica = await replicate(later, {
      u: 0,
      r: 0,
      members: [card],
      version: 2,
      directory,
      logger,
    });
    assert.equal(replica.configuration().version, 2);
  }),
);
