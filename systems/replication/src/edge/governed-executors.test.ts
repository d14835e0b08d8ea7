/**
 * A federation whose members only order is changed while it runs, over real sockets and disks: executors and outside clients
 * follow, with calls under way, and executors go on from their directories.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createMemoryDisk, generateIdentity } from '@concordat/runtime';
import { startExecutor } from './host/executor.ts';
import { readHome } from './host/home.ts';
import {
  approve,
  clientCardOf,
  connectClient,
  createCluster,
  type Outcome,
  propose,
  unwrap,
  type Wish,
} from './index.ts';
import { counter, doubling } from './testing/counter.ts';
import { load } from './testing/load.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
/** Short intervals: a change waits for a checkpoint. */
const settings = { checkpointInterval: 16, window: 32 };

const start = (more: { readonly directory?: string } = {}) =>
  createCluster(counter, { u: 1, r: 1, preset: 'executors', governed: true, clients, settings, ...more });

type Cluster = Awaited<ReturnType<typeof start>>;
type Node = Pick<Cluster['members'][number], 'configuration' | 'govern' | 'status'>;

/** What a change needs of a cluster, whatever its service is. */
interface Governed extends Pick<Cluster, 'membership' | 'admins' | 'admit'> {
  readonly members: readonly Node[];
  readonly executors: readonly Node[];
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 10) {
    assert.ok(waitedMs < 30_000, what);
    await sleep(10);
  }
}

/** Proposes a wish at a member, has three administrators approve it, admits newcomers, and submits it there. */
async function change(
  cluster: Governed,
  wish: Wish,
  approvers: readonly number[] = [0, 1, 2],
): Promise<Outcome<{ epoch: number; afterSlot: number }>> {
  const member = cluster.members[0]!;
  const present = member.configuration();
  let command = propose(present, wish, cluster.membership);
  for (const id of approvers) command = approve(command, present, cluster.membership, cluster.admins[id]!);
  await cluster.admit(command.next);
  return member.govern(command);
}

const areIn = (cluster: Governed, epoch: number): Promise<void> =>
  until(`executors are in epoch ${epoch}, and so is member 0`, () =>
    [...cluster.executors, cluster.members[0]!].every((node) => node.status().epoch === epoch),
  );

/** Runs with directories, and removes them. */
async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-governed-executors-'));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a member is replaced and another takes a new key under load, and all are restarted', DEADLINE, () =>
  withDirectory(replaceOne),
);

async function replaceOne(directory: string): Promise<void> {
  await using cluster = await start({ directory });
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  const [first, second] = cluster.executors;
  const stop = load([client, first!, second!]);
  const echo = await cluster.prepare('echo');
  assert.equal(unwrap(await change(cluster, { leave: ['member-3'], join: [echo] })).epoch, 1);
  await areIn(cluster, 1);
  await until('member 3 has left', () => cluster.members[3]!.status().hasLeft);
  const { epoch, members, isMember, linked } = first!.status();
  assert.deepEqual([epoch, members, isMember], [1, ['member-0', 'member-1', 'member-2', 'echo'], false]);
  assert.ok(linked.includes('member-3'), 'whoever has just left may have what executors lack');
  await until('executors are linked to the newcomer', () =>
    cluster.executors.every((executor) => executor.status().linked.includes('echo')),
  );
  const keys = { 'member-0': cluster.members[0]!.nextKey() };
  assert.equal(unwrap(await change(cluster, { keys }, [0, 1, 4])).epoch, 2);
  await areIn(cluster, 2);
  await until('nobody is linked to who left long ago', () =>
    cluster.executors.every((executor) => !executor.status().linked.includes('member-3')),
  );
  const { done, failures } = await stop();
  assert.deepEqual(failures, []);

  // Three of four are needed now: the newcomer, and the one with the new key.
  await cluster.kill(1);
  assert.equal(unwrap(await client.call('add', { amount: 1 })), done + 1);
  for (const id of [0, 1, 2]) {
    await cluster.killExecutor(id);
    await cluster.restartExecutor(id);
  }
  await areIn(cluster, 2);
  assert.equal(unwrap(await client.call('add', { amount: 1 })), done + 2);
  assert.equal(unwrap(await cluster.executors[2]!.call('add', { amount: 1 })), done + 3);
}

