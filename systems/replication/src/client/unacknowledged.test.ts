/**
 * Large replies that nobody acknowledges: what replicas keep of them is bounded, and whoever asks for one that was dropped gets
 * nothing, executes nothing, and gets on.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys } from '@concordat/crypto';
import {
  type Env,
  FIRST_CONNECTION,
  MAX_OPERATION_BYTES,
  type NodeId,
  type Service,
} from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { CLUSTER_ID, type Cluster, createCluster } from '../compliance/cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import { firstMembers } from '../config.ts';
import { executedOf } from '../execution/core-state.ts';
import { quorumsOf } from '../fault-model.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { submit } from '../replica/requests.ts';
import { MAX_REPLY_BYTES_PER_CLIENT, signRequest } from '../request.ts';
import { type ClientState, call, createClient, signedToAll } from './client.ts';
import { abandon, takeLost } from './giving-up.ts';

const FAULTS = { u: 1, r: 1 };
const SEED = 4;
const MEMBERS = [0, 1, 2, 3];
/** As many replies of maximal size as are kept. */
const FITTING = MAX_REPLY_BYTES_PER_CLIENT / MAX_OPERATION_BYTES;

const LARGE = 'large';

/** Answers as much as can be where it is asked for that. */
const verbose = (ledger: Service): Service => ({
  ...ledger,
  execute: (op, context) => {
    const reply = ledger.execute(op, context);
    if (!new TextDecoder().decode(op).includes(LARGE)) return reply;
    const padded = new Uint8Array(MAX_OPERATION_BYTES);
    padded.set(reply);
    return padded;
  },
});

const create = (): Cluster =>
  createCluster({
    seed: SEED,
    faults: FAULTS,
    serviceOf: verbose,
    settings: { checkpointInterval: 8, window: 16 },
  });

interface Outsider {
  readonly id: NodeId;
  /** While it is deaf, whatever is sent to it is lost. */
  isDeaf: boolean;
  readonly client: { readonly domain: number; readonly client: number };
}

/** Adds a client that is no member. */
function enter(
  { world, members }: Cluster,
  number: number,
  clientWindow: number,
  acknowledges = true,
): Outsider {
  const id = FIRST_CONNECTION + number;
  const domain = number % members;
  const keys = createModelKeys(members, SEED)(domain);
  const options = {
    cluster: CLUSTER_ID,
    quorums: quorumsOf(FAULTS),
    members: firstMembers(quorumsOf(FAULTS)),
    keys,
    domain,
    client: 1_000_000 + number,
    clientWindow,
    retransmitMs: 500,
  };
  const silent = {
    ...signedToAll(options),
    seal: (content: Parameters<typeof signRequest>[2]) =>
      signRequest(keys, CLUSTER_ID, { ...content, acked: 0 }).request,
  };
  const process = createClient(acknowledges ? options : { ...options, route: silent });
  const outsider: Outsider = { id, client: options, isDeaf: false };
  world.add({
    id,
    process: {
      ...process,
      receive: (s: ClientState, env: Env<Message>, from: NodeId, m: Message) =>
        outsider.isDeaf ? undefined : process.receive(s, env, from, m),
    },
    link: 'connection',
    codec: { encode: encodeMessage, decode: decodeMessage },
  });
  world.run(50);
  return outsider;
}

const stateOf = ({ world }: Cluster, { id }: Outsider): ClientState => world.stateOf<ClientState>(id);

/** Makes so many calls, as far as its window has room; returns their numbers. */
function callOften(cluster: Cluster, { id }: Outsider, count: number, name = LARGE): number[] {
  const seqs: number[] = [];
  cluster.world.call(id, (s: ClientState, env: Env<Message>) => {
    for (let n = 0; n < count; n++) seqs.push(call(s, env, addOperation(name, 1)) ?? 0);
  });
  cluster.world.run(5);
  return seqs;
}

const valueIn = (reply: Uint8Array | undefined): number =>
  reply === undefined ? 0 : new DataView(reply.buffer, reply.byteOffset).getUint32(4);

/** Bytes of replies that a member keeps for a client. */
function keptAt(cluster: Cluster, member: NodeId, { client }: Outsider): number {
  const { replies } = cluster.stateOf(member).execution.core;
  const prefix = `${client.domain}/${client.client}/`;
  let bytes = 0;
  for (const [key, reply] of replies.entries()) if (key.startsWith(prefix)) bytes += reply.length;
  return bytes;
}

