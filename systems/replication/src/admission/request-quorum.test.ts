/** A request quorum before three-phase order: the good case, and what clients and filter nodes that lie can do to it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convinceOnly, loseBodies, spoilRows, tellOnly } from '../compliance/admission-attacks.ts';
import { type Cluster, type ClusterOptions, createCluster } from '../compliance/cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { addClient, addRogue, callAs, type Outsider, outsider, resultsOf } from '../compliance/outsiders.ts';
import { firstObjection } from '../compliance/storm.ts';
import { executedOf } from '../execution/core-state.ts';
import type { FaultModel } from '../fault-model.ts';
import { quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import type { Message } from '../replica/messages.ts';
import type { FilterState } from './filter/state.ts';
import type { FilterRequest } from './messages.ts';
import { designatedFor, filterId } from './request-quorum/filters.ts';

const { settings } = presets.upright;
const BFT: FaultModel = { u: 1, r: 1 };
const PATIENCE_MS = 30_000;
/** Longer than what travels with references. */
const LARGE = 'a'.repeat(200);

const upright = (faults: FaultModel, more: Partial<ClusterOptions> = {}): ClusterOptions => ({
  seed: 1,
  faults,
  settings,
  ...more,
});

function begin(options: ClusterOptions): Cluster {
  const cluster = createCluster(options);
  cluster.world.run(100);
  return cluster;
}

const notesOf = ({ world }: Cluster, kind: string): number =>
  world.notes.filter(({ note }) => note.kind === kind).length;

const executed = (cluster: Cluster, { domain, client }: Outsider, replica = 0): number =>
  executedOf(cluster.stateOf(replica).execution.core, { domain, client });

/** Rows that hold, as this replica sees it, of the only request there is. */
const rowsAt = (cluster: Cluster, id: number): number => {
  const [vouched] = [...(cluster.stateOf(id).vouching?.requests.values() ?? [])].flat();
  return vouched?.rows.filter((row) => row !== null).length ?? 0;
};

const views = (cluster: Cluster): number[] => cluster.ids.map((id) => cluster.stateOf(id).view);

const filterState = ({ world }: Cluster, filter: number): FilterState => world.stateOf(filterId(filter));

/** Every member adds; all must complete, and nobody may have had a reason to change views. */
function finishCalmly(cluster: Cluster): void {
  for (const id of cluster.ids) cluster.add(id, `from ${id}`, 1);
  cluster.world.run(3000);
  assert.ok(cluster.world.runUntil(() => cluster.outstanding() === 0, PATIENCE_MS));
  assert.deepEqual(new Set(views(cluster)), new Set([0]), 'nobody suspects the primary');
  assert.equal(notesOf(cluster, 'suspect'), 0);
  assert.equal(firstObjection(cluster), null);
}

describe('requests that pass filter nodes', () => {
  for (const faults of [{ u: 1, r: 0 }, BFT, { u: 2, r: 0 }, { u: 2, r: 1 }, { u: 2, r: 2 }])
    it(`are ordered and executed: (${faults.u}, ${faults.r})`, () => {
      const cluster = begin(upright(faults));
      for (let i = 0; i < 20; i++) cluster.add(i % cluster.members, i % 2 === 0 ? 'short' : LARGE, 1);
      cluster.world.run(100);
      assert.equal(cluster.outstanding(), 0);
      assert.equal(cluster.completed(), 20);
      assert.equal(cluster.filters.length, quorumsOf(faults).filters);
      finishCalmly(cluster);
    });

  it('are ordered by members whose ids have gaps', () => {
    const cluster = begin(upright(BFT, { ids: [1, 4, 5, 9] }));
    for (let i = 0; i < 20; i++) cluster.add(cluster.ids[i % 4] as number, i % 2 === 0 ? 'short' : LARGE, 1);
    cluster.world.run(100);
    assert.equal(cluster.completed(), 20);
    finishCalmly(cluster);
  });

  it('are forgotten by the filter nodes once enough replicas have executed them', () => {
    const cluster = begin(upright(BFT));
    for (let i = 0; i < 40; i++) cluster.add(i % 4, 'apples', 1);
    cluster.world.run(2000);
    let held = 0;
    for (let filter = 0; filter < 4; filter++) {
      const s = filterState(cluster, filter);
      held += s.end;
      assert.equal(s.log.size, 0);
      assert.equal(s.released, s.end, 'the log is released');
      assert.deepEqual(new Set(s.domainBytes), new Set([0]));
    }
    assert.ok(held >= 3 * 40, 'three of four had each of them on disk');
    for (const id of cluster.ids) assert.equal(cluster.stateOf(id).vouching?.requests.size, 0);
  });

  it('of clients that are no members are answered by the replicas, also after crashes', () => {
    const options = upright(BFT);
    const cluster = begin(options);
    const clients = Array.from({ length: 40 }, (_, i) => outsider(cluster, i));
    for (const [i, who] of clients.entries()) {
      addClient(cluster, options, who);
      cluster.world.schedule(20 * i, () => {
        for (let n = 0; n < 6; n++) callAs(cluster, who, addOperation(`client ${i} ${LARGE}`, 1));
      });
    }
    cluster.world.schedule(200, () => cluster.world.crash(0));
    cluster.world.schedule(700, () => cluster.world.restart(0));
    cluster.world.schedule(250, () => cluster.world.crashDuringTurn(filterId(2)));
    cluster.world.schedule(900, () => {
      cluster.world.crash(filterId(2));
      cluster.world.restart(filterId(2));
    });
    cluster.world.run(1000);
    const isDone = (): boolean => clients.every((who) => resultsOf(cluster, who).size === 6);
    assert.ok(cluster.world.runUntil(isDone, PATIENCE_MS), 'every client has all its results');
    for (const who of clients) assert.equal(executed(cluster, who), 6);
    assert.equal(firstObjection(cluster), null);
  });
});

