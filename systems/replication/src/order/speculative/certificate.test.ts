/** A member's one certificate: a newer view's does not take the place of one that covers more. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { strategyOf } from '@concordat/sim';
import { type Cluster, createCluster } from '../../compliance/cluster.ts';
import { objectionOf } from '../../compliance/storm.ts';
import { presets } from '../../presets/index.ts';
import { selectedDigest, selectionEnd } from '../../replica/acceptance.ts';
import { certifiedEnd } from '../../replica/certified.ts';
import type { Message } from '../../replica/messages.ts';
import { resumeChange } from '../../replica/view-change.ts';
import { keptEnd } from './certificate.ts';

const NEVER_MS = 1e9;

/** Three members of which none lies, and whose views change when the test says so; some messages may be lost. */
const trio = (isLost: (to: NodeId, m: Message) => boolean): Cluster =>
  createCluster({
    variant: strategyOf((env) => ({ env, receive: (_from, m) => !isLost(env.self, m) })),
    seed: 1,
    faults: { u: 1, r: 0 },
    network: { latencyMs: 0.5, jitterMs: 0, detectMs: 2, reconnectMs: 1 },
    settings: {
      ...presets.zyzzyva.settings,
      checkpointInterval: 8,
      window: 16,
      heartbeatMs: NEVER_MS / 2,
      viewTimeoutMs: NEVER_MS,
      brokenLinkTimeoutMs: NEVER_MS,
    },
  });

function changeTo({ call }: Cluster, view: number, members: readonly NodeId[]): void {
  for (const member of members)
    call(member, (s, env) => {
      s.changingTo = view;
      resumeChange(s, env);
    });
}

function link({ world }: Cluster, a: NodeId, b: NodeId, isUp: boolean): void {
  const change = isUp ? world.mend : world.cut;
  change(a, b);
  change(b, a);
}

// Found by exploring three slots (compliance/speculative-log): the rule `newest-certificate`.
test('what is complete stays so when a new view certifies less of it', () => {
  // What the last slot holds does not reach member 2 before the third view.
  let last = Number.POSITIVE_INFINITY;
  const cluster = trio((to, m) => to === 2 && m.type === 'batch' && m.slot >= last);
  const { world } = cluster;
  const objection = objectionOf(cluster, () => {
    world.run(20);
    // View 0: members 0 and 1 complete two operations by certificates.
    for (const peer of [0, 1]) link(cluster, 2, peer, false);
    world.run(10);
    cluster.add(0, 'first', 1);
    world.run(200);
    cluster.add(0, 'second', 1);
    world.run(300);
    const { committed } = cluster.stateOf(1);
    assert.ok(committed >= 2 && cluster.outstanding() === 0, 'both are complete');
    last = committed;
    // View 2, of members 0 and 2: member 2 gets a part of the log, which it votes for.
    link(cluster, 0, 1, false);
    link(cluster, 0, 2, true);
    world.run(10);
    changeTo(cluster, 2, [0, 2]);
    const isPartly = (): boolean => cluster.stateOf(0).prepared > 0 && cluster.stateOf(0).view === 2;
    assert.ok(world.runUntil(isPartly, 5000));
    world.run(50);
    assert.ok(cluster.stateOf(2).accepted < committed, 'member 2 lacks what completed last');
    const { certificate } = cluster.stateOf(0);
    assert.ok(certificate !== null && certifiedEnd(certificate) >= committed, 'member 0 can still prove it');
    // View 3 begins with what these two say.
    link(cluster, 0, 2, false);
    world.run(10);
    last = Number.POSITIVE_INFINITY;
    link(cluster, 0, 2, true);
    world.run(10);
    changeTo(cluster, 3, [0, 2]);
    const hasAll = (): boolean => cluster.stateOf(2).committed >= committed;
    return world.runUntil(hasAll, 5000) ? null : 'member 2 never gets what completed';
  });
  assert.equal(objection, null);
});

test('of a former certificate that much is kept which the view does not begin otherwise', () => {
  const cluster = trio(() => false);
  const { world } = cluster;
  world.run(20);
  for (const text of ['first', 'second', 'third']) cluster.add(0, text, 1);
  world.run(100);
  changeTo(cluster, 1, [0, 1, 2]);
  assert.ok(world.runUntil(() => cluster.stateOf(0).selection !== null, 5000));
  const s = cluster.stateOf(0);
  const { slot: base } = s.stable;
  const end = selectionEnd(s);
  assert.ok(end >= base + 2, 'the view begins with some slots');
  const selected = Array.from({ length: end - base }, (_, i) => selectedDigest(s, base + 1 + i));
  const other = new Uint8Array(32).fill(7);
  const kept = (view: number, digests: readonly Uint8Array[]): number => {
    const slot = base + digests.length;
    const acknowledgement = { sender: 0, incarnation: 0, slot, signature: new Uint8Array(64) };
    return keptEnd({ ...s, certificate: { view, digests, acknowledgements: [acknowledgement] } });
  };
  assert.equal(kept(0, selected), end);
  assert.equal(kept(0, selected.slice(0, -1)), end - 1);
  assert.equal(kept(0, [...selected, other]), end, 'what it does not begin with was not complete');
  assert.equal(kept(0, [selected[0] ?? other, other, ...selected.slice(2)]), base + 1);
  assert.equal(kept(0, [other, ...selected.slice(1)]), base);
  assert.equal(kept(1, [other, ...selected]), end + 1, 'of its own view all is kept');
});
