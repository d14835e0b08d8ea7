/** Clients against three domains in the simulator: sessions move, links break, nodes crash, and nobody sees nonsense. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_CONNECTION } from '@concordat/kernel';
import { createWorld, type World } from '@concordat/sim';
import { createToyNode, requireAgreement, type ToyState } from '../testing/toy-federation.ts';
import { type ClientState, createKeeperClient } from './client.ts';
import { createWorkload } from './workload.ts';

const NODES = [0, 1, 2];
const CLIENTS = [0, 1, 2, 3, 4];
const CONNECTIONS = CLIENTS.map((number) => FIRST_CONNECTION + number);

interface Run {
  readonly world: World;
  readonly operations: number;
  client(number: number): ClientState;
  node(id: number): ToyState;
}

function createRun(seed: number, moveEveryMs: number, operations = 150): Run {
  const world = createWorld({ seed, keepNotes: true });
  for (const id of NODES) world.add({ id, process: createToyNode(id) });
  const next = createWorkload({ paths: ['/a', '/b', '/c', '/a/x'], operations });
  for (const number of CLIENTS) {
    const process = createKeeperClient({
      gateways: NODES,
      timeoutMs: 4000,
      number,
      next,
      pipeline: 4,
      paceMs: 50,
      moveEveryMs,
    });
    world.add({ id: FIRST_CONNECTION + number, process, link: 'connection' });
  }
  world.run(1);
  return {
    world,
    operations,
    client: (number) => world.stateOf(FIRST_CONNECTION + number),
    node: (id) => world.stateOf(id),
  };
}

/** What holds of every run, whatever happened in it. */
function judge(run: Run): void {
  for (const number of CLIENTS) {
    const { violations, history } = run.client(number);
    assert.deepEqual(violations, []);
    let zxid = 0;
    for (const { outcome } of history) {
      if (outcome === null) continue;
      assert.ok(
        outcome.output.zxid >= zxid,
        'a client never sees the state go back, wherever it is connected',
      );
      zxid = outcome.output.zxid;
    }
  }
  requireAgreement(NODES.filter((id) => run.world.isUp(id)).map((id) => run.node(id)));
}

const isDone = (run: Run): boolean =>
  CLIENTS.every((number) => run.client(number).history.length >= run.operations);

const noted = (run: Run, kind: string): number =>
  run.world.notes.filter(({ note }) => note.kind === kind).length;

test('in fair weather every operation completes and watches fire', () => {
  const run = createRun(1, 0);
  assert.ok(run.world.runUntil(() => isDone(run), 60_000));
  run.world.run(1000);
  judge(run);
  let events = 0;
  for (const number of CLIENTS) {
    const state = run.client(number);
    assert.ok(state.history.every(({ outcome }) => outcome !== null));
    assert.equal(state.incarnation, 0);
    events += state.events;
  }
  assert.ok(events > 20, 'watch events were seen');
});

test('sessions move between domains and keep their order', () => {
  const run = createRun(2, 700);
  assert.ok(run.world.runUntil(() => isDone(run), 60_000));
  judge(run);
  assert.ok(noted(run, 'client-attached') > 10, 'there were moves');
  for (const number of CLIENTS)
    assert.equal(run.client(number).incarnation, 0, 'no session was lost on the way');
});

test('partitions and crashes cost sessions at worst', () => {
  for (const seed of [3, 4, 5]) {
    const run = createRun(seed, 2000, 1200);
    const { world } = run;
    world.schedule(500, () =>
      world.partition([
        [0, 1, ...CONNECTIONS.slice(0, 2)],
        [2, ...CONNECTIONS.slice(2)],
      ]),
    );
    world.schedule(4000, () => world.heal());
    world.schedule(6000, () => world.crash(2));
    world.schedule(9000, () => world.restart(2));
    world.schedule(11_000, () => world.breakLink(0, 1));
    assert.ok(world.runUntil(() => isDone(run), 120_000));
    world.run(2000);
    judge(run);
    assert.ok(world.now > 12_000, 'the work outlasted the faults');
    assert.ok(noted(run, 'keeper-epoch') >= 4, 'the restarted gateway claimed a new epoch');
    assert.ok(noted(run, 'keeper-stale') + noted(run, 'client-attached') > 20, 'clients had to look around');
  }
});
