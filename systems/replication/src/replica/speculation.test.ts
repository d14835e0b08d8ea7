/** What is executed ahead becomes final in whatever order a replica hears why. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { createCluster, type ReplicaStrategy } from '../compliance/cluster.ts';
import { presets } from '../presets/index.ts';
import type { Checkpoint, Message } from './messages.ts';

const LATE: NodeId = 3;
const SETTINGS = {
  ...presets.zyzzyva.settings,
  checkpointInterval: 4,
  window: 8,
  pipeline: 8,
  batchRequests: 1,
};
/** Slots that fill its window. */
const AHEAD = 8;
/** The log has twice as many places: after this checkpoint the first slot's place is taken. */
const FAR = 2 * AHEAD;

const isCheckpoint = (m: Message): m is Checkpoint => m.type === 'checkpoint';

/** Hears proposals up to a slot until `untilMs`; then that two checkpoints are stable, in one turn. */
const deafTo = (untilMs: number): ReplicaStrategy => {
  const checkpoints: Checkpoint[] = [];
  return (honest) => ({
    ...honest,
    start: (env, recovered) => {
      env.setTimer('hear', untilMs);
      return honest.start(env, recovered);
    },
    receive: (s, env, from, m) => {
      if (isCheckpoint(m)) checkpoints.push(m);
      if (env.now >= untilMs || m.type === 'request' || (m.type === 'pre-prepare' && m.slot <= AHEAD))
        honest.receive(s, env, from, m);
    },
    timeout: (s, env, timer) => {
      if (timer !== 'hear') return honest.timeout(s, env, timer);
      for (const slot of [4, FAR]) {
        const certificate = checkpoints.filter((m) => m.slot === slot);
        honest.receive(s, env, 0, { type: 'stable', certificate });
      }
    },
  });
};

test('a slot that was executed ahead is final, though a later one has taken its place in the log', () => {
  const cluster = createCluster({
    seed: 1,
    faults: { u: 1, r: 1 },
    settings: SETTINGS,
    adversaries: new Map([[LATE, deafTo(600)]]),
  });
  const { world } = cluster;
  for (let i = 0; i < FAR; i++) world.schedule(100 + 20 * i, () => cluster.add(0, `counter ${i}`, 1));
  world.run(599);
  const late = cluster.stateOf(LATE);
  const others = cluster.stateOf(0);
  assert.deepEqual([late.speculated.length, late.committed, others.stable.slot], [AHEAD, 0, FAR]);
  world.run(2000);
  assert.deepEqual([late.stable.slot >= FAR, late.execution.executed], [true, others.execution.executed]);
  const shown = world.notes.filter(({ node, note }) => node === LATE && note.kind === 'retracted');
  assert.deepEqual(
    shown.map(({ note }) => [note['slot'], note['slots']]),
    [[5, 4]],
    'four are final',
  );
});
