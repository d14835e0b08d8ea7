/**
 * UpRight in full: filter nodes keep the bodies, order replicas agree on references, executors execute. Who gets a large body,
 * how long it is kept, and what each stage endures of its own and of the others.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type Env, FIRST_CONNECTION, MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import { onSend, strategyOf, twistEnv } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import type { FilterState } from '../admission/filter/state.ts';
import { designatedFor, filterId } from '../admission/request-quorum/filters.ts';
import { falseBodies, filterLies, loseBodies, spoilRows } from '../compliance/admission-attacks.ts';
import { blindAdmission } from '../compliance/broken.ts';
import { gullibleBodies, hastyCompletion } from '../compliance/broken-executors.ts';
import type { FilterStrategy, ReplicaStrategy } from '../compliance/cluster.ts';
import {
  configOf,
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  filterRouteOf,
  KEYS,
  LARGE,
  lying,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { addRogue } from '../compliance/outsiders.ts';
import { firstObjection, objectionOf } from '../compliance/storm.ts';
import { executedOf } from '../execution/core-state.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import { attackers } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { executionAttackers } from './adversaries.ts';
import { learnerConfig } from './config.ts';
import type { ExecutorState } from './executor.ts';
import { createLearner, learnedLog } from './learner.ts';
import { exposedEnd, type LearnerState } from './state.ts';

const BFT: FaultModel = { u: 1, r: 1 };
const MODELS: readonly FaultModel[] = [{ u: 1, r: 0 }, BFT, { u: 2, r: 0 }, { u: 2, r: 1 }, { u: 2, r: 2 }];
const SETTINGS = { ...presets['upright-separated'].settings, checkpointInterval: 8, window: 16 };

function create(options: Partial<ExecutorClusterOptions> = {}): ExecutorCluster {
  const cluster = createExecutorCluster({ seed: 1, faults: BFT, settings: SETTINGS, ...options });
  cluster.world.run(1);
  return cluster;
}

function restart({ world }: ExecutorCluster, id: NodeId): void {
  world.restart(id);
  world.run(1);
}

function load(cluster: ExecutorCluster, count: number, spanMs: number): void {
  scheduleAdditions(cluster, createPrng(count), count, spanMs);
  cluster.world.run(spanMs);
}

/** What objects once everything should have a result. */
const ending = (cluster: ExecutorCluster): string | null =>
  objectionOf(cluster, () => {
    cluster.world.run(1);
    if (cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000)) return null;
    return firstObjection(cluster) ?? `liveness: ${cluster.outstanding()} outstanding`;
  });

const filterState = ({ world }: ExecutorCluster, filter: number): FilterState =>
  world.stateOf<FilterState>(filterId(filter));

const heldBodies = (cluster: ExecutorCluster): number[] =>
  cluster.filters.map((_id, filter) => filterState(cluster, filter).log.size);

const noted = ({ world }: ExecutorCluster, kind: string): number =>
  world.notes.filter(({ note }) => note.kind === kind).length;

const heightOf = (cluster: ExecutorCluster, id: NodeId): number => exposedEnd(cluster.executorOf(id).learner);

const isLargeIn = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(utf8(LARGE)));

