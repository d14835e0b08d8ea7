/**
 * A federation of the library is changed while it runs, over real sockets: by programs that propose, approve and submit, with
 * calls under way from inside and outside.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateIdentity } from '@concordat/runtime';
import type { PresetName } from '../presets/index.ts';
import {
  approve,
  changesOf,
  clientCardOf,
  connectClient,
  createCluster,
  defineService,
  type EmbeddedCluster,
  type Member,
  type Outcome,
  propose,
  record,
  u53,
  unwrap,
  type Wish,
} from './index.ts';
import { counter, doubling } from './testing/counter.ts';
import { load } from './testing/load.ts';

/** What a change needs of a cluster, whatever its service is. */
type Governed = Pick<
  EmbeddedCluster<unknown, unknown, unknown, unknown>,
  'membership' | 'admins' | 'admit'
> & {
  readonly members: readonly Pick<
    Member<unknown, unknown, unknown, unknown>,
    'configuration' | 'govern' | 'status'
  >[];
};

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
/** Short intervals: a change waits for a checkpoint. */
const settings = { checkpointInterval: 16, window: 32 };

const start = (more: { readonly directory?: string; readonly preset?: PresetName } = {}) =>
  createCluster(counter, { u: 1, r: 1, governed: true, clients, settings, ...more });

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 10) {
    assert.ok(waitedMs < 30_000, what);
    await sleep(10);
  }
}

/** Proposes a wish at a member, has `approvers` approve it, admits newcomers, and submits it at `submitter`. */
async function change(
  cluster: Governed,
  wish: Wish,
  { approvers = [0, 1, 2], submitter = 0 }: { approvers?: readonly number[]; submitter?: number } = {},
): Promise<Outcome<{ epoch: number; afterSlot: number }>> {
  const member = cluster.members[submitter]!;
  const present = member.configuration();
  let command = propose(present, wish);
  for (const id of approvers) command = approve(command, present, cluster.membership, cluster.admins[id]!);
  await cluster.admit(command.next);
  return member.govern(command);
}

const areIn = (cluster: Governed, epoch: number, ids: readonly number[]): Promise<void> =>
  until(`members ${ids} are in epoch ${epoch}`, () =>
    ids.every((id) => {
      const status = cluster.members[id]!.status();
      return status.epoch === epoch && status.isMember;
    }),
  );

test(
  'a member is replaced, another takes a new key, under load and without a failed call',
  DEADLINE,
  async () => {
    await using cluster = await start();
    await using client = connectClient(counter, { membership: cluster.membership, identity });
    const [first, second, third, last] = cluster.members;
    const stop = load([client, first!, second!]);
    const echo = await cluster.prepare('echo');
    const present = first!.configuration();
    const proposal = propose(present, { leave: ['member-3'], join: [echo] });
    assert.deepEqual(changesOf(present, proposal), ['echo joins', 'member-3 leaves']);

    const few = await change(cluster, { leave: ['member-3'], join: [echo] }, { approvers: [0, 1] });
    assert.deepEqual(few, {
      status: 'failed',
      code: 'refused',
      detail: '3 approvals are needed, here are 2',
    });
    const accepted = await change(cluster, { leave: ['member-3'], join: [echo] }, { submitter: 1 });
    assert.equal(unwrap(accepted).epoch, 1);
    assert.equal(unwrap(accepted).afterSlot % settings.checkpointInterval, 0);
    await areIn(cluster, 1, [0, 1, 2, 4]);
    await until('member 3 has left', () => last!.status().hasLeft);
    assert.deepEqual(first!.status().members, ['member-0', 'member-1', 'member-2', 'echo']);
    assert.equal((await last!.call('add', { amount: 1 })).status, 'failed');

    const keys = { 'member-0': first!.nextKey() };
    assert.equal(first!.nextKey(), keys['member-0'], 'asked again, it is the same key');
    assert.equal(unwrap(await change(cluster, { keys }, { approvers: [0, 2, 4], submitter: 4 })).epoch, 2);
    await areIn(cluster, 2, [0, 1, 2, 4]);
    await until('nobody is linked to who left long ago', () => !third!.status().linked.includes('member-3'));
    const { done, failures } = await stop();
    assert.deepEqual(failures, []);

    // Three of four are needed now: the newcomer, and the one with the new key.
    await cluster.kill(1);
    assert.equal(unwrap(await client.call('add', { amount: 1 })), done + 1);
    assert.equal(unwrap(await cluster.members[4]!.query('total', {})), done + 1);
  },
);

test('a federation that changes may begin with a later version of the service', DEADLINE, async () => {
  const onlySecond = defineService({
    version: 2,
    state: (declare) => ({ total: declare.cell('total', u53, 0) }),
    operations: { next: { input: record({}), output: u53, execute: ({ state }) => state.total.get() + 1 } },
  });
  await using cluster = await createCluster(onlySecond, { u: 1, r: 0, governed: true, version: 2 });
  assert.equal(unwrap(await cluster.members[1]!.call('next', {})), 1);
  assert.equal(cluster.members[0]!.configuration().version, 2);
});

