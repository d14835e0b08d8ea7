/** The checker is silent about sound services and names the operation of each way to be unsound. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prng } from '@concordat/kernel';
import { type Context, defineService, record, refuse, text, u53 } from '../service/index.ts';
import { counter } from '../testing/counter.ts';
import { checkDeterminism } from './determinism.ts';

interface State {
  readonly last: { get(): number; set(value: number): void };
}

/** A sound `put` beside the operation under test. */
const withOperation = (execute: (context: Context<State, number>, amount: number) => number) =>
  defineService({
    version: 1,
    state: (declare): State => ({ last: declare.cell('last', u53, 0) }),
    operations: {
      put: {
        input: u53,
        output: u53,
        execute: ({ state }, amount) => {
          state.last.set(amount);
          return 0;
        },
      },
      suspect: { input: u53, output: u53, execute },
    },
    event: u53,
  });

/** `[operation, problem]` of everything that is found. */
const found = (execute: (context: Context<State, number>, amount: number) => number) =>
  checkDeterminism(withOperation(execute), {
    operation: (random) => [random.chance(0.7) ? 'put' : 'suspect', random.below(5)],
  }).map(({ operation, problem }) => [operation, problem]);

test('sound services pass: with refusals, events, time, dice and queries', () => {
  const service = withOperation(({ state, time, random, emit }, amount) => {
    emit(amount);
    state.last.set(random.below(100) + (time % 7));
    return state.last.get();
  });
  assert.deepEqual(
    checkDeterminism(service, { operation: (random) => [random.pick(['put', 'suspect']), random.below(9)] }),
    [],
  );
  const found = checkDeterminism(counter, {
    operation: (random) =>
      random.chance(0.5) ? ['add', { amount: random.below(9) }] : ['addUpTo', { amount: 9, most: 200 }],
    query: (random) => [random.pick(['total', 'named']), {}],
  });
  assert.deepEqual(found, []);
});

test('a service that only reads passes', () => {
  const service = defineService({
    version: 1,
    state: () => null,
    operations: {
      ask: {
        input: text(9),
        output: u53,
        execute: (_context, word) => (word === 'a' ? refuse('no') : word.length),
      },
    },
  });
  assert.deepEqual(
    checkDeterminism(service, { operation: (random) => ['ask', random.pick(['a', 'bc'])] }),
    [],
  );
});

test('the clock and dice of the machine are found, also where they are caught', () => {
  assert.deepEqual(
    found(() => Date.now()),
    [
      ['suspect', 'forbidden'],
      ['suspect', 'threw'],
    ],
  );
  const caught = found(() => {
    try {
      return Math.floor(Math.random() * 1000);
    } catch {
      return 0;
    }
  });
  assert.deepEqual(caught, [['suspect', 'forbidden']]);
  assert.deepEqual(found(() => new Date().getUTCDay())[0], ['suspect', 'forbidden']);
  assert.deepEqual(
    found(({ time }) => new Date(time).getUTCFullYear()),
    [],
    'dates of ordered time are values',
  );
});

test('afterwards clock and dice are what they were', () => {
  const before = [Date, Date.now, Math.random, performance.now, crypto.randomUUID, ''.localeCompare];
  found(() => Date.now());
  assert.deepEqual(
    [Date, Date.now, Math.random, performance.now, crypto.randomUUID, ''.localeCompare],
    before,
  );
});

test('a variable of the module is found by the second instance', () => {
  let calls = 0;
  assert.deepEqual(found(() => calls++)[0], ['suspect', 'reply']);
});

test('what only learners see is compared, too', () => {
  let calls = 0;
  const findings = found(({ emit }) => {
    emit(calls++);
    return 0;
  });
  assert.deepEqual(findings[0], ['suspect', 'events']);
});

/** Remembers beside the state, separately for each instance, so that a plain second run is the same. */
const forgetful = defineService({
  version: 1,
  state: (declare) => ({ last: declare.cell('last', u53, 0), seen: new Map<number, number>() }),
  operations: {
    note: {
      input: record({ key: u53 }),
      output: u53,
      execute: ({ state }, { key }) => {
        state.seen.set(key, (state.seen.get(key) ?? 0) + 1);
        return 0;
      },
    },
    settle: {
      input: record({}),
      output: u53,
      execute: ({ state }) => {
        state.last.set([...state.seen.keys()].reduce((sum, key) => sum * 7 + key, 0) % 1000);
        return 0;
      },
    },
  },
});

test('a map beside the state is found by restoring and taking back: the operation that reads it is named', () => {
  const findings = checkDeterminism(forgetful, {
    operation: (random) => (random.chance(0.8) ? ['note', { key: random.below(6) }] : ['settle', {}]),
  });
  assert.deepEqual(
    findings.map(({ operation, problem }) => [operation, problem]),
    [['settle', 'digest']],
  );
  assert.match(findings[0]?.message ?? '', /^settle\(\{\}\) has another digest after .*seed 1, step \d+/);
});

test('an operation that throws is named, with the words of the error', () => {
  const service = withOperation(() => {
    throw new TypeError('no such thing');
  });
  const findings = checkDeterminism(service, { operation: () => ['suspect', 1], steps: 5 });
  assert.match(findings[0]?.message ?? '', /^suspect throws \(no such thing\)/);
});

test('a generator that draws nonsense is told so', () => {
  assert.throws(
    () => checkDeterminism(counter, { operation: () => ['add', { amount: -1 }] }),
    /does not accept add/,
  );
});

const before = withOperation((_context, amount) => amount);

/** A second version, whose migration is the one under test. */
const migratedBy = (sumOf: (last: number) => number) =>
  defineService({
    version: 2,
    former: before,
    state: (declare) => ({ sum: declare.cell('sum', u53, 0) }),
    migrate: ({ former, state }) => state.sum.set(sumOf(former.last.get())),
    operations: {
      put: {
        input: u53,
        output: u53,
        execute: ({ state }, amount) => {
          state.sum.set(state.sum.get() + amount);
          return 0;
        },
      },
    },
    event: u53,
  });

test('a migration is played, too: one that is sound passes, one that is not is named', () => {
  const operation = (random: Prng) => ['put', random.below(9)] as const;
  assert.deepEqual(
    checkDeterminism(
      migratedBy((last) => last + 1),
      { operation },
    ),
    [],
  );
  let migrations = 0;
  const [finding] = checkDeterminism(
    migratedBy(() => ++migrations),
    { operation },
  );
  assert.match(String(finding?.message), /switch their version alike: a migration is deterministic/);
});