test('a client and executors follow while one member after the other is replaced', DEADLINE, () =>
  withDirectory(replaceAll),
);

async function replaceAll(directory: string): Promise<void> {
  await using cluster = await start({ directory });
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  const stop = load([client, cluster.executors[0]!]);
  for (const [i, name] of ['echo', 'foxtrot', 'golf'].entries()) {
    const newcomer = await cluster.prepare(name);
    const approvers = cluster.members[0]!.configuration().members.map(({ id }) => id);
    const wish = { leave: [`member-${i + 1}`], join: [newcomer] };
    assert.equal(unwrap(await change(cluster, wish, approvers.slice(0, 3))).epoch, i + 1);
    await areIn(cluster, i + 1);
  }
  await until('the client follows, although no call of its is late', () => client.epoch === 3);
  const { done, failures } = await stop();
  assert.deepEqual(failures, []);
  // Of those whom the client began with one is left, and it does not order alone.
  for (const id of [1, 2, 3]) await cluster.kill(id);
  assert.equal(unwrap(await client.call('add', { amount: 1 })), done + 1);
  await cluster.kill(0);
  assert.equal(unwrap(await client.call('add', { amount: 1 })), done + 2);

  // One that lost its journal is told by its operator whom to ask: of the first members none is there.
  const { membership } = cluster;
  await cluster.killExecutor(2);
  await using again = await startExecutor(counter, {
    membership,
    identity: readHome(join(directory, 'executor-2')),
    journal: createMemoryDisk().open(),
    later: cluster.executors[0]!.configuration(),
    logger: createLogger({ level: 'error', write: () => {} }),
    settings,
  });
  await until('it follows', () => again.status().epoch === 3);
  assert.equal(unwrap(await again.call('add', { amount: 1 })), done + 3);
}

test('what does not suit the executors is refused, and executors take no commands', DEADLINE, async () => {
  await using cluster = await start();
  const [member] = cluster.members;
  const present = member!.configuration();
  const refused = (wish: Wish, message: RegExp): void => {
    assert.throws(() => propose(present, wish, cluster.membership), { code: 'bad-configuration', message });
  };
  refused({ preset: 'pbft' }, /members execute with the preset pbft/);
  const [golf, hotel] = [await cluster.prepare('golf'), await cluster.prepare('hotel')];
  refused({ join: [golf, hotel], faults: { u: 2, r: 1 } }, /u = 2, r = 1 need 5 executors, here are 3/);

  // Whoever does not say that there are executors is told by the log.
  const command = propose(present, { preset: 'zyzzyva' });
  const approved = [0, 1, 2].reduce(
    (known, id) => approve(known, present, cluster.membership, cluster.admins[id]!),
    command,
  );
  const outcome = await member!.govern(approved);
  assert.ok(outcome.status === 'failed' && outcome.code === 'refused');
  assert.match(outcome.detail, /order in three phases, and nothing ahead/);

  const executor = cluster.executors[0]!;
  const asked = await executor.govern(approved);
  assert.ok(asked.status === 'failed' && asked.code === 'executes-only');
  assert.throws(() => executor.nextKey(), { code: 'bad-configuration', message: /ask a member/ });
  assert.equal(executor.configuration().epoch, 0);
});

test('the service gets another version once executors have announced it', DEADLINE, async () => {
  await using cluster = await createCluster(doubling, {
    u: 1,
    r: 1,
    preset: 'executors',
    governed: true,
    clients,
    settings,
  });
  await using client = connectClient(doubling, { membership: cluster.membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 3 })), 3);
  const early = await client.call('double', {});
  assert.ok(early.status === 'failed' && early.code === 'unknown-operation');
  let refusals = 0;
  for (;;) {
    const outcome = await change(cluster, { version: 2 });
    if (outcome.status === 'ok') break;
    // Binaries tell the log what they can run once it has had time to tell them.
    assert.ok(outcome.status === 'failed' && /version 2 needs 2 executors/.test(outcome.detail), 'refused');
    assert.ok(++refusals < 1000, 'they announce what they can run');
    await sleep(20);
  }
  await areIn(cluster, 1);
  assert.equal(unwrap(await client.call('double', {})), 6);
  assert.equal(unwrap(await cluster.executors[2]!.call('double', {})), 12);
  assert.equal(cluster.executors[0]!.configuration().version, 2);
});