describe('a client that tells only some filter nodes', () => {
  it('is not ordered while too few vouch, and harms nobody', () => {
    const options = upright(BFT);
    const cluster = begin(options);
    const [one, two] = [outsider(cluster, 0), outsider(cluster, 1)];
    addRogue(cluster, options, one)(1, addOperation('one', 1), [1]);
    addRogue(cluster, options, two)(1, addOperation('two', 1), [1, 2]);
    finishCalmly(cluster);
    assert.equal(executed(cluster, one), 0);
    assert.equal(executed(cluster, two), 0);
  });

  it('is ordered, if a liar makes a backup believe that enough vouch: the others are asked to', () => {
    // Its rows hold for the backups, and not for the primary.
    const filterAdversaries = new Map([[3, spoilRows((_entry, replica) => replica === 0)]]);
    const options = upright(BFT, { filterAdversaries });
    const cluster = begin(options);
    const who = outsider(cluster, 0);
    addRogue(cluster, options, who)(1, addOperation('one', 1), [1, 2, 3]);
    cluster.world.run(150);
    assert.equal(executed(cluster, who), 0, 'the primary sees two rows that hold, and needs three');
    finishCalmly(cluster);
    assert.equal(executed(cluster, who), 1);
    assert.ok(notesOf(cluster, 'adopted') > 0, 'filter node 0 vouches for it on the word of replicas');
  });

  it('is ordered, if one replica alone saw enough rows, of which one is of a liar and one of a dead node', () => {
    const filterAdversaries = new Map([
      [3, spoilRows((_entry, replica) => replica !== 1)],
      [2, tellOnly([1])],
    ]);
    const options = upright({ u: 2, r: 1 }, { filterAdversaries });
    const cluster = begin(options);
    const who = outsider(cluster, 0);
    addRogue(cluster, options, who)(1, addOperation('one', 1), [0, 1, 2, 3]);
    cluster.world.run(350);
    assert.deepEqual(
      [0, 1, 2].map((id) => rowsAt(cluster, id)),
      [2, 4, 2],
      'replica 1 alone is convinced that all can be',
    );
    cluster.world.crash(filterId(2));
    finishCalmly(cluster);
    assert.equal(executed(cluster, who), 1);
  });

  it('does not make one replica suspect everyone for what it alone can be convinced of', () => {
    // Replica 1 sees four rows that hold: of two honest nodes, of a liar, and one that a lying replica spoilt for all others.
    const filterAdversaries = new Map([
      [3, spoilRows((_entry, replica) => replica !== 1)],
      [2, tellOnly([5])],
    ]);
    const adversaries = new Map([[5, convinceOnly(1)]]);
    const options = upright({ u: 2, r: 1 }, { filterAdversaries, adversaries });
    const cluster = begin(options);
    const who = outsider(cluster, 0);
    addRogue(cluster, options, who)(1, addOperation('one', 1), [0, 1, 2, 3]);
    // What is passed on comes first: who is convinced does not look at it any more.
    for (const filter of [0, 1]) cluster.world.cut(filterId(filter), 1);
    cluster.world.run(350);
    for (const filter of [0, 1]) cluster.world.mend(filterId(filter), 1);
    cluster.world.run(500);
    assert.deepEqual(
      [0, 1, 2].map((id) => rowsAt(cluster, id)),
      [2, 4, 2],
    );
    cluster.world.crash(filterId(2));
    finishCalmly(cluster);
    assert.equal(executed(cluster, who), 0);
  });

  it('and others of something else cannot have both, nor stop anybody else', () => {
    const options = upright(BFT);
    const cluster = begin(options);
    const [stuck, split] = [outsider(cluster, 0), outsider(cluster, 1)];
    const askStuck = addRogue(cluster, options, stuck);
    askStuck(1, addOperation('x', 1), [0, 1]);
    askStuck(1, addOperation('y', 1), [2, 3]);
    const askSplit = addRogue(cluster, options, split);
    askSplit(1, addOperation('x', 1), [0, 1, 2]);
    askSplit(1, addOperation('y', 1), [0, 1, 2, 3]);
    finishCalmly(cluster);
    assert.equal(executed(cluster, stuck), 0);
    assert.equal(executed(cluster, split), 1, 'what three nodes heard first');
    assert.ok(notesOf(cluster, 'strike') > 0, 'two requests under one number are noticed');
  });
});

