/** A primary that is alive is left together, and never by one member alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, createCluster } from '../compliance/cluster.ts';
import { firstObjection } from '../compliance/storm.ts';
import { considerWish } from './wishes.ts';

const FAULTS = { u: 1, r: 1 };

function wishing(cluster: Cluster, members: readonly number[]): void {
  for (const member of members)
    cluster.call(member, (s, env) => {
      s.wish = 'it is not to its liking';
      considerWish(s, env);
    });
}

const views = (cluster: Cluster): number[] => cluster.ids.map((id) => cluster.stateOf(id).view);

test('what one member wishes is heard, and it votes on', () => {
  const cluster = createCluster({ seed: 1, faults: FAULTS });
  cluster.world.run(300);
  wishing(cluster, [2]);
  cluster.world.run(2000);
  assert.deepEqual(views(cluster), [0, 0, 0, 0]);
  assert.equal(cluster.stateOf(2).changingTo, null);
  assert.equal(cluster.stateOf(1).peers[2]?.wishesIn, 0);
});

test('when u + 1 wish it, all leave, and the new primary has a new chance', () => {
  const cluster = createCluster({ seed: 1, faults: FAULTS });
  cluster.world.run(300);
  wishing(cluster, [2]);
  cluster.world.run(500);
  wishing(cluster, [3]);
  cluster.world.run(2000);
  assert.deepEqual(views(cluster), [1, 1, 1, 1]);
  assert.deepEqual(
    cluster.ids.map((id) => cluster.stateOf(id).wish),
    [null, null, null, null],
  );
  assert.equal(firstObjection(cluster), null);
});

test('wishes of an earlier view do not count in a later one', () => {
  const cluster = createCluster({ seed: 1, faults: FAULTS });
  cluster.world.run(300);
  wishing(cluster, [2, 3]);
  cluster.world.run(2000);
  wishing(cluster, [0]);
  cluster.world.run(2000);
  assert.deepEqual(views(cluster), [1, 1, 1, 1]);
});

test('what was shown to the primary over a link that was down has not been shown', () => {
  const cluster = createCluster({
    seed: 1,
    faults: FAULTS,
    settings: { brokenLinkTimeoutMs: 10_000 },
    network: { latencyMs: 1, jitterMs: 0, detectMs: 5, reconnectMs: 5 },
  });
  const { world } = cluster;
  world.run(500);
  for (let at = 0; at < 700; at += 10) world.schedule(at, () => cluster.add(1, 'of another client', 1));
  world.partition([[3]]);
  world.run(20);
  cluster.add(3, 'told to nobody', 1);
  // It waits for as long as is watched, and is shown; then the link comes back, and others come later.
  world.run(160);
  world.heal();
  world.run(3000);
  assert.equal(cluster.outstanding(), 0);
  const wishes = world.notes.filter(({ note }) => note.kind === 'wish');
  assert.deepEqual(wishes, []);
});