describe('a large body', () => {
  for (const faults of MODELS)
    it(`goes to as many filter nodes as convince all, from one to each executor, and to no order replica: (${faults.u}, ${faults.r})`, () => {
      const { transferable, executors } = quorumsOf(faults);
      let journalled = 0;
      const orderVariant: ReplicaStrategy = strategyOf((env) => ({
        env: twistEnv(env, {
          append: (record) => {
            if (isLargeIn(record)) journalled++;
            return env.append(record);
          },
        }),
      }));
      const cluster = create({ faults, orderVariant });
      const large = new Map<string, number>();
      cluster.world.observe({
        delivered: (_at, _from, to, message) => {
          const m = message as Message;
          if (!isLargeIn(encodeMessage(m))) return;
          const stage = ['members', 'executors', 'filters'].find((name) =>
            cluster[name as 'members' | 'executors' | 'filters'].includes(to),
          );
          const key = `${m.type} to ${stage ?? 'a client'}`;
          large.set(key, (large.get(key) ?? 0) + 1);
        },
      });
      for (let i = 0; i < 24; i++) {
        const client = cluster.clients[i % cluster.clients.length] ?? 0;
        cluster.world.schedule(20 * i, () => cluster.add(client, `${i % 3} ${LARGE}`, 1));
        cluster.world.schedule(20 * i, () => cluster.add(client, `short ${i}`, 1));
      }
      cluster.world.run(1000);
      assert.equal(ending(cluster), null);
      assert.equal(cluster.completed(), 48);
      assert.deepEqual(Object.fromEntries(large), {
        'filter-request to filters': 24 * transferable,
        'body to executors': 24 * executors,
      });
      assert.equal(journalled, 0, 'order replicas have references only');
      assert.equal(noted(cluster, 'body-asked'), 0, 'nobody needs to ask for what is sent unasked');
    });

  it('is forgotten by filter nodes once the state that has it is certified, and not before', () => {
    const cluster = create();
    cluster.add(cluster.clients[0] ?? 0, `once ${LARGE}`, 1);
    cluster.world.runUntil(() => cluster.outstanding() === 0, 1000);
    cluster.world.run(100);
    assert.equal(
      heldBodies(cluster).reduce((sum, size) => sum + size, 0),
      quorumsOf(BFT).transferable,
    );
    for (const id of cluster.members) assert.ok(cluster.orderOf(id).feed.delivered.slot < 8);
    cluster.world.run(4000);
    assert.deepEqual(heldBodies(cluster), [0, 0, 0, 0]);
    for (let filter = 0; filter < 4; filter++)
      assert.deepEqual(new Set(filterState(cluster, filter).retainedBytes), new Set([0]));
  });

  it('is forgotten although COMPLETED was lost, and by a filter node that was restarted meanwhile', () => {
    const cluster = create();
    const { world } = cluster;
    load(cluster, 40, 1000);
    world.crash(filterId(1));
    // What executors tell filter nodes unasked does not arrive.
    for (const executor of cluster.executors)
      for (const filter of cluster.filters) world.cut(executor, filter);
    load(cluster, 40, 4000);
    world.restart(filterId(1));
    world.heal();
    assert.equal(ending(cluster), null);
    assert.ok(Math.max(...heldBodies(cluster)) > 0);
    assert.ok(
      world.runUntil(() => heldBodies(cluster).every((size) => size === 0), 60_000),
      `${heldBodies(cluster)}`,
    );
  });

  const designated = designatedFor(quorumsOf(BFT), { domain: 0, client: 1_000_000 });
  for (const [name, lie] of [
    ['loses it', loseBodies],
    ['sends another', falseBodies],
    ['is silent', onSend(() => {})],
  ] as const satisfies readonly (readonly [string, FilterStrategy])[])
    it(`is fetched from another filter node if the designated one ${name}`, () => {
      const cluster = create({ filterLiars: new Map([[designated, lie]]) });
      for (let i = 0; i < 10; i++) cluster.add(cluster.clients[0] ?? 0, `from afar ${LARGE}`, 1);
      assert.equal(ending(cluster), null);
      assert.equal(cluster.completed(), 10);
      const asked = cluster.world.notes.filter(({ note }) => note.kind === 'body-asked');
      assert.ok(asked.some(({ note }) => note['filter'] !== designated));
    });
});