describe('whoever does not know a domain', () => {
  it('cannot ask in its name, nor change what its clients ask for', () => {
    const options = upright(BFT);
    const cluster = begin(options);
    const [forged, changed, moved] = [0, 1, 2].map((i) => outsider(cluster, i)) as [
      Outsider,
      Outsider,
      Outsider,
    ];
    const everyone = [0, 1, 2, 3];
    const asking = (twist: (m: FilterRequest) => FilterRequest) => (m: Message) =>
      m.type === 'filter-request' ? twist(m) : m;
    const body = addOperation('anything', 1);
    addRogue(
      cluster,
      options,
      forged,
      asking((m) => ({ ...m, mac: new Uint8Array(16) })),
    )(1, body, everyone);
    const larger = addOperation('anything', 1000);
    addRogue(
      cluster,
      options,
      changed,
      asking((m) => ({ ...m, request: { ...m.request, body: larger } })),
    )(1, body, everyone);
    // Under another client's number.
    const { client } = forged;
    addRogue(
      cluster,
      options,
      moved,
      asking((m) => ({ ...m, request: { ...m.request, client } })),
    )(1, body, everyone);
    finishCalmly(cluster);
    for (const who of [forged, changed, moved, { ...moved, client }]) assert.equal(executed(cluster, who), 0);
    for (let filter = 0; filter < 4; filter++) assert.equal(filterState(cluster, filter).log.size, 0);
    assert.equal(notesOf(cluster, 'strike'), 12);
  });
});

describe('filter nodes that lie or fail', () => {
  for (const faults of [BFT, { u: 2, r: 2 }])
    it(`forge r of the rows in vain: (${faults.u}, ${faults.r})`, () => {
      const { r } = faults;
      for (const isFalse of [() => true, (_: unknown, replica: number) => replica % 2 === 1]) {
        const filterAdversaries = new Map(Array.from({ length: r }, (_, i) => [2 + i, spoilRows(isFalse)]));
        const cluster = begin(upright(faults, { filterAdversaries }));
        for (let i = 0; i < 20; i++) cluster.add(i % cluster.members, i % 2 === 0 ? 'short' : LARGE, 1);
        finishCalmly(cluster);
        // All members are clients with the number 1, so the liars are among those who are asked first.
        assert.ok(notesOf(cluster, 'strike') > 0, 'whoever gets a false row notices');
      }
    });

  it('lose a body that they should send: it is fetched from others', () => {
    const quorums = quorumsOf(BFT);
    const options = upright(BFT);
    const who = outsider(createCluster(options), 0);
    const designated = designatedFor(quorums, who);
    const cluster = begin({ ...options, filterAdversaries: new Map([[designated, loseBodies]]) });
    addClient(cluster, options, who);
    callAs(cluster, who, addOperation(LARGE, 1));
    cluster.world.run(50);
    assert.equal(executed(cluster, who), 0, 'nobody has its body');
    finishCalmly(cluster);
    assert.equal(executed(cluster, who), 1);
    const asked = cluster.world.notes.filter(({ note }) => note.kind === 'body-asked');
    assert.equal(asked[0]?.note['filter'], designated, 'the designated node is asked first');
    assert.ok(
      asked.some(({ note }) => note['filter'] !== designated),
      'then others',
    );
  });

  it('crash, all of them, and vouch again for what is in their logs', () => {
    const options = upright(BFT);
    const cluster = begin(options);
    const { world } = cluster;
    const who = outsider(cluster, 0);
    // Filter nodes alone hear of it, and its client never asks again.
    world.partition([[...cluster.filters, who.id], [...cluster.ids]]);
    addRogue(cluster, options, who)(1, addOperation(LARGE, 1), [0, 1, 2]);
    world.run(100);
    for (const id of cluster.filters) world.crash(id);
    world.run(100);
    world.heal();
    for (const id of cluster.filters) world.restart(id);
    finishCalmly(cluster);
    assert.equal(executed(cluster, who), 1);
    assert.equal(notesOf(cluster, 'filter-recovered'), 3, 'those that were told');
  });

  it('are silent, u of them, and the others are enough once clients ask all', () => {
    for (const faults of [{ u: 1, r: 0 }, BFT, { u: 2, r: 1 }]) {
      const cluster = begin(upright(faults));
      for (let filter = 0; filter < faults.u; filter++) cluster.world.crash(filterId(filter));
      for (let i = 0; i < 12; i++) cluster.add(i % cluster.members, i % 2 === 0 ? 'short' : LARGE, 1);
      finishCalmly(cluster);
    }
  });
});
