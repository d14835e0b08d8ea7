/** Order without execution, execution without order: the counts of UpRight, and the ways back from each failure. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, type NodeId, type Service } from '@concordat/kernel';
import { forgetful, mute, selectiveSilence } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  type ExecutorStrategy,
  lying,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import type { FaultModel } from '../fault-model.ts';
import { attackers } from '../replica/adversaries.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { exposedEnd } from './state.ts';

const MODELS: readonly FaultModel[] = [
  { u: 1, r: 0 },
  { u: 1, r: 1 },
  { u: 2, r: 0 },
  { u: 2, r: 1 },
  { u: 2, r: 2 },
];

const SETTINGS = { checkpointInterval: 8, window: 16 };

const create = (options: Partial<ExecutorClusterOptions> = {}): ExecutorCluster =>
  createExecutorCluster({ seed: 1, faults: { u: 1, r: 1 }, settings: SETTINGS, ...options });

/** Has clients add `count` times in about `spanMs`. */
function load(cluster: ExecutorCluster, count: number, spanMs: number): void {
  scheduleAdditions(cluster, createPrng(count), count, spanMs);
  cluster.world.run(spanMs);
}

/** Runs until everything has a result, and judges. */
function finish(cluster: ExecutorCluster): void {
  cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000);
  assert.equal(firstObjection(cluster), null);
  assert.ok(cluster.outstanding() === 0 && cluster.completed() > 0, 'every operation has its result');
}

const noted = ({ world }: ExecutorCluster, id: NodeId, kind: string): number =>
  world.notes.filter(({ node, note }) => node === id && note.kind === kind).length;

const heightOf = (cluster: ExecutorCluster, id: NodeId): number => exposedEnd(cluster.executorOf(id).learner);

/** Runs until this executor has come to where another is now. */
function catchUp(cluster: ExecutorCluster, id: NodeId, other: NodeId): void {
  const height = heightOf(cluster, other);
  assert.ok(
    cluster.world.runUntil(() => heightOf(cluster, id) >= height, 30_000),
    `executor ${id} comes to ${height}, is at ${heightOf(cluster, id)}`,
  );
}

describe('order and execution apart', () => {
  for (const faults of MODELS) {
    it(`(${faults.u}, ${faults.r}): 2u + r + 1 order, u + max(u, r) + 1 execute`, () => {
      const { u, r } = faults;
      const cluster = create({ faults });
      assert.equal(cluster.members.length, 2 * u + r + 1);
      assert.equal(cluster.executors.length, u + Math.max(u, r) + 1);
      load(cluster, 100, 3000);
      finish(cluster);
      for (const id of cluster.members) {
        const { execution, feed } = cluster.orderOf(id);
        assert.equal(execution.service.query(new Uint8Array(0)).length, 0, 'order has no service');
        assert.equal([...execution.core.replies.entries()].length, 0, 'nor any replies');
        assert.ok(feed.delivered.slot >= 8, 'executors have signed a state');
        assert.ok(
          [...feed.kept.keys()].every((slot) => slot > feed.delivered.slot - SETTINGS.window),
          'what is older is dropped',
        );
      }
      for (const id of cluster.executors) assert.ok(heightOf(cluster, id) >= 8);
    });

    it(`(${faults.u}, ${faults.r}): u of each stage may be gone for good`, () => {
      const cluster = create({ faults });
      load(cluster, 30, 1000);
      for (let i = 0; i < faults.u; i++) {
        cluster.world.crash(cluster.members[i] as NodeId);
        cluster.world.crash(cluster.executors[i] as NodeId);
      }
      load(cluster, 60, 2000);
      finish(cluster);
    });
  }

  it('with r = 0 is safe however many omit what they should do, at both stages', () => {
    const omissions: readonly (() => ExecutorStrategy)[] = [
      () => mute(300),
      () => forgetful(0.5),
      () => selectiveSilence(new Set([0, 2])),
    ];
    for (const [seed, make] of omissions.entries()) {
      const faults = { u: 1, r: 0 };
      // More than u: nothing can be complete, and nothing wrong.
      const executionLiars = new Map<NodeId, ExecutorStrategy>([31, 32].map((id) => [id, make()]));
      const orderLiars = new Map([
        [0, forgetful<ReplicaState, Message>(0.3)],
        [2, mute<ReplicaState, Message>(900)],
      ]);
      const cluster = create({ seed, faults, executionLiars, orderLiars });
      load(cluster, 60, 3000);
      for (const judge of ['agreement', 'convergence', 'results'])
        assert.equal(cluster.judges[judge]?.(), null);
    }
  });
});

