/**
 * A snapshot is written while the log goes on, over several checkpoints if the state is large, and then the log before it is
 * released. Whoever restarts after that has in its journal all that was agreed, and must come to it by itself: when all members
 * were killed at once there is nobody to fetch it from.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import type { Env, Note, Recovered } from '@concordat/kernel';
import { createState, textKey } from '@concordat/state';
import { utf8 } from '@concordat/wire';
import { createIdleEnv } from '../compliance/idle-env.ts';
import { replicaConfig } from '../config.ts';
import type { Message } from './messages.ts';
import { createReplica, orderedLog } from './replica.ts';

const cluster = modelHash(utf8('long snapshot test'));
const keys = createModelKeys(1, 1)(0);
/** Alone it agrees with itself at once. Several slots of a turn are accepted before the first of them is executed. */
const config = replicaConfig({
  self: 0,
  cluster,
  faults: { u: 0, r: 0 },
  checkpointInterval: 4,
  window: 8,
  batchRequests: 1,
  spacingMs: 0,
});
const BODY_BYTES = 100_000;
const OPS_PER_TURN = 3;
const NOTHING = new Uint8Array(0);

/** Keeps every operation. */
function createHoard() {
  const state = createState({ hash: modelHash, version: 1 });
  const kept = state.map('kept', { ...textKey, encode: (op: Uint8Array) => op, decode: (bytes) => bytes });
  return {
    ...state,
    execute: (op: Uint8Array) => {
      kept.set(`${kept.size}`, op.slice());
      return NOTHING;
    },
    query: () => NOTHING,
    advance: () => {},
  };
}

/** A host with a journal: one life of the replica after the other. */
function createHost() {
  const journal: Uint8Array[] = [];
  let first = 0;
  let now = 1000;
  const start = () => {
    const tickets: number[] = [];
    const notes: Note[] = [];
    const env: Env<Message> = {
      ...createIdleEnv(0, 0),
      get now() {
        return now;
      },
      append: (record) => first + journal.push(record.slice()) - 1,
      release: (position) => {
        journal.splice(0, position - first);
        first = position;
      },
      offload: (_job, ticket) => void tickets.push(ticket),
      note: (note) => void notes.push(note),
    };
    const recovered: Recovered = { records: [...journal], first, whole: true, losses: 0 };
    const process = createReplica({ config, keys, createService: createHoard });
    const s = process.start(env, recovered);
    const turn = (ops: number): void => {
      now += 20;
      for (let i = 0; i < ops; i++) orderedLog.submit(s, env, new Uint8Array(BODY_BYTES).fill(now % 251));
      for (const ticket of tickets.splice(0)) process.completed?.(s, env, ticket, true);
      process.settle(s, env);
    };
    return { s, notes, turn };
  };
  return { start };
}

test('what became final while a snapshot was written is executed again after it', () => {
  const { start } = createHost();
  const { s, notes, turn } = start();
  const stableIn: number[] = [];
  while (!notes.some(({ kind }) => kind === 'snapshot')) {
    turn(OPS_PER_TURN);
    assert.ok(s.execution.executed < 1000, 'a snapshot is due');
    if (s.snapshotting !== null) stableIn.push(s.stable.slot);
  }
  assert.ok(new Set(stableIn).size > 3, 'it took several checkpoints, and more than the window');
  for (let i = 0; i < 3; i++) turn(OPS_PER_TURN);
  const again = start();
  assert.equal(again.s.stable.slot, s.stable.slot);
  assert.equal(again.s.execution.executed, s.stable.slot);
  assert.equal(again.s.transfer, null);
  again.turn(1);
  assert.equal(again.s.execution.executed > s.stable.slot, true, 'it goes on');
  assert.equal(start().s.execution.executed, again.s.stable.slot);
});
