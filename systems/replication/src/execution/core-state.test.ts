/** At most once, in order, without gaps: whatever a faulty primary puts into the log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, type ExposedBatch, HaltError, MAX_OPERATION_BYTES } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { genesisHistory, NULL_BATCH } from '../batch.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { ungoverned } from '../governance/configuration.ts';
import { type Governance, inVersionOf } from '../governance/ordered.ts';
import { threePhase } from '../order/three-phase/index.ts';
import {
  COMMAND_CLIENT,
  MAX_REPLIES_PER_CLIENT,
  MAX_REPLY_BYTES_PER_CLIENT,
  type Request,
} from '../request.ts';
import {
  type CoreState,
  createCoreState,
  executedOf,
  isNextOf,
  MAX_CLIENTS_PER_ASSOCIATE,
  MAX_CLIENTS_PER_DOMAIN,
  recordReply,
  replyKey,
} from './core-state.ts';
import {
  createExecution,
  type Execution,
  executeBatch,
  markExecution,
  rollbackExecution,
} from './execution.ts';

const UNGOVERNED: Governance = {
  cluster: modelHash(utf8('core state')),
  isGoverned: false,
  genesis: ungoverned(
    replicaConfig({ self: 0, cluster: modelHash(utf8('core state')), faults: { u: 1, r: 1 } }),
  ),
  checkpointInterval: 128,
  executors: [],
  verifyWith: () => false,
  keysOf: () => null,
  pairOf: () => null,
  orderOf: () => threePhase,
};

const request = (domain: number, client: number, seq: number, acked = 0): Request => ({
  domain,
  client,
  seq,
  acked,
  body: addOperation('counter', 1),
  signature: new Uint8Array(64),
});

const create = (): Execution =>
  createExecution(modelHash, createLedger(modelHash), genesisHistory(), UNGOVERNED);

const execute = (execution: Execution, requests: readonly Request[], time = 5): ExposedBatch =>
  executeBatch(execution, { time, refs: [] }, requests, modelHash(Uint8Array.of(execution.executed)));

const said = ({ outcomes }: ExposedBatch): string[] =>
  outcomes.map(
    ({ domain, client, seq, reply }) => `${domain}/${client}/${seq}=${Number(`0x${toHex(reply)}`)}`,
  );

test('a repeated request is executed once', () => {
  const execution = create();
  assert.deepEqual(said(execute(execution, [request(1, 1, 1), request(1, 1, 1), request(1, 1, 2)])), [
    '1/1/1=1',
    '1/1/2=2',
  ]);
  assert.deepEqual(said(execute(execution, [request(1, 1, 2), request(1, 1, 1)])), []);
  assert.equal(executedOf(execution.core, { domain: 1, client: 1 }), 2);
});

test('a gap is skipped, and the client’s order is kept', () => {
  const execution = create();
  assert.deepEqual(said(execute(execution, [request(1, 1, 2), request(1, 1, 1), request(1, 1, 3)])), [
    '1/1/1=1',
  ]);
  assert.deepEqual(said(execute(execution, [request(1, 1, 2), request(1, 1, 3)])), ['1/1/2=2', '1/1/3=3']);
});

test('clients of different domains with one number are different clients', () => {
  const execution = create();
  assert.deepEqual(said(execute(execution, [request(1, 7, 1), request(2, 7, 1)])), ['1/7/1=1', '2/7/1=2']);
});

test('replies are kept until the client has them', () => {
  const execution = create();
  execute(execution, [request(1, 1, 1), request(1, 1, 2), request(1, 1, 3)]);
  const has = (seq: number): boolean =>
    execution.core.replies.get(replyKey({ domain: 1, client: 1 }, seq)) !== undefined;
  assert.deepEqual([1, 2, 3].map(has), [true, true, true]);
  execute(execution, [request(1, 1, 4, 2)]);
  assert.deepEqual([1, 2, 3, 4].map(has), [false, false, true, true]);
});

test('a client that claims to have replies of the future loses only past ones', () => {
  const execution = create();
  execute(execution, [request(1, 1, 1, 1000), request(1, 1, 2, 1000)]);
  assert.ok(execution.core.replies.get(replyKey({ domain: 1, client: 1 }, 2)) !== undefined);
});

test('ordered time never goes back, and the null batch has none', () => {
  const execution = create();
  assert.equal(execute(execution, [], 50).time, 50);
  assert.equal(execute(execution, [], 40).time, 50);
  assert.equal(executeBatch(execution, NULL_BATCH, [], genesisHistory()).time, 50);
});

test('commands are not for the service, and an incarnation begins once', () => {
  const execution = create();
  const command = { ...request(2, COMMAND_CLIENT, 1), body: new Uint8Array(0) };
  assert.deepEqual(said(execute(execution, [command])), []);
  assert.deepEqual(execution.core.incarnations.get(2), { number: 1, since: 1 });
  execute(execution, [command]);
  assert.deepEqual(execution.core.incarnations.get(2), { number: 1, since: 1 }, 'a replay changes nothing');
  execute(execution, [{ ...command, seq: 2 }]);
  assert.deepEqual(execution.core.incarnations.get(2), { number: 2, since: 3 });
});

test('beyond the bound the smallest client is forgotten for good', () => {
  const core = createCoreState(modelHash, UNGOVERNED);
  const reply = new Uint8Array(1);
  for (let client = 1; client <= MAX_CLIENTS_PER_DOMAIN; client++) {
    assert.ok(isNextOf(core, { domain: 1, client }, 1));
    recordReply(core, { domain: 1, client }, 1, 0, reply);
  }
  assert.ok(isNextOf(core, { domain: 2, client: 1 }, 1), 'domains do not crowd each other out');
  assert.ok(isNextOf(core, { domain: 1, client: MAX_CLIENTS_PER_DOMAIN + 1 }, 1));
  assert.equal(core.clients.get('1/1'), undefined);
  assert.equal(core.replies.get('1/1/1'), undefined);
  assert.equal(isNextOf(core, { domain: 1, client: 1 }, 2), false);
  assert.equal(isNextOf(core, { domain: 1, client: 1 }, 1), false, 'it may not begin anew');
  assert.ok(isNextOf(core, { domain: 1, client: 2 }, 2), 'others go on');
});

test('a client that never acknowledges does not fill the state', () => {
  const execution = create();
  const count = MAX_REPLIES_PER_CLIENT + 72;
  for (let seq = 1; seq <= count; seq++) execute(execution, [request(1, 1, seq, 0)]);
  const { core } = execution;
  const keptFrom = count - MAX_REPLIES_PER_CLIENT + 1;
  assert.equal(core.replies.size, MAX_REPLIES_PER_CLIENT);
  assert.equal(core.replies.has(replyKey({ domain: 1, client: 1 }, keptFrom - 1)), false);
  assert.equal(core.replies.has(replyKey({ domain: 1, client: 1 }, keptFrom)), true);
  // What it says later counts all the same.
  execute(execution, [request(1, 1, count + 1, count)]);
  assert.deepEqual(core.replies.sortedKeys(), [replyKey({ domain: 1, client: 1 }, count + 1)]);
});

const CLIENT = { domain: 1, client: 1 };

/** What a core holds of the client's replies: their numbers, and the bytes in all, counted anew. */
function heldBy({ replies }: CoreState): { readonly seqs: number[]; readonly bytes: number } {
  const seqs = replies.sortedKeys().map((key) => Number(key.split('/')[2]));
  const sizes = replies.sortedKeys().map((key) => replies.get(key)?.length ?? 0);
  return { seqs: seqs.sort((a, b) => a - b), bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

test('a client that never acknowledges large replies keeps its latest ones, within the bound', () => {
  const core = createCoreState(modelHash, UNGOVERNED);
  const fitting = MAX_REPLY_BYTES_PER_CLIENT / MAX_OPERATION_BYTES;
  for (let seq = 1; seq <= fitting; seq++)
    recordReply(core, CLIENT, seq, 0, new Uint8Array(MAX_OPERATION_BYTES));
  assert.equal(heldBy(core).seqs[0], 1, 'up to the bound nothing is dropped');
  recordReply(core, CLIENT, fitting + 1, 0, new Uint8Array(1));
  assert.deepEqual(heldBy(core), {
    seqs: Array.from({ length: fitting }, (_, i) => i + 2),
    bytes: MAX_REPLY_BYTES_PER_CLIENT - MAX_OPERATION_BYTES + 1,
  });
  recordReply(core, { domain: 1, client: 2 }, 1, 0, new Uint8Array(MAX_OPERATION_BYTES));
  assert.equal(core.replies.has('1/1/2'), true, 'others do not crowd it out');
  recordReply(core, CLIENT, fitting + 2, fitting + 1, new Uint8Array(0));
  assert.deepEqual(core.clients.get('1/1'), {
    ...CLIENT,
    seq: fitting + 2,
    kept: fitting + 2,
    keptBytes: 0,
  });
});

test('which replies are kept follows from sizes and acknowledgements alone, also after a rollback and a restore', () => {
  const random = createPrng(1, 'kept replies');
  const core = createCoreState(modelHash, UNGOVERNED);
  let other = createCoreState(modelHash, UNGOVERNED);
  /** By the definition: the longest end of the history that is not acknowledged, and within both bounds. */
  const model: { seq: number; size: number }[] = [];
  let lastAcked = 0;
  const step = (into: CoreState, seq: number, acked: number, size: number): void =>
    recordReply(into, CLIENT, seq, acked, new Uint8Array(size));
  let dropped = 0;
  for (let seq = 1; seq <= 600; seq++) {
    const size = random.chance(0.3) ? random.below(MAX_OPERATION_BYTES) : random.below(1000);
    if (random.chance(0.02)) lastAcked = random.below(seq);
    const mark = core.state.mark();
    // What is taken back leaves no trace.
    if (random.chance(0.3)) {
      step(core, seq, random.below(seq), random.below(MAX_OPERATION_BYTES));
      core.state.rollback(mark);
    }
    step(core, seq, lastAcked, size);
    step(other, seq, lastAcked, size);
    model.push({ seq, size });
    const bytes = (): number => model.reduce((sum, one) => sum + one.size, 0);
    while (model[0] !== undefined && model[0].seq <= lastAcked && model.length > 1) model.shift();
    while (model.length > MAX_REPLIES_PER_CLIENT || bytes() > MAX_REPLY_BYTES_PER_CLIENT) {
      dropped += bytes() > MAX_REPLY_BYTES_PER_CLIENT ? 1 : 0;
      model.shift();
    }
    core.state.release(mark);
    assert.deepEqual(heldBy(core), { seqs: model.map((one) => one.seq), bytes: bytes() });
    assert.equal(core.clients.get('1/1')?.keptBytes, bytes());
    if (seq % 150 === 0) other = restored(other);
    assert.equal(toHex(other.state.digest()), toHex(core.state.digest()));
  }
  assert.ok(dropped > 20, `${dropped} replies were dropped for their size`);
});

/** A fresh core with the state of another, by its snapshot. */
function restored({ state }: CoreState): CoreState {
  const core = createCoreState(modelHash, UNGOVERNED);
  const mark = state.mark();
  const snapshot = state.snapshot(mark);
  const parts = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const restore = core.state.restore(snapshot.digest, parts);
  assert.ok(restore !== null);
  for (const part of restore.missing(parts.length))
    assert.ok(restore.offer(part, snapshot.read(part).slice()));
  restore.finish();
  state.release(mark);
  return core;
}

/** What is executed after slot 1 belongs to an epoch with this version of the service. */
function withSwitch(versions: readonly number[], version: number): Execution {
  const ledger = createLedger(modelHash, 1, versions);
  const execution = createExecution(modelHash, ledger, genesisHistory(), { ...UNGOVERNED, isGoverned: true });
  const next = { ...UNGOVERNED.genesis, epoch: 1, version };
  const command = { next, approvals: [], proof: new Uint8Array(0) };
  execution.core.governance.epochs.set(1, { command, slot: 1, base: 1 });
  return execution;
}

test('the first batch of an epoch switches the service, and goes back over the switch when it is taken back', () => {
  const execution = withSwitch([1, 2], 2);
  const wide = ({ outcomes }: ExposedBatch): number[] => outcomes.map(({ reply }) => reply.length);
  assert.deepEqual(
    wide(execute(execution, [request(1, 1, 1)])),
    [8],
    'the last slot is of the former version',
  );
  const before = toHex(execution.digest());
  const mark = markExecution(execution);
  assert.deepEqual(wide(execute(execution, [request(1, 1, 2)])), [16]);
  assert.equal(execution.service.version(), 2);
  const after = toHex(execution.digest());
  rollbackExecution(execution, mark);
  assert.equal(execution.service.version(), 1);
  assert.equal(toHex(execution.digest()), before);
  assert.deepEqual(wide(execute(execution, [])), []);
  assert.equal(execution.service.version(), 2, 'an empty batch switches as well');
  rollbackExecution(execution, mark);
  execute(execution, [request(1, 1, 2)]);
  assert.equal(toHex(execution.digest()), after);
});

test('a binary halts before it executes what it cannot run', () => {
  const cases = [
    { versions: [1], version: 2, says: /version 2 .* can run 1: upgrade this binary/ },
    { versions: [1, 3], version: 2, says: /version 2 .* can run 1, 3: start one that can run 2/ },
  ];
  for (const { versions, version, says } of cases) {
    const execution = withSwitch(versions, version);
    execute(execution, [request(1, 1, 1)]);
    const before = toHex(execution.service.digest());
    assert.throws(
      () => execute(execution, [request(1, 1, 2)]),
      (error) => error instanceof HaltError && says.test(error.message),
    );
    assert.equal(toHex(execution.service.digest()), before);
  }
  const tooNew = createExecution(modelHash, createLedger(modelHash, 1, [2, 3]), genesisHistory(), {
    ...UNGOVERNED,
    isGoverned: true,
  });
  assert.equal(tooNew.service.version(), 2, 'it begins with the oldest version that it has');
  assert.throws(() => execute(tooNew, []), /version 1 .* can run 2, 3: start one that can run 1/);
});

test('where nobody governs, the version in force is the one that the binary begins with', () => {
  const ledger = createLedger(modelHash, 2, [1, 2]);
  const governance = inVersionOf(UNGOVERNED, ledger);
  assert.equal(governance.genesis.version, 2);
  const execution = createExecution(modelHash, ledger, genesisHistory(), governance);
  assert.equal(execute(execution, [request(1, 1, 1)]).outcomes[0]?.reply.length, 16);
});

test('an associate is remembered by few clients, and a domain that has only a number like one by as many as others', () => {
  const genesis = ungoverned(
    replicaConfig({
      self: 0,
      cluster: modelHash(utf8('core state')),
      faults: { u: 1, r: 1 },
      associates: [96],
    }),
  );
  const core = createCoreState(modelHash, { ...UNGOVERNED, genesis });
  for (const domain of [96, 97])
    for (let client = 1; client <= MAX_CLIENTS_PER_ASSOCIATE + 1; client++)
      assert.equal(isNextOf(core, { domain, client }, 1), true);
  const first = (domain: number): boolean => isNextOf(core, { domain, client: 1 }, 1);
  assert.deepEqual([first(96), first(97)], [false, true]);
});
