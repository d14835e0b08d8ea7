/**
 * Thousands of clients that are no members, each with several requests outstanding: every result is right and comes
 * once, in each client's order, also when the primary dies, links break and everything is sent again.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { type Cluster, createCluster } from '../compliance/cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { firstMembers } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { type ClientState, call, createClient } from './client.ts';

const FAULTS = { u: 1, r: 1 };
const SEED = 1;

interface Crowd {
  readonly cluster: Cluster;
  readonly ids: readonly NodeId[];
  results(id: NodeId): ReadonlyMap<number, Uint8Array>;
}

/** Clients with numbers from 1, spread over the domains, each of which makes `calls` calls at a time of its own. */
function createCrowd(count: number, calls: number, spreadMs: number): Crowd {
  const cluster = createCluster({ seed: SEED, faults: FAULTS });
  const { world, members } = cluster;
  const keysOf = createModelKeys(members, SEED);
  const random = createPrng(SEED, 'crowd');
  const ids = Array.from({ length: count }, (_, i) => FIRST_CONNECTION + i);
  for (const [i, id] of ids.entries()) {
    const domain = i % members;
    const process = createClient({
      cluster: modelHash(utf8('compliance')),
      quorums: quorumsOf(FAULTS),
      members: firstMembers(quorumsOf(FAULTS)),
      keys: keysOf(domain),
      domain,
      client: 1_000_000 + i,
      clientWindow: 8,
      retransmitMs: 500,
    });
    world.add({ id, process, link: 'connection', codec: { encode: encodeMessage, decode: decodeMessage } });
    world.schedule(random.below(spreadMs), () =>
      world.call(id, (s: ClientState, env: Env<Message>) => {
        for (let n = 0; n < calls; n++) call(s, env, addOperation(`client ${i}`, 1));
      }),
    );
  }
  return { cluster, ids, results: (id) => world.stateOf<ClientState>(id).results };
}

/** Runs until every client has all its results, and judges them: the n-th call finds n - 1 before it. */
function judge({ cluster, ids, results }: Crowd, calls: number): void {
  const isDone = (): boolean => ids.every((id) => results(id).size === calls);
  for (let waited = 0; waited < 30_000 && !isDone(); waited += 100) cluster.world.run(100);
  for (const id of ids) {
    const values = [...results(id)].sort(([a], [b]) => a - b).map(([, reply]) => Number(`0x${toHex(reply)}`));
    assert.deepEqual(
      values,
      Array.from({ length: calls }, (_, i) => i + 1),
      `client ${id - FIRST_CONNECTION}`,
    );
  }
  for (const [name, verdict] of Object.entries(cluster.judges)) assert.equal(verdict(), null, name);
}

test('two thousand clients with four requests each', () => {
  const crowd = createCrowd(2000, 4, 400);
  crowd.cluster.world.run(400);
  judge(crowd, 4);
});

test('retransmission and view changes execute nothing twice and reorder nothing', () => {
  const crowd = createCrowd(200, 8, 3000);
  const { world } = crowd.cluster;
  world.schedule(600, () => world.crash(0));
  world.schedule(1600, () => world.restart(0));
  world.schedule(2200, () => world.crashDuringTurn(1));
  world.schedule(2600, () => {
    world.crash(1);
    world.restart(1);
  });
  for (const [i, id] of crowd.ids.entries())
    if (i % 5 === 0) world.schedule(1000 + i, () => world.breakLink(id, i % 4));
  world.run(3200);
  judge(crowd, 8);
});