test(
  'the service gets another version, once enough programs have announced it, and never the former one again',
  DEADLINE,
  async () => {
    await using cluster = await createCluster(doubling, { u: 1, r: 1, governed: true, clients, settings });
    await using client = connectClient(doubling, { membership: cluster.membership, identity });
    assert.equal(unwrap(await client.call('add', { amount: 3 })), 3);
    const early = await client.call('double', {});
    assert.ok(early.status === 'failed' && early.code === 'unknown-operation');
    const present = cluster.members[0]!.configuration();
    assert.deepEqual(changesOf(present, propose(present, { version: 2 })), ['version 2 of the service']);
    let refusals = 0;
    for (;;) {
      const outcome = await change(cluster, { version: 2 });
      if (outcome.status === 'ok') break;
      // Binaries tell the log what they can run once it has had time to tell them.
      assert.ok(outcome.status === 'failed' && /version 2 needs 3 members/.test(outcome.detail), 'refused');
      assert.ok(++refusals < 1000, 'they announce what they can run');
      await sleep(20);
    }
    await areIn(cluster, 1, [0, 1, 2, 3]);
    assert.equal(unwrap(await client.call('double', {})), 6);
    assert.equal(unwrap(await cluster.members[3]!.call('double', {})), 12);
    assert.throws(() => propose(cluster.members[0]!.configuration(), { version: 1 }), {
      code: 'bad-configuration',
      message: /state cannot be taken back to version 1/,
    });
  },
);

test('a federation grows, changes how it agrees, and shrinks, without a failed call', DEADLINE, async () => {
  await using cluster = await start();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  const stop = load([client, cluster.members[0]!, cluster.members[1]!]);
  const join = [await cluster.prepare('echo'), await cluster.prepare('foxtrot')];
  unwrap(await change(cluster, { join, faults: { u: 2, r: 1 } }));
  await areIn(cluster, 1, [0, 1, 2, 3, 4, 5]);
  const four = { approvers: [0, 1, 2, 4] };
  unwrap(await change(cluster, { preset: 'zyzzyva' }, four));
  await areIn(cluster, 2, [0, 1, 2, 3, 4, 5]);
  unwrap(await change(cluster, { preset: 'pbft' }, four));
  await areIn(cluster, 3, [0, 1, 2, 3, 4, 5]);
  const back: Wish = { leave: ['member-2', 'member-3'], faults: { u: 1, r: 1 }, preset: 'concordat' };
  unwrap(await change(cluster, back, four));
  await areIn(cluster, 4, [0, 1, 4, 5]);
  const { done, failures } = await stop();
  assert.deepEqual(failures, []);
  assert.equal(unwrap(await client.query('total', {})), done);
  await cluster.kill(0);
  assert.equal(unwrap(await cluster.members[5]!.call('add', { amount: 1 })), done + 1);
});

