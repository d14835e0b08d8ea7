/** A definition as a kernel service: it keeps every promise of the compliance suite, and failures leave no trace. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, type Service } from '@concordat/kernel';
import { serviceSuite } from '@concordat/kernel/compliance';
import { toHex } from '@concordat/wire';
import { counter } from '../testing/counter.ts';
import { u53 } from './codecs.ts';
import { decodeReply, encodeCall, encodeOperation } from './frames.ts';
import { defineService, list, type OperationCodecs, record, text } from './index.ts';

type Names = keyof typeof counter.operations;

const operation = (name: Names, args: unknown): Uint8Array =>
  encodeCall('operation', name, counter.operations[name] as OperationCodecs<unknown, unknown>, args);

const query = (name: keyof typeof counter.queries): Uint8Array =>
  encodeCall('query', name, counter.queries[name], {});

interface Trial {
  readonly service: Service;
  readonly thrown: string[];
  readonly events: Uint8Array[];
  run(op: Uint8Array): unknown;
}

function start(): Trial {
  const thrown: string[] = [];
  const events: Uint8Array[] = [];
  const service = counter.create({ hash: modelHash, onThrow: (name) => void thrown.push(name) });
  const emit = (event: Uint8Array): void => void events.push(event);
  let seq = 0;
  const run = (op: Uint8Array): unknown => {
    seq += 1;
    const context = { domain: 0, client: 1, seq, time: 1, random: createPrng(1), emit };
    const reply = decodeReply(service.execute(op, context), (reader) => u53.read(reader));
    if (reply?.status === 'ok') return reply.value;
    return reply?.code;
  };
  return { service, thrown, events, run };
}

const OPERATIONS = [
  (n: number) => operation('add', { amount: n }),
  (n: number) => operation('addUpTo', { amount: n, most: 300 }),
  (n: number) => operation('breakDown', { after: `key ${n}` }),
];

for (const { name, run } of serviceSuite({
  create: () => counter.create({ hash: modelHash }),
  operation: (random) => random.pick(OPERATIONS)(random.below(100)),
  query: (random) => query(random.pick(['total', 'named', 'writes'])),
})) {
  test(`counter: ${name}`, run);
}

test('a refusal and a throw take back writes and events', () => {
  const { service, run, thrown, events } = start();
  assert.equal(run(operation('add', { amount: 2 })), 2);
  assert.equal(run(operation('addUpTo', { amount: 9, most: 9 })), 'too-much');
  assert.equal(run(operation('breakDown', { after: 'x' })), 'threw');
  assert.deepEqual(thrown, ['breakDown']);
  assert.deepEqual(events.map(toHex), ['0000000000000002']);
  assert.equal(run(query('total')), 2);
  assert.equal(run(query('named')), 0);
  assert.equal(run(operation('addUpTo', { amount: 7, most: 9 })), 9);
  assert.equal(service.digest().length, 32);
});

test('what is no operation of the service gets a reply that says so', () => {
  const { run } = start();
  assert.equal(run(new Uint8Array(0)), 'malformed');
  assert.equal(run(Uint8Array.of(7, 0, 0, 0, 0)), 'malformed');
  assert.equal(run(Uint8Array.of(...operation('add', { amount: 1 }), 0)), 'malformed');
  assert.equal(run(encodeOperation('operation', 0, 'toString', () => {})), 'unknown-operation');
  assert.equal(run(encodeOperation('query', 0, 'add', () => {})), 'unknown-operation');
});

test('a query that writes throws and changes nothing', () => {
  const { run, thrown } = start();
  assert.equal(run(query('writes')), 'threw');
  assert.deepEqual(thrown, ['writes']);
  assert.equal(run(query('total')), 0);
});

test('an exhausted stack halts: replicas would not agree where it ends', () => {
  const deep = (): number => 1 + deep();
  const endless = defineService({
    version: 1,
    state: () => null,
    operations: { recurse: { input: record({}), output: u53, execute: () => deep() } },
  });
  const service = endless.create({ hash: modelHash });
  const context = { domain: 0, client: 1, seq: 1, time: 1, random: createPrng(1), emit: () => {} };
  assert.throws(
    () => service.execute(encodeCall('operation', 'recurse', endless.operations.recurse, {}), context),
    /call stack/,
  );
});

test('bounds that an operation could not keep are refused where the service is defined', () => {
  const define = (max: number) =>
    defineService({
      version: 1,
      state: () => null,
      operations: { put: { input: list(text(1000), max), output: u53, execute: () => 0 } },
    });
  assert.throws(() => define(2000), /input of 'put' fits/);
  assert.equal(define(1000).version, 1);
});