test('a client that never acknowledges keeps no more than its bound at any replica, also at one that comes back', () => {
  const cluster = create();
  const { world } = cluster;
  const hostile = enter(cluster, 0, 64, false);
  const honest = enter(cluster, 1, 4);
  for (let round = 0; round < 10; round++) {
    callOften(cluster, hostile, 4);
    callOften(cluster, honest, 1, 'honest');
    if (round === 3) world.crash(2);
    if (round === 5) world.restart(2);
    if (round === 6) world.wipe(3);
    if (round === 8) world.restart(3);
    const done = 4 * (round + 1);
    assert.ok(
      world.runUntil(() => stateOf(cluster, hostile).results.size === done, 30_000),
      `round ${round}`,
    );
    assert.ok(world.runUntil(() => stateOf(cluster, honest).results.size === round + 1, 30_000));
  }
  const isThere = (id: NodeId): boolean =>
    executedOf(cluster.stateOf(id).execution.core, hostile.client) === 40;
  assert.ok(
    world.runUntil(() => MEMBERS.every(isThere), 30_000),
    'all have executed everything',
  );
  for (const id of MEMBERS) assert.equal(keptAt(cluster, id, hostile), MAX_REPLY_BYTES_PER_CLIENT);
  assert.equal(firstObjection(cluster), null);
  assert.equal(valueIn(stateOf(cluster, honest).results.get(10)), 10);
});

test('a client that asks for a dropped reply has executed it once, gives it up, and gets on', () => {
  const cluster = create();
  const { world } = cluster;
  const wide = enter(cluster, 0, FITTING + 4);
  wide.isDeaf = true;
  callOften(cluster, wide, FITTING + 4);
  const isExecuted = (id: NodeId): boolean =>
    executedOf(cluster.stateOf(id).execution.core, wide.client) === FITTING + 4;
  assert.ok(world.runUntil(() => MEMBERS.every(isExecuted), 30_000));
  wide.isDeaf = false;
  assert.ok(
    world.runUntil(() => stateOf(cluster, wide).results.size === FITTING, 60_000),
    'what is kept is told',
  );
  world.run(10_000);
  const { results, calls, acked } = stateOf(cluster, wide);
  assert.equal(results.size, FITTING);
  assert.deepEqual([...calls.keys()], [1, 2, 3, 4], 'the oldest are not told');
  assert.equal(acked, 0);
  assert.deepEqual(callOften(cluster, wide, 1), [0], 'and its window is full');
  world.call(wide.id, (s: ClientState) => {
    for (const seq of [1, 2, 3, 4]) abandon(s, seq);
  });
  world.run(5);
  assert.deepEqual(takeLost(stateOf(cluster, wide)), [1, 2, 3, 4]);
  assert.deepEqual(callOften(cluster, wide, 1), [FITTING + 5]);
  assert.ok(world.runUntil(() => stateOf(cluster, wide).results.has(FITTING + 5), 30_000));
  assert.equal(valueIn(results.get(FITTING + 5)), FITTING + 5, 'each was executed once');
  assert.equal(firstObjection(cluster), null);
});

test('a member whose state jumps over more own replies than are kept gets on without the oldest', () => {
  const cluster = create();
  const { world } = cluster;
  const count = FITTING + 4;
  cluster.call(3, (s, env) => {
    for (let n = 0; n < count; n++) submit(s, env, addOperation(LARGE, 1));
  });
  world.run(3);
  world.partition([[3]]);
  const own = { domain: 3, client: cluster.stateOf(3).submission.client };
  assert.ok(world.runUntil(() => executedOf(cluster.stateOf(0).execution.core, own) === count, 30_000));
  assert.equal(executedOf(cluster.stateOf(3).execution.core, own), 0, 'it has seen none of it');
  // Far enough that the others have dropped what it would need to follow them slot by slot.
  for (let n = 0; n < 60; n++) {
    cluster.add(0, 'others', 1);
    world.run(300);
  }
  world.heal();
  assert.ok(world.runUntil(() => cluster.stateOf(3).submission.outstanding.size === 0, 30_000));
  assert.equal(cluster.stateOf(3).submission.acked, count);
  cluster.add(3, LARGE, 1);
  world.run(100);
  assert.ok(world.runUntil(() => cluster.outstanding() === 0, 30_000));
  assert.equal(firstObjection(cluster), null);
  const { service } = cluster.stateOf(3).execution;
  assert.equal(valueIn(service.query(utf8(LARGE))), count + 1, 'each was executed once');
});
