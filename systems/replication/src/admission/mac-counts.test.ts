/**
 * MACs of a request, counted at everyone and equal to what the protocol promises (n replicas; sound = max(u, r) + 1;
 * transferable = sound + r):
 *
 *   client        transferable: one for each filter node that it asks; and one for each replica, once
 *   filter node   1 + n: the client's, and its row
 *   primary       transferable: its entry of each row
 *   backup        sound: its entries, until it is convinced
 *
 * However many operations of however many sessions a request carries: a gateway's batch has one matrix.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countMacs, createMacs } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { type ClusterOptions, createCluster } from '../compliance/cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { addClient, callAs, outsider, resultsOf } from '../compliance/outsiders.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import { filterId } from './request-quorum/filters.ts';

const REQUESTS = 5;

interface Counts {
  readonly client: number;
  readonly filters: readonly number[];
  readonly replicas: readonly number[];
}

/** Of requests that one client makes one after the other, without what it does once. */
function countsFor(faults: FaultModel, body: Uint8Array): Counts {
  const counted = new Map<NodeId, ReturnType<typeof countMacs>>();
  const macsOf = (node: NodeId) => {
    const macs = countMacs(createMacs());
    counted.set(node, macs);
    return macs;
  };
  const options: ClusterOptions = { seed: 1, faults, settings: presets.upright.settings, macsOf };
  const cluster = createCluster(options);
  const { world } = cluster;
  const who = outsider(cluster, 0);
  addClient(cluster, options, who);
  world.run(100);
  const run = (results: number): void => {
    callAs(cluster, who, body);
    world.run(1);
    assert.ok(world.runUntil(() => resultsOf(cluster, who).size === results, 150));
    world.run(20);
  };
  // The first request also tells the replicas where replies go.
  run(1);
  const before = new Map([...counted].map(([node, macs]) => [node, macs.operations]));
  for (let i = 0; i < REQUESTS; i++) run(i + 2);
  const since = (node: NodeId): number =>
    ((counted.get(node)?.operations ?? 0) - (before.get(node) ?? 0)) / REQUESTS;
  return {
    client: since(who.id),
    filters: Array.from({ length: quorumsOf(faults).filters }, (_, filter) => since(filterId(filter))),
    replicas: cluster.ids.map(since),
  };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('MACs of a request', () => {
  for (const faults of [
    { u: 1, r: 0 },
    { u: 1, r: 1 },
    { u: 2, r: 1 },
    { u: 2, r: 2 },
  ])
    for (const [size, name] of [
      ['short', 'a'],
      ['large, as a batch of many sessions is', 'a'.repeat(250)],
    ] as const)
      it(`are as many as promised: (${faults.u}, ${faults.r}), ${size}`, () => {
        const { members, filters, sound, transferable } = quorumsOf(faults);
        const counts = countsFor(faults, addOperation(name, 1));
        assert.equal(counts.client, transferable);
        const asked = counts.filters.filter((count) => count > 0);
        assert.deepEqual(asked, new Array(transferable).fill(1 + members), 'of those that were asked');
        assert.equal(counts.filters.length, filters);
        const [primary, ...backups] = counts.replicas;
        assert.equal(primary, transferable);
        assert.deepEqual(backups, new Array(members - 1).fill(sound));
        assert.equal(
          counts.client + sum(counts.filters) + sum(counts.replicas),
          transferable * (members + 3) + sound * (members - 1),
        );
      });
});