describe('a client that tells only some filter nodes', () => {
  const options = { seed: 1, faults: BFT };
  const who = { id: FIRST_CONNECTION + 100, domain: 0, client: 2_000_000 };
  const rogue = (cluster: ExecutorCluster) =>
    addRogue(cluster, options, who, undefined, filterRouteOf(options, cluster.members, who.domain));
  const executed = (cluster: ExecutorCluster): number[] => [
    ...cluster.members.map((id) => executedOf(cluster.orderOf(id).execution.core, who)),
    ...cluster.executors.map((id) => executedOf(cluster.executorOf(id).learner.execution.core, who)),
  ];

  it('is ordered, if a liar makes a backup believe that enough vouch: the others fetch what they adopt', () => {
    // Its rows hold for the backups, and not for the primary.
    const filterLiars = new Map([[3, spoilRows((_entry, replica) => replica === 0)]]);
    const cluster = create({ filterLiars });
    rogue(cluster)(1, addOperation(`one ${LARGE}`, 1), [1, 2, 3]);
    cluster.world.run(150);
    assert.deepEqual(new Set(executed(cluster)), new Set([0]), 'the primary sees two rows, and needs three');
    load(cluster, 20, 3000);
    assert.equal(ending(cluster), null);
    assert.deepEqual(new Set(executed(cluster)), new Set([1]));
    assert.ok(noted(cluster, 'adopted') > 0, 'filter node 0 vouches for it on the word of replicas');
    assert.equal(noted(cluster, 'suspect'), 0, 'and nobody blames the primary');
  });

  it('and others of something else cannot have both, nor stop anybody else', () => {
    for (const shares of [
      [
        [0, 1],
        [2, 3],
      ],
      [
        [0, 1, 2],
        [0, 1, 2, 3],
      ],
    ] as const) {
      const cluster = create();
      const ask = rogue(cluster);
      ask(1, addOperation(`x ${LARGE}`, 1), shares[0]);
      ask(1, addOperation(`y ${LARGE}`, 1), shares[1]);
      load(cluster, 40, 3000);
      assert.equal(ending(cluster), null);
      assert.ok(executed(cluster).every((seq) => seq <= 1));
    }
  });
});

describe('each stage', () => {
  for (const faults of MODELS)
    it(`may lose u nodes for good, all at once: (${faults.u}, ${faults.r})`, () => {
      const cluster = create({ faults });
      load(cluster, 30, 1000);
      for (let i = 0; i < faults.u; i++)
        for (const id of [cluster.members[i], cluster.executors[i], cluster.filters[i]])
          cluster.world.crash(id ?? 0);
      load(cluster, 60, 2000);
      assert.equal(ending(cluster), null);
    });

  it('crashes in the middle of turns, and all of each', () => {
    const cluster = create({ learner: { minJournalBytes: 3000 } });
    const { world } = cluster;
    const stages = [cluster.members, cluster.executors, cluster.filters];
    for (let i = 0; i < 18; i++) {
      const stage = stages[i % 3] ?? [];
      const id = stage[i % stage.length] as NodeId;
      load(cluster, 12, 300);
      world.crashDuringTurn(id);
      world.run(100);
      world.crash(id);
      world.restart(id);
      world.run(300);
    }
    for (const stage of stages) {
      load(cluster, 20, 300);
      for (const id of stage) world.crash(id);
      world.run(50);
      for (const id of stage) world.restart(id);
    }
    assert.equal(ending(cluster), null);
    assert.ok(noted(cluster, 'snapshot') > 0, 'some came back from snapshots');
    assert.ok(cluster.completed() > 200);
  });

  it('may lie, one of each', () => {
    for (const [i, lie] of Object.values(filterLies).entries()) {
      const execution = Object.values(executionAttackers)[i % Object.keys(executionAttackers).length];
      assert.ok(execution);
      const cluster = create({
        seed: 5 + i,
        filterLiars: new Map([[i % 4, lie()]]),
        executionLiars: new Map([[31, lying<ExecutorState>(execution, 31, 5 + i, BFT)]]),
        orderLiars: new Map([[0, lying<ReplicaState>(attackers.invent, 0, 5 + i, BFT)]]),
      });
      load(cluster, 60, 3000);
      assert.equal(ending(cluster), null);
    }
  });
});

