/** Filter nodes beside replicas, in one process and one journal each: what one has on disk the other does not release. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs, createModelKeys, createModelPairSecrets, modelHash } from '@concordat/crypto';
import { isBatch, type NodeId, type Process } from '@concordat/kernel';
import { createWorld } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { executedOf } from '../execution/core-state.ts';
import { quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { createReplica, orderedLog } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/state.ts';
import { colocate } from './colocated.ts';
import { createFilter } from './filter/filter.ts';
import { type FilterState, filterSettings } from './filter/state.ts';

const FAULTS = { u: 1, r: 1 };
const MEMBERS = [0, 1, 2, 3];
const cluster = modelHash(utf8('colocated test'));

interface Member {
  /** Operations that wait to be submitted. */
  readonly waiting: Uint8Array[];
  answered: number;
  /** Its filter node's, of this life. */
  filter: FilterState | null;
}

/** The replica, submitting what waits and counting its answers, as a gateway in the same process does. */
function withGateway(
  replica: Process<ReplicaState, Message>,
  member: Member,
): Process<ReplicaState, Message> {
  return {
    ...replica,
    settle: (s, env) => {
      for (let body = member.waiting.shift(); body !== undefined; body = member.waiting.shift())
        orderedLog.submit(s, env, body);
      replica.settle(s, env);
      for (const item of orderedLog.takeExposed(s))
        if (isBatch(item))
          for (const { domain, client } of item.outcomes)
            if (domain === s.config.self && client === s.submission.client) member.answered++;
    },
  };
}

function createMembers() {
  const world = createWorld({ seed: 1 });
  const keysOf = createModelKeys(4, 1);
  const secretsOf = createModelPairSecrets(4, 1);
  const quorums = quorumsOf(FAULTS);
  const members: Member[] = MEMBERS.map(() => ({ waiting: [], answered: 0, filter: null }));
  for (const [self, member] of members.entries()) {
    const keys = keysOf(self);
    const pair = { macs: createMacs(), secrets: secretsOf(self) };
    const settings = { ...presets.upright.settings, checkpointInterval: 8, window: 16 };
    const config = replicaConfig({ self, cluster, faults: FAULTS, ...settings });
    const replica = createReplica({ config, keys, pair, createService: () => createLedger(modelHash) });
    const options = { cluster, quorums, members: MEMBERS, filter: self, hash: modelHash, pair };
    const filter = createFilter({ ...options, ...filterSettings });
    const watched: Process<FilterState, Message> = {
      ...filter,
      start: (env, recovered) => {
        member.filter = filter.start(env, recovered);
        return member.filter;
      },
    };
    world.add({
      id: self,
      process: colocate(withGateway(replica, member), watched, { quorums, members: MEMBERS, self }),
      codec: { encode: encodeMessage, decode: decodeMessage },
      verify: (check) => keys.verify(check.signer, check.bytes, check.signature),
    });
  }
  const ask = (id: NodeId, count: number): void => {
    for (let i = 0; i < count; i++) members[id]?.waiting.push(addOperation(i % 2 ? 'a' : 'b'.repeat(200), 1));
  };
  const answered = (): number => members.reduce((sum, member) => sum + member.answered, 0);
  return { world, members, ask, answered };
}

/** Requests that enough filter nodes hold, and whose client's earlier ones are executed. */
function orderable({ execution, config }: ReplicaState, members: readonly Member[]): string[] {
  const holders = new Map<string, number>();
  for (const { filter } of members)
    for (const { ref } of filter?.log ?? [])
      if (ref.seq === executedOf(execution.core, ref) + 1) {
        const name = `${ref.domain}/${ref.client}/${ref.seq}`;
        holders.set(name, (holders.get(name) ?? 0) + 1);
      }
  return [...holders].filter(([, count]) => count >= config.quorums.transferable).map(([name]) => name);
}

const counted = (state: ReplicaState): number =>
  [...state.execution.core.clients.entries()].reduce((sum, [, { seq }]) => sum + seq, 0);

test('requests pass from hand to hand inside a process and between them', () => {
  const { world, members, ask, answered } = createMembers();
  world.run(100);
  for (const id of MEMBERS) ask(id, 20);
  assert.ok(world.runUntil(() => answered() === 80, 5000));
  world.run(1500);
  for (const { filter } of members) assert.equal(filter?.log.size, 0, 'executed and forgotten');
  assert.equal(world.notes.filter(({ note }) => note.kind === 'suspect').length, 0);
});

test('all crash in the middle of their turns, and go on from one journal each', () => {
  const { world, members, ask } = createMembers();
  world.run(100);
  for (let round = 0; round < 6; round++) {
    for (const id of MEMBERS) ask(id, 8);
    world.run(25 + 3 * round);
    for (const id of MEMBERS) world.crashDuringTurn(id);
    world.run(60);
    for (const id of MEMBERS) {
      world.crash(id);
      world.restart(id);
    }
    world.run(300);
  }
  world.run(5000);
  const hasHeld = world.notes.some(
    ({ note }) => note.kind === 'filter-recovered' && Number(note['held']) > 0,
  );
  assert.ok(hasHeld, 'some had requests on disk that were not executed');
  assert.deepEqual(
    orderable(world.stateOf<ReplicaState>(0), members),
    [],
    'what enough have on disk is ordered',
  );
  const states = MEMBERS.map((id) => world.stateOf<ReplicaState>(id));
  const before = counted(states[0] as ReplicaState);
  assert.ok(before > 0);
  for (const id of MEMBERS) ask(id, 5);
  const target = members.map(({ answered }) => answered + 5);
  assert.ok(world.runUntil(() => members.every(({ answered }, id) => answered === target[id]), 30_000));
});
