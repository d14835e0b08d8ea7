/** Members with directories of their own: identity and journal survive, what is missing is named, operators can look. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger, freePort, generateIdentity } from '@concordat/runtime';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { defineService } from '../service/index.ts';
import { counter } from '../testing/counter.ts';
import { openAll } from '../testing/open-all.ts';
import { createAdmin, createHome, readHome } from './home.ts';
import { cardOf, clientCardOf, type MemberCard } from './membership.ts';
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
  const replicas = await openAll(homes.map((directory) => open(directory, members)));
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
    chmodSync(join(first, 'identity.json'), 0o644);
    await assert.rejects(
      replicate(counter, { ...options, directory: first }),
      wrong('exposed-secret', /others may use .*identity\.json \(mode 0644\): chmod 600/),
    );
    chmodSync(join(first, 'identity.json'), 0o600);
    // The failed starts have let go of the journal.
    const replica = await replicate(counter, { ...options, directory: first });
    await replica.close();
  }),
);

test('a member begins with the version of the service that its membership names', DEADLINE, () =>
  withHomes(async ([first = ''], members) => {
    const administered = members.map((card, i) => ({ ...card, admin: `${i}`.repeat(64) }));
    const options = { u: 1, r: 0, members: administered, version: 2, directory: first, logger };
    const later = defineService({ version: 2, state: () => ({}), operations: {} });
    const replica = await replicate(later, options);
    assert.equal(replica.configuration().version, 2);
    await replica.close();
  }),
);

/** Homes and cards of nodes beside the members. */
async function makeStage(homes: readonly string[], names: readonly string[]) {
  const directories = names.map((name) => join(homes[0] as string, 'beside', name));
  const cards: MemberCard[] = [];
  for (const [i, directory] of directories.entries()) {
    const address = { host: LOOPBACK, port: await freePort(), clientPort: await freePort() };
    cards.push(cardOf(names[i] as string, await createHome(directory, names[i] as string), address));
  }
  return [directories, cards] as const;
}

const monitor = { host: LOOPBACK, port: 0 };

/** What a node's monitor says to a path. */
async function see(node: Counter | undefined, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${LOOPBACK}:${node?.monitor?.port}/${path}`);
  return { status: response.status, text: await response.text() };
}

test('executors open directories like members, and the card says which of them one is', DEADLINE, () =>
  withHomes(async (homes, members) => {
    const [beside, executors] = await makeStage(homes, ['eve', 'fay', 'gil']);
    const common = { u: 1, r: 0, preset: 'executors', logger } as const;
    const openThem = () =>
      openAll(
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
    const stranger = join(eve, 'stranger');
    await createHome(stranger, 'stranger');
    await assert.rejects(
      replicate(counter, { ...common, members, executors, directory: stranger }),
      wrong(/in no card/),
    );
    for (const total of [5, 10]) {
      const nodes = await openThem();
      try {
        const [ada, , , first] = nodes;
        assert.equal(unwrap(await first!.call('add', { amount: 5 })), total);
        assert.deepEqual([ada!.status().name, first!.status().name], ['ada', 'eve']);
        for (const node of [ada, first]) {
          // A member is ready once it has executed what was ordered lately.
          while ((await see(node, 'ready')).status !== 200) await new Promise((next) => setTimeout(next, 20));
          assert.match((await see(node, 'metrics')).text, /kind="executed"/);
        }
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    }
  }),
);

test('filter nodes open directories like members, and are ready once members hear them', DEADLINE, () =>
  withHomes(async (homes, members) => {
    const [beside, executors] = await makeStage(homes, ['eve', 'fay', 'gil']);
    const [before, filters] = await makeStage(homes, ['hal', 'ivy', 'joe']);
    const outside = generateIdentity('outside');
    const clients = [clientCardOf('outside', outside)];
    const membership = {
      u: 1,
      r: 0,
      preset: 'upright-separated',
      members,
      executors,
      filters,
      clients,
    } as const;
    const openOne = (directory: string) => replicate(counter, { ...membership, directory, logger, monitor });
    const { filters: _, ...unfiltered } = membership;
    await assert.rejects(replicate(counter, { ...unfiltered, directory: before[0] as string, logger }), {
      code: 'bad-configuration',
      message: /need 3 filter nodes apart from the members .* here are 0/,
    });
    for (const total of [5, 10]) {
      const nodes = await openAll(before.map(openOne));
      try {
        const first = nodes[0];
        assert.equal(first!.status().name, 'hal');
        assert.deepEqual(await see(first, 'ready'), {
          status: 503,
          text: 'linked to 0 of the 2 members that it takes to order\n',
        });
        nodes.push(...(await openAll([...homes, ...beside].map(openOne))));
        await using client = connectClient(counter, { membership, identity: outside });
        assert.equal(unwrap(await client.call('add', { amount: 5 })), total);
        while ((await see(first, 'ready')).status !== 200) await new Promise((next) => setTimeout(next, 20));
        assert.equal((await see(first, 'health')).status, 200);
        assert.match((await see(first, 'metrics')).text, /^concordat_filter_requests \d+$/m);
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
