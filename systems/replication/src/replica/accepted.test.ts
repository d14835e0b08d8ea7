/**
 * A member whom an equivocating primary led along a log that did not become stable goes on along the agreed one, in the
 * same view. What it then claims in a VIEW-CHANGE must be a message that its peers can read.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type Digest, type Env, type Recovered } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { type Batch, batchDigest, genesisHistory, nextHistory } from '../batch.ts';
import { createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import type { Message, PrePrepare, ViewChange } from './messages.ts';
import { createReplica } from './replica.ts';
import type { ReplicaState } from './state.ts';
import { signCheckpoint, signPrePrepare } from './statements.ts';

const SELF = 2;
const FAULTS = { u: 1, r: 1 };
const cluster = modelHash(utf8('accepted test'));
const keysOf = createModelKeys(4, 1);

/** A host that keeps what is sent and answers every check at the next turn. */
function createHost() {
  const sent: Message[] = [];
  const tickets: number[] = [];
  const records: Uint8Array[] = [];
  const env: Env<Message> = {
    self: SELF,
    now: 1000,
    random: createPrng(1),
    secret: (sizeBytes) => new Uint8Array(sizeBytes),
    send: (_to, message) => void sent.push(message),
    sendEarly: (_to, message) => void sent.push(message),
    close: () => {},
    mute: () => {},
    append: (record) => records.push(record) - 1,
    release: () => {},
    setTimer: () => {},
    cancelTimer: () => {},
    offload: (_job, ticket) => void tickets.push(ticket),
    note: () => {},
  };
  return { env, sent, tickets, records };
}

const config = replicaConfig({ self: SELF, cluster, faults: FAULTS, checkpointInterval: 4, window: 8 });

/** Proposals for slots 1 to `count`, all with batches of this time. */
function logOf(time: number, count: number): PrePrepare[] {
  const proposals: PrePrepare[] = [];
  let history: Digest = genesisHistory();
  for (let slot = 1; slot <= count; slot++) {
    const batch: Batch = { time: time + slot, refs: [] };
    history = nextHistory(modelHash, history, batchDigest(modelHash, batch));
    proposals.push(signPrePrepare(keysOf(0), cluster, { view: 0, slot, history, incarnation: 0, batch }));
  }
  return proposals;
}

function afterFollowingTwoLogs() {
  const host = createHost();
  const { env, tickets } = host;
  const process = createReplica({ config, keys: keysOf(SELF), createService: () => createLedger(modelHash) });
  const s = process.start(env, { records: [], first: 0, whole: true, losses: 0 });
  const hear = (from: number, messages: readonly Message[]): void => {
    for (const message of messages) process.receive(s, env, from, message);
    for (const ticket of tickets.splice(0)) process.completed?.(s, env, ticket, true);
    process.settle(s, env);
  };
  hear(0, logOf(900, 6));
  assert.equal(s.accepted, 6);
  const agreed = logOf(950, 8);
  const history = agreed[3]?.history as Digest;
  const state = modelHash(utf8('their state'));
  const certificate = [0, 1, 3].map((sender) =>
    signCheckpoint(keysOf(sender), cluster, { slot: 4, history, state, sender, incarnation: 0, epoch: 0 }),
  );
  hear(1, [{ type: 'stable', certificate }]);
  assert.deepEqual([s.stable.slot, s.accepted], [4, 4]);
  hear(0, agreed.slice(4));
  assert.equal(s.accepted, 8, 'it follows the agreed log');
  return { host, s, process };
}

/** Ticks in which nothing happens, until patience is over. */
function waitInVain(process: ReturnType<typeof createReplica>, s: ReplicaState, env: Env<Message>): void {
  for (let now = 1000; now <= 9000; now += 100) process.timeout(s, { ...env, now }, 'replica/tick');
}

const lastChange = (sent: readonly Message[]): ViewChange | undefined =>
  sent.filter((m): m is ViewChange => m.type === 'view-change').at(-1);

test('claims about two logs of one view are readable', () => {
  const { host, s, process } = afterFollowingTwoLogs();
  for (const peer of [0, 1, 3]) process.linked?.(s, host.env, peer, true);
  waitInVain(process, s, host.env);
  const change = lastChange(host.sent);
  assert.ok(change !== undefined, 'it leaves the view');
  assert.deepEqual(decodeMessage(encodeMessage(change)), change);
});

test('also after a restart', () => {
  const { host } = afterFollowingTwoLogs();
  const recovered: Recovered = { records: host.records, first: 0, whole: true, losses: 0 };
  const process = createReplica({ config, keys: keysOf(SELF), createService: () => createLedger(modelHash) });
  const next = createHost();
  const s = process.start(next.env, recovered);
  for (const peer of [0, 1, 3]) process.linked?.(s, next.env, peer, true);
  waitInVain(process, s, next.env);
  const change = lastChange(next.sent) ?? lastChange(host.sent);
  assert.ok(change !== undefined, 'it leaves the view');
  assert.deepEqual(decodeMessage(encodeMessage(change)), change);
  for (const { accepted } of s.slots) {
    const views = accepted.map(({ view }) => view);
    assert.deepEqual(views, [...new Set(views)], 'one claim for each view');
  }
});