describe('an executor', () => {
  it('comes back from its journal: snapshot and log', () => {
    const cluster = create({ learner: { minJournalBytes: 2000 } });
    const [first = 0, second = 0] = cluster.executors;
    load(cluster, 300, 6000);
    assert.ok(noted(cluster, first, 'snapshot') > 0, 'a snapshot was written');
    finish(cluster);
    const { bytes, snapshotBytes } = cluster.executorOf(first).learner.journal;
    cluster.world.crash(first);
    load(cluster, 10, 100);
    cluster.world.restart(first);
    cluster.world.run(1);
    assert.ok(heightOf(cluster, first) >= 100, 'most was there at once');
    const { journal } = cluster.executorOf(first).learner;
    assert.deepEqual([journal.bytes, journal.snapshotBytes], [bytes, snapshotBytes]);
    assert.equal(noted(cluster, first, 'recovered'), 2);
    catchUp(cluster, first, second);
    assert.equal(noted(cluster, first, 'state-transfer'), 0, 'the log led back');
    finish(cluster);
  });

  it('that was away for longer than the log is kept fetches the state of another', () => {
    const cluster = create();
    const [first = 0, second = 0] = cluster.executors;
    load(cluster, 30, 1000);
    cluster.world.crash(first);
    load(cluster, 200, 8000);
    const { delivered } = cluster.orderOf(0).feed;
    cluster.world.restart(first);
    cluster.world.run(1);
    assert.ok(heightOf(cluster, first) < delivered.slot, 'the log it needs is dropped');
    catchUp(cluster, first, second);
    assert.ok(noted(cluster, first, 'state-transferred') > 0);
    finish(cluster);
  });

  for (const loss of ['wipe', 'corrupt'] as const) {
    it(`may lose its journal (${loss}), each in turn`, () => {
      const cluster = create();
      for (const [i, id] of cluster.executors.entries()) {
        load(cluster, 40, 1500);
        cluster.world[loss](id);
        cluster.world.restart(id);
        cluster.world.run(1);
        catchUp(cluster, id, cluster.executors[(i + 1) % 3] as NodeId);
        cluster.world.run(1500);
      }
      finish(cluster);
    });
  }

  it('crashes in the middle of turns', () => {
    const cluster = create({ learner: { minJournalBytes: 1000 } });
    for (let i = 0; i < 12; i++) {
      const id = cluster.executors[i % 3] as NodeId;
      load(cluster, 15, 400);
      cluster.world.crashDuringTurn(id);
      cluster.world.run(100);
      cluster.world.crash(id);
      cluster.world.restart(id);
      cluster.world.run(600);
    }
    finish(cluster);
  });

  it('goes on while views change', () => {
    const cluster = create();
    const { world } = cluster;
    for (let primary = 0; primary < 4; primary++) {
      world.schedule(500 + 2500 * primary, () => world.crash(primary));
      world.schedule(1800 + 2500 * primary, () => world.restart(primary));
    }
    load(cluster, 200, 10_500);
    assert.ok(
      cluster.members.some((id) => cluster.orderOf(id).view > 0),
      'views changed',
    );
    finish(cluster);
  });

  it('holds order back when too far behind, and lets it go again', () => {
    const cluster = create();
    const { world } = cluster;
    for (const id of cluster.executors) world.crash(id);
    load(cluster, 60, 20_000);
    const { feed, committed } = cluster.orderOf(0);
    assert.equal(committed, feed.delivered.slot + 3 * SETTINGS.window);
    assert.equal(noted(cluster, 0, 'suspect'), 0, 'nobody is blamed for it');
    // Order replicas keep what is needed over a restart of them all.
    for (const id of cluster.members) world.crash(id);
    for (const id of [...cluster.members, ...cluster.executors]) world.restart(id);
    finish(cluster);
    assert.ok(cluster.executors.every((id) => noted(cluster, id, 'state-transfer') === 0));
  });
  for (const isWiped of [false, true])
    it(`is heard by an order replica that was away for many windows (wiped: ${isWiped})`, () => {
      const cluster = create();
      const { world } = cluster;
      const [back = 0, gone = 0] = cluster.members.slice(2);
      world.crash(back);
      load(cluster, 300, 12_000);
      assert.ok(cluster.orderOf(0).feed.delivered.slot > 5 * SETTINGS.window, 'it cannot be told by the log');
      if (isWiped) world.wipe(back);
      world.restart(back);
      world.run(4000);
      const { stable, feed } = cluster.orderOf(back);
      assert.ok(feed.delivered.slot > stable.slot - 3 * SETTINGS.window, `${feed.delivered.slot} is too old`);
      // Nothing commits from here on without its votes.
      world.crash(gone);
      load(cluster, 60, 3000);
      finish(cluster);
    });
});

