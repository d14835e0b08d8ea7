/** Bundles: each operation as if it had come alone, bounded results, and nothing of what is malformed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type ExecuteContext, MAX_OPERATION_BYTES } from '@concordat/kernel';
import { sha256 } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { counter } from '../testing/counter.ts';
import { decodeResults, encodeBundle, MAX_BUNDLE_OPERATIONS } from './bundles.ts';
import { decodeReply, encodeCall, encodeDone, encodeFailure } from './frames.ts';
import { bytes, defineService, record, u53 } from './index.ts';

const add = (amount: number): Uint8Array =>
  encodeCall('operation', 'add', counter.operations.add, { amount });
const addUpTo = (amount: number, most: number): Uint8Array =>
  encodeCall('operation', 'addUpTo', counter.operations.addUpTo, { amount, most });
const total = encodeCall('query', 'total', counter.queries.total, {});
const done = (value: number): Uint8Array => encodeDone((to) => to.u53(value));
const MALFORMED = encodeFailure('malformed', '');

function instance() {
  const service = counter.create({ hash: sha256 });
  const events: string[] = [];
  const context: ExecuteContext = {
    domain: 4,
    client: 1,
    seq: 1,
    time: 0,
    random: createPrng(1),
    emit: (event) => void events.push(toHex(event)),
  };
  return { service, events, execute: (body: Uint8Array) => service.execute(body, context) };
}

test('golden bytes', () => {
  assert.equal(
    toHex(encodeBundle([total, total])),
    `02 00000002 ${'0000000e 01 37ce215c 00000005 746f74616c '.repeat(2)}`.replaceAll(' ', ''),
  );
  assert.deepEqual(encodeBundle([total]), total);
});

test('a bundle does what its operations do one by one, and one that fails leaves its neighbours alone', () => {
  const operations = [add(3), addUpTo(5, 4), total, add(4), Uint8Array.of(9), encodeBundle([add(1), add(1)])];
  const together = instance();
  const results = decodeResults(together.execute(encodeBundle(operations)), operations.length);
  const apart = instance();
  const expected = operations.map((operation) => apart.execute(operation));
  // A bundle within a bundle is no operation.
  expected[5] = MALFORMED;
  assert.deepEqual(results, expected);
  assert.deepEqual(expected.slice(0, 5), [
    done(3),
    encodeFailure('too-much', 'at most 4'),
    done(3),
    done(7),
    MALFORMED,
  ]);
  assert.equal(together.events.length, 2);
  const fresh = instance();
  for (const operation of operations.slice(0, 5)) fresh.execute(operation);
  assert.deepEqual(together.service.digest(), fresh.service.digest());
});

test('of a malformed bundle nothing is executed', () => {
  const whole = encodeBundle([add(3), add(4)]);
  const one = Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, add(3).length, ...add(3));
  const many = encodeBundle(Array.from({ length: MAX_BUNDLE_OPERATIONS + 1 }, () => add(1)));
  const claim = Uint8Array.of(2, 0xff, 0xff, 0xff, 0xff);
  for (const hostile of [
    Uint8Array.of(...whole, 0),
    whole.subarray(0, -1),
    one,
    many,
    claim,
    Uint8Array.of(2),
  ]) {
    const { service, execute } = instance();
    const before = service.digest();
    assert.deepEqual(execute(hostile), MALFORMED);
    assert.deepEqual(service.digest(), before);
  }
});

test('results end where the next one finds no room, and its operation is taken back', () => {
  const half = MAX_OPERATION_BYTES / 2;
  const growing = defineService({
    version: 1,
    state: (declare) => ({ count: declare.cell('count', u53, 0) }),
    operations: {
      grow: {
        input: record({ by: u53 }),
        output: bytes(half),
        execute: ({ state }, { by }) => {
          state.count.set(state.count.get() + 1);
          return new Uint8Array(by);
        },
      },
    },
    queries: { count: { input: record({}), output: u53, answer: ({ state }) => state.count.get() } },
  });
  const service = growing.create({ hash: sha256 });
  const grow = (by: number): Uint8Array => encodeCall('operation', 'grow', growing.operations.grow, { by });
  const context: ExecuteContext = {
    domain: 4,
    client: 1,
    seq: 1,
    time: 0,
    random: createPrng(1),
    emit: () => {},
  };
  const reply = service.execute(encodeBundle([grow(half), grow(100), grow(half), grow(1)]), context);
  assert.deepEqual(
    decodeResults(reply, 4)?.map(({ length }) => length),
    [5 + half, 105],
  );
  const count = service.query(encodeCall('query', 'count', growing.queries.count, {}));
  assert.deepEqual(
    decodeReply(count, (from) => from.u53()),
    { status: 'ok', value: 2 },
  );
});

test('results are taken only in their one form', () => {
  const results = [done(1), done(2)];
  const whole = encodeBundle(results);
  assert.deepEqual(decodeResults(whole, 2), results);
  assert.deepEqual(decodeResults(whole, 3), results);
  assert.equal(decodeResults(whole, 1), null);
  assert.equal(decodeResults(Uint8Array.of(...whole, 0), 2), null);
  assert.equal(decodeResults(Uint8Array.of(2, 0, 0, 0, 0), 2), null);
  assert.equal(decodeResults(MALFORMED, 2), null);
});