test(
  'after two changes all are stopped and started again, and are in the latest epoch',
  DEADLINE,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'concordat-governed-'));
    try {
      await using cluster = await start({ directory });
      unwrap(await cluster.members[0]!.call('add', { amount: 3 }));
      const echo = await cluster.prepare('echo');
      unwrap(await change(cluster, { leave: ['member-3'], join: [echo] }));
      await areIn(cluster, 1, [0, 1, 2, 4]);
      const keys = { 'member-1': cluster.members[1]!.nextKey(), echo: cluster.members[4]!.nextKey() };
      unwrap(await change(cluster, { keys }, { approvers: [0, 2, 4] }));
      await areIn(cluster, 2, [0, 1, 2, 4]);
      for (const id of [0, 1, 2, 3, 4]) await cluster.kill(id);
      for (const id of [4, 2, 1, 0]) await cluster.restart(id);
      assert.deepEqual(
        [0, 1, 2, 4].map((id) => cluster.members[id]!.status().epoch),
        [2, 2, 2, 2],
        'found on disk, before anybody is heard',
      );
      assert.equal(unwrap(await cluster.members[4]!.call('add', { amount: 4 })), 7);
      // Those with new keys are needed.
      await cluster.kill(0);
      assert.equal(unwrap(await cluster.members[2]!.call('add', { amount: 1 })), 8);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test(
  'a client that knows the first members goes on while all of them are replaced, one by one',
  DEADLINE,
  async () => {
    await using cluster = await start();
    await using client = connectClient(counter, {
      membership: cluster.membership,
      identity,
      retransmitMs: 100,
    });
    assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
    for (const [epoch, name] of [
      [1, 'echo'],
      [2, 'foxtrot'],
      [3, 'golf'],
      [4, 'hotel'],
    ] as const) {
      const approvers = [epoch - 1, epoch, epoch + 1];
      const wish = { leave: [`member-${epoch - 1}`], join: [await cluster.prepare(name)] };
      unwrap(await change(cluster, wish, { approvers, submitter: epoch }));
      await areIn(cluster, epoch, [epoch, epoch + 1, epoch + 2, epoch + 3]);
      await cluster.kill(epoch - 1);
      assert.equal(unwrap(await client.call('add', { amount: 1 })), epoch + 1);
    }
    // Two of those who are left must be known to it, and the first membership names none of them.
    assert.ok(client.epoch >= 2, `it is in epoch ${client.epoch}`);
    await cluster.kill(7);
    assert.equal(unwrap(await client.query('total', {})), 5);

    // Nobody whom it knows by the membership is there: a client that begins now needs a later configuration.
    await using late = connectClient(counter, {
      membership: cluster.membership,
      identity,
      later: cluster.members[4]!.configuration(),
    });
    assert.equal(late.epoch, 4);
    assert.equal(unwrap(await late.call('add', { amount: 1 })), 6);
  },
);

test(
  'filter nodes come, follow and go with the preset, under load and without a failed call',
  DEADLINE,
  async () => {
    await using cluster = await start();
    await using client = connectClient(counter, { membership: cluster.membership, identity });
    const stop = load([client, cluster.members[0]!, cluster.members[1]!]);
    assert.equal(unwrap(await change(cluster, { preset: 'upright' })).epoch, 1);
    await areIn(cluster, 1, [0, 1, 2, 3]);
    const keys = { 'member-0': cluster.members[0]!.nextKey() };
    const join = [await cluster.prepare('echo')];
    unwrap(await change(cluster, { leave: ['member-3'], join, keys }));
    await areIn(cluster, 2, [0, 1, 2, 4]);
    assert.equal((await cluster.members[4]!.call('add', { amount: 0 })).status, 'ok');
    unwrap(await change(cluster, { preset: 'concordat' }, { approvers: [0, 1, 4], submitter: 4 }));
    await areIn(cluster, 3, [0, 1, 2, 4]);
    const { done, failures } = await stop();
    assert.deepEqual(failures, []);
    assert.equal(unwrap(await client.query('total', {})), done);
  },
);

test('a federation that begins with filter nodes is changed, and all start again', DEADLINE, async () => {
  await using cluster = await start({ preset: 'upright' });
  assert.equal(unwrap(await cluster.members[1]!.call('add', { amount: 3 })), 3);
  unwrap(await change(cluster, { leave: ['member-2'], join: [await cluster.prepare('echo')] }));
  await areIn(cluster, 1, [0, 1, 3, 4]);
  for (const id of [0, 1, 3, 4]) await cluster.kill(id);
  for (const id of [4, 3, 1, 0]) await cluster.restart(id);
  assert.equal(unwrap(await cluster.members[4]!.call('add', { amount: 4 })), 7);
  await cluster.kill(0);
  assert.equal(unwrap(await cluster.members[1]!.call('add', { amount: 1 })), 8);
});

test('without admin keys commands are refused, and it is said why', DEADLINE, async () => {
  await using cluster = await createCluster(counter, { u: 1, r: 0 });
  const [member] = cluster.members;
  const present = member!.configuration();
  const outcome = await member!.govern({ next: present, approvals: [], proof: new Uint8Array(0) });
  assert.deepEqual(outcome, {
    status: 'failed',
    code: 'ungoverned',
    detail: 'the cards have no admin keys: nobody can approve a change',
  });
});

test('wishes that no federation can have are refused before anybody is asked', DEADLINE, async () => {
  await using cluster = await start();
  const present = cluster.members[0]!.configuration();
  const echo = await cluster.prepare('echo');
  const { admin, ...bare } = echo;
  assert.ok(admin !== undefined);
  const wishes: [Wish, RegExp][] = [
    [{ leave: ['nobody'] }, /nobody is no member/],
    [{ leave: ['member-3'] }, /may not become fewer without a replacement/],
    [{ leave: ['member-3'], join: [bare] }, /the card of echo has no admin key/],
    [{ leave: ['member-3'], join: [{ ...echo, name: 'member-2' }] }, /member-2 is a member/],
    [
      { leave: ['member-3'], join: [{ ...echo, pin: cluster.membership.members[0]!.pin }] },
      /pin of echo is another's/,
    ],
    [{ join: [echo] }, /need 4 members, here are 5/],
    [{ faults: { u: 0, r: 1 } }, /r is at most u/],
    [{ keys: { 'member-1': 'abc' } }, /the key of member-1 is not 64/],
    [{ preset: 'executors' }, /needs executors/],
  ];
  for (const [wish, words] of wishes) assert.throws(() => propose(present, wish), words);
  const stranger = generateIdentity('stranger');
  const proposal = propose(present, { preset: 'pbft' });
  assert.throws(() => approve(proposal, present, cluster.membership, stranger), /of no present member/);
});