describe('an executor', () => {
  it('comes back from its own journal: snapshot, bodies and log', () => {
    const cluster = create({ learner: { minJournalBytes: 5000 } });
    const [first = 0] = cluster.executors;
    load(cluster, 300, 6000);
    cluster.world.run(500);
    const height = heightOf(cluster, first);
    cluster.world.crash(first);
    // Nobody could tell it anything.
    for (const id of [...cluster.filters, ...cluster.members]) cluster.world.cut(first, id);
    restart(cluster, first);
    assert.ok(noted(cluster, 'snapshot') > 0);
    assert.ok(heightOf(cluster, first) >= height - 1, 'its own log has what it executed');
    assert.equal(noted(cluster, 'body-asked'), 0);
    cluster.world.heal();
    load(cluster, 20, 300);
    assert.equal(ending(cluster), null);
  });

  it('that was away gets what it lacks from filter nodes while no state can be had, and the state afterwards', () => {
    for (const [awayMs, kind] of [
      [800, 'body-asked'],
      [8000, 'state-transferred'],
    ] as const) {
      const cluster = create({ settings: { ...SETTINGS, checkpointInterval: 64, window: 128 } });
      const [first = 0, second = 0] = cluster.executors;
      load(cluster, 10, 200);
      cluster.world.crash(first);
      load(cluster, 150, awayMs);
      restart(cluster, first);
      const height = heightOf(cluster, second);
      assert.ok(cluster.world.runUntil(() => heightOf(cluster, first) >= height, 20_000));
      assert.ok(noted(cluster, kind) > 0, kind);
      assert.equal(ending(cluster), null);
    }
  });

  for (const loss of ['wipe', 'corrupt'] as const)
    it(`may lose its journal (${loss}), each in turn`, () => {
      const cluster = create();
      for (const [i, id] of cluster.executors.entries()) {
        load(cluster, 40, 1500);
        cluster.world[loss](id);
        restart(cluster, id);
        const height = heightOf(cluster, cluster.executors[(i + 1) % 3] as NodeId);
        assert.ok(cluster.world.runUntil(() => heightOf(cluster, id) >= height, 20_000));
        cluster.world.run(1500);
      }
      assert.equal(ending(cluster), null);
    });
});

describe('a stand-alone learner', () => {
  it('is sent bodies, asks for those it lacks, and submits by way of the filter nodes', () => {
    const id = 2 * MAX_MEMBERS;
    const options = { seed: 1, faults: BFT, settings: { ...SETTINGS, learners: [id] } };
    const cluster = create(options);
    const keys = createModelKeys(KEYS, 1)(2);
    cluster.world.add({
      id,
      process: createLearner({
        config: learnerConfig(configOf(options, 0), { self: id, domain: 2 }),
        keys,
        createService: () => createLedger(modelHash),
        route: filterRouteOf(options, cluster.members, 2),
      }),
      verify: (check) => keys.verify(check.signer, check.bytes, check.signature),
      codec: { encode: encodeMessage, decode: decodeMessage },
    });
    const stateOf = (): LearnerState => cluster.world.stateOf<LearnerState>(id);
    for (let i = 0; i < 20; i++)
      cluster.world.schedule(100 * i, () =>
        cluster.world.call(id, (l: LearnerState, env: Env<Message>) =>
          learnedLog.submit(l, env, addOperation(`a learner's ${LARGE}`, 1)),
        ),
      );
    load(cluster, 60, 2500);
    cluster.world.crash(id);
    load(cluster, 20, 500);
    restart(cluster, id);
    assert.equal(ending(cluster), null);
    assert.ok(cluster.world.runUntil(() => exposedEnd(stateOf()) >= heightOf(cluster, 31), 20_000));
    const first = cluster.executorOf(31).learner.execution.core.clients;
    const own = [...first.entries()].find(([, { domain, seq }]) => domain === 2 && seq === 20);
    assert.ok(own, 'all that it submitted is executed');
    assert.ok(noted(cluster, 'body-asked') > 0);
  });
});