describe('an executor that executes ahead', () => {
  it('takes back what was not to be, and shows nothing of it', () => {
    let retracted = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const faults = { u: 1, r: 1 };
      // The primary leads two members along one log and two along another: r + 1 have accepted what will not be.
      const orderLiars = new Map([[0, lying<ReplicaState>(attackers.equivocate, 0, seed, faults)]]);
      const cluster = create({ seed, faults, orderLiars, learner: { speculates: true } });
      load(cluster, 100, 4000);
      finish(cluster);
      retracted += cluster.executors.reduce((sum, id) => sum + noted(cluster, id, 'retracted'), 0);
    }
    assert.ok(retracted > 0, 'something was taken back');
  });
});

describe('checkpoints', () => {
  /** The ledger of one executor goes wrong at its n-th operation. */
  const broken =
    (wrong: NodeId, at: number) =>
    (id: NodeId): Service => {
      const ledger = createLedger(modelHash);
      let count = 0;
      return {
        ...ledger,
        execute: (op, context) => {
          count++;
          if (id === wrong && count === at) ledger.execute(addOperation('damage', 1), context);
          return ledger.execute(op, context);
        },
      };
    };

  it('tell an executor that its state is not the one, and it fetches that', () => {
    const cluster = create({ createService: broken(32, 10) });
    load(cluster, 100, 4000);
    cluster.world.run(2000);
    assert.ok(noted(cluster, 32, 'diverged') > 0);
    assert.ok(noted(cluster, 32, 'state-transferred') > 0);
    finish(cluster);
    assert.equal(cluster.world.notes.filter(({ note }) => note.kind === 'non-deterministic').length, 0);
  });

  it('name an application that is not deterministic', () => {
    const createService = (id: NodeId): Service => {
      const ledger = createLedger(modelHash);
      // Each executor's replies have their own form.
      return { ...ledger, execute: (op, context) => Uint8Array.from([...ledger.execute(op, context), id]) };
    };
    const cluster = create({ createService });
    load(cluster, 40, 2000);
    cluster.world.run(3000);
    assert.equal(cluster.completed(), 0, 'nothing is believed');
    for (const id of cluster.members) assert.ok(noted(cluster, id, 'non-deterministic') > 0);
  });

  it('agree where replies differ in what does not matter', () => {
    const createService = (id: NodeId): Service => {
      const ledger = createLedger(modelHash);
      return {
        ...ledger,
        execute: (op, context) => Uint8Array.from([...ledger.execute(op, context), id]),
        canonicalReply: (reply) => reply.subarray(0, 8),
      };
    };
    const cluster = create({ createService });
    load(cluster, 40, 2000);
    finish(cluster);
    assert.equal(noted(cluster, 0, 'non-deterministic'), 0);
  });
});

describe('large replies', () => {
  it('come in full from one executor, and as digests from the others', () => {
    const large = utf8('a long reply '.repeat(20));
    const createService = (): Service => ({ ...createLedger(modelHash), execute: () => large });
    const cluster = create({ createService });
    let [full, digests] = [0, 0];
    cluster.world.observe({
      delivered: (_at, _from, to, message) => {
        if (to < 2 ** 32 || typeof message !== 'object' || message === null || !('type' in message)) return;
        if (message.type === 'reply') full++;
        if (message.type === 'reply-digest') digests++;
      },
    });
    load(cluster, 20, 1000);
    cluster.world.runUntil(() => cluster.outstanding() === 0, 10_000);
    assert.deepEqual([cluster.completed(), full, digests], [20, 20, 40]);
    // Whoever should send it is gone: it comes when the client asks again.
    cluster.world.crash(31);
    load(cluster, 10, 1000);
    cluster.world.runUntil(() => cluster.outstanding() === 0, 10_000);
    assert.equal(cluster.completed(), 30);
  });
});

describe('the feed', () => {
  it('tells each executor of a batch when it is accepted, made sure of and committed at most, and sends it once', () => {
    const cluster = create({ network: { latencyMs: 10 } });
    const counts = new Map<string, number>();
    cluster.world.observe({
      delivered: (_at, _from, _to, message) => {
        if (typeof message !== 'object' || message === null || !('type' in message)) return;
        counts.set(String(message.type), (counts.get(String(message.type)) ?? 0) + 1);
      },
    });
    load(cluster, 400, 4000);
    finish(cluster);
    const pairs = cluster.members.length * cluster.executors.length;
    const { committed } = cluster.orderOf(0);
    const told = (counts.get('next-batch') ?? 0) - (counts.get('last-executed') ?? 0);
    assert.ok(told <= 3 * committed * pairs, `${told} NEXT-BATCHes for ${committed} slots`);
    const sent = counts.get('batch') ?? 0;
    assert.ok(sent >= committed && sent <= 1.2 * committed * cluster.executors.length, `${sent} BATCHes`);
  });
});
