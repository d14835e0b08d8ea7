/** Hostile clients beside honest ones: whatever they try, honest ones get every result, right and once. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { type ClientState, call, createClient } from '../client/client.ts';
import { firstMembers } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { type ClientStrategy, clientAttacks } from './client-attacks.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { addOperation } from './ledger.ts';
import { firstObjection } from './storm.ts';

const FAULTS = { u: 1, r: 1 };
const SEED = 9;
const CALLS = 4;

/** Adds a client that makes its calls at once. */
function enter(cluster: Cluster, number: number, strategy?: ClientStrategy): NodeId {
  const id = FIRST_CONNECTION + number;
  const domain = number % cluster.members;
  const honest = createClient({
    cluster: modelHash(utf8('compliance')),
    quorums: quorumsOf(FAULTS),
    members: firstMembers(quorumsOf(FAULTS)),
    keys: createModelKeys(cluster.members, SEED)(domain),
    domain,
    client: 1_000_000 + number,
    clientWindow: 8,
    retransmitMs: 500,
  });
  cluster.world.add({
    id,
    process: strategy?.(honest) ?? honest,
    link: 'connection',
    codec: { encode: encodeMessage, decode: decodeMessage },
    mayFail: strategy !== undefined,
  });
  cluster.world.schedule(50, () =>
    cluster.world.call(id, (s: ClientState, env: Env<Message>) => {
      for (let n = 0; n < CALLS; n++) call(s, env, addOperation(`client ${number}`, 1));
    }),
  );
  return id;
}

describe('honest clients beside hostile ones', () => {
  for (const [name, attack] of Object.entries(clientAttacks)) {
    it(`endure "${name}"`, () => {
      const cluster = createCluster({ seed: SEED, faults: FAULTS });
      for (let number = 0; number < 2; number++) enter(cluster, number, attack({ perTick: 5, everyMs: 10 }));
      const honest = [2, 3, 4, 5].map((number) => enter(cluster, number));
      const results = (id: NodeId): ReadonlyMap<number, Uint8Array> =>
        cluster.world.stateOf<ClientState>(id).results;
      cluster.world.run(60);
      cluster.world.runUntil(() => honest.every((id) => results(id).size === CALLS), 30_000);
      for (const id of honest) {
        const sums = [...results(id)]
          .sort(([a], [b]) => a - b)
          .map(([, reply]) => Number(`0x${toHex(reply)}`));
        assert.deepEqual(sums, [1, 2, 3, 4]);
      }
      assert.equal(firstObjection(cluster), null);
    });
  }
});