describe('who breaks a rule is caught', () => {
  it('a filter node that forgets when one executor says COMPLETED', () => {
    const outcome = (filterQuorums: { execution?: number }): string | null => {
      const executionLiars = new Map([
        [31, lying<ExecutorState>(executionAttackers['false-completion'], 31, 1, BFT)],
      ]);
      const cluster = create({ executionLiars, filterQuorums });
      load(cluster, 120, 6000);
      return ending(cluster);
    };
    assert.equal(outcome({}), null);
    assert.match(outcome({ execution: 1 }) ?? 'nothing', /^liveness/);
  });

  it('an executor that says COMPLETED when it has executed', () => {
    // One that comes later needs the bodies, because one that had them is gone, and no state is certified.
    const outcome = (executorVariant?: typeof hastyCompletion): string | null => {
      const settings = { ...SETTINGS, checkpointInterval: 64, window: 128 };
      const cluster = create({ settings, ...(executorVariant && { executorVariant }) });
      const [first = 0, , late = 0] = cluster.executors;
      cluster.world.crash(late);
      load(cluster, 40, 1000);
      cluster.world.crash(first);
      cluster.world.restart(late);
      load(cluster, 10, 500);
      return ending(cluster);
    };
    assert.equal(outcome(), null);
    assert.match(outcome(hastyCompletion) ?? 'nothing', /^liveness/);
  });

  it('an executor that does not check what a body hashes to', () => {
    const outcome = (executorVariant?: typeof gullibleBodies): string | null => {
      // Whoever is asked first answers falsely, to some; so do others' clients' designated ones.
      const filterLiars = new Map([
        [designatedFor(quorumsOf(BFT), { domain: 0, client: 1_000_000 }), falseBodies],
      ]);
      const cluster = create({ filterLiars, ...(executorVariant && { executorVariant }) });
      load(cluster, 60, 3000);
      return ending(cluster);
    };
    assert.equal(outcome(), null);
    assert.match(outcome(gullibleBodies) ?? 'nothing', /^(results|convergence|liveness)/);
  });

  it('order replicas that accept references for which nobody vouches', () => {
    const outcome = (orderVariant?: typeof blindAdmission): string | null => {
      const orderLiars = new Map([[0, lying<ReplicaState>(attackers.invent, 0, 1, BFT)]]);
      const cluster = create({ orderLiars, ...(orderVariant && { orderVariant }) });
      load(cluster, 40, 2000);
      return ending(cluster);
    };
    assert.equal(outcome(), null);
    assert.match(outcome(blindAdmission) ?? 'nothing', /^liveness/);
  });

  it('an executor that goes by a certificate which one order replica alone has shown', () => {
    const outcome = (sound: number): string | null => {
      // Tokens of executors reach order replica 3 only, who makes a certificate of them, and shows it to two executors.
      let isLossy = true;
      const lossy: ReplicaStrategy = strategyOf((env) => ({
        env,
        receive: (from, m) => !(isLossy && m.type === 'checkpoint' && from >= 31),
      }));
      const liar: ReplicaStrategy = onSend((_env, to, m, post) => {
        if (m.type !== 'stable' || to !== 33) post(to, m);
      });
      const orderLiars = new Map<NodeId, ReplicaStrategy>([0, 1, 2].map((id) => [id, lossy]));
      orderLiars.set(3, liar);
      const cluster = create({ orderLiars, learner: { quorums: { ...quorumsOf(BFT), sound } } });
      const { world } = cluster;
      world.crash(33);
      load(cluster, 40, 3000);
      world.crash(31);
      isLossy = false;
      world.restart(33);
      load(cluster, 10, 500);
      return ending(cluster);
    };
    assert.equal(outcome(quorumsOf(BFT).sound), null);
    assert.match(outcome(1) ?? 'nothing', /^liveness/);
  });
});
