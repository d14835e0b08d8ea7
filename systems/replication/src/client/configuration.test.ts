/** A client that is no member follows a federation whose members are all replaced while it has calls under way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash, modelSignatures } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { type Cluster, createCluster } from '../compliance/cluster.ts';
import { genesisOf, reconfigure } from '../compliance/governed.ts';
import { createIdleEnv } from '../compliance/idle-env.ts';
import { addOperation } from '../compliance/ledger.ts';
import { firstMembers, replicaConfig } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import { firstViewOf } from '../governance/views.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { type ClientState, call, createClient } from './client.ts';
import { read } from './reads.ts';

const SEED = 1;
const FAULTS = { u: 1, r: 1 };
const CLIENT = FIRST_CONNECTION;
const CLUSTER = modelHash(utf8('compliance'));
const FIRST = firstMembers(quorumsOf(FAULTS));

function federation(): Cluster {
  const settings = { checkpointInterval: 8, window: 16 };
  const cluster = createCluster({ seed: SEED, faults: FAULTS, settings, joiners: [4, 5, 6, 7] });
  const config = replicaConfig({ self: 0, cluster: CLUSTER, faults: FAULTS });
  const process = createClient({
    cluster: CLUSTER,
    quorums: quorumsOf(FAULTS),
    members: FIRST,
    // Of a domain that is never a member: nobody retires it.
    keys: createModelKeys(MAX_MEMBERS, SEED)(20),
    domain: 20,
    client: 1_000_000,
    clientWindow: 8,
    retransmitMs: 500,
    followed: { trusted: genesisOf(SEED, config, FIRST), verifyWith: modelSignatures.verifyWith },
  });
  cluster.world.add({
    id: CLIENT,
    process,
    link: 'connection',
    codec: { encode: encodeMessage, decode: decodeMessage },
  });
  return cluster;
}

const stateOf = ({ world }: Cluster): ClientState => world.stateOf<ClientState>(CLIENT);

function asks(cluster: Cluster): void {
  cluster.world.call(CLIENT, (s: ClientState, env: Env<Message>) => {
    call(s, env, addOperation('from outside', 1));
  });
}

function hears(cluster: Cluster, results: number): void {
  const isHeard = (): boolean => stateOf(cluster).results.size === results;
  assert.ok(
    cluster.world.runUntil(isHeard, 30_000),
    `${stateOf(cluster).results.size} of ${results} results`,
  );
}

function replace(cluster: Cluster, leave: readonly NodeId[], join: readonly NodeId[], epoch: number): void {
  const [member] = leave;
  assert.ok(member !== undefined);
  reconfigure(cluster, member, { join, leave });
  const isIn = (): boolean => join.every((id) => cluster.stateOf(id).config.epoch >= epoch);
  assert.ok(cluster.world.runUntil(isIn, 30_000));
}

/** A client by itself in epoch 0 of six members, and what it is told by whom. */
function alone() {
  const config = replicaConfig({ self: 0, cluster: CLUSTER, faults: { u: 2, r: 1 } });
  const process = createClient({
    cluster: CLUSTER,
    quorums: config.quorums,
    members: config.members,
    keys: createModelKeys(MAX_MEMBERS, SEED)(20),
    domain: 20,
    client: 1_000_000,
    clientWindow: 8,
    retransmitMs: 500,
    followed: {
      trusted: { ...genesisOf(SEED, config, config.members), epoch: 1 },
      verifyWith: modelSignatures.verifyWith,
    },
  });
  const env = createIdleEnv(CLIENT, 0);
  const state = process.start(env, { records: [], first: 0, whole: true, losses: 0 });
  call(state, env, addOperation('from outside', 1));
  const reply = utf8('done');
  const respond = (view: number): void => {
    for (const from of config.members)
      process.receive(state, env, from, {
        type: 'spec-response',
        domain: 20,
        client: 1_000_000,
        seq: 1,
        view,
        slot: 5,
        history: modelHash(utf8('history')),
        result: modelHash(reply),
        reply,
        incarnation: 0,
        signature: new Uint8Array(64),
        order: null,
      });
  };
  return { state, respond };
}

test('what members speculated in another epoch completes no call', () => {
  const { state, respond } = alone();
  respond(firstViewOf(0) + 3);
  respond(firstViewOf(2));
  assert.equal(state.results.size, 0);
  respond(firstViewOf(1));
  assert.equal(state.results.size, 1);
});

test('a client hears from members that it never knew', () => {
  const cluster = federation();
  cluster.world.run(300);
  asks(cluster);
  hears(cluster, 1);
  replace(cluster, [0, 1], [4, 5], 1);
  replace(cluster, [2, 3], [6, 7], 2);
  asks(cluster);
  hears(cluster, 2);
  assert.deepEqual(stateOf(cluster).members, [4, 5, 6, 7]);
  assert.equal(stateOf(cluster).configuration?.epoch, 2);
});

test('members that were replaced answer no reads: others have gone on without them', () => {
  const cluster = federation();
  cluster.world.run(300);
  replace(cluster, [0, 1, 2], [4, 5, 6], 1);
  cluster.world.run(1000);
  // The client hears only those who have left, and knows nothing of it.
  cluster.world.partition([
    [CLIENT, 0, 1, 2],
    [3, 4, 5, 6],
  ]);
  cluster.add(4, 'pears', 3);
  cluster.world.run(2000);
  assert.ok(cluster.stateOf(4).execution.executed > cluster.stateOf(0).execution.executed);
  cluster.world.call(CLIENT, (s: ClientState, env: Env<Message>) => void read(s, env, utf8('pears')));
  assert.ok(cluster.world.runUntil(() => stateOf(cluster).answers.size === 1, 10_000));
  assert.deepEqual([...stateOf(cluster).answers.values()], [null], 'it has to be ordered');
});
