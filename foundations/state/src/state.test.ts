/**
 * The state against a naive model: random operations, marks, rollbacks, snapshots and restores. Whatever was looked at,
 * undone or restored in between, the same changes must lead to the same digest, and different contents to different ones.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import type { Digest, Mark, Snapshot } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import {
  createState,
  numberKey,
  type State,
  type StateCell,
  type StateMap,
  textKey,
  type ValueCodec,
} from './index.ts';

interface Value {
  readonly text: string;
}

const value: ValueCodec<Value> = {
  encode: ({ text }) => utf8(text),
  decode: (bytes) => {
    const text = textKey.decodeKey(bytes);
    return text === null ? null : { text };
  },
};

interface Sample {
  readonly state: State;
  readonly names: StateMap<string, Value>;
  readonly numbers: StateMap<number, Value>;
  readonly cell: StateCell<Value>;
  /** A derived index: how many entries of both maps have each text. */
  readonly index: Map<string, number>;
}

function createSample(version = 1): Sample {
  const state = createState({ hash: modelHash, version });
  const index = new Map<string, number>();
  const count = (one: Value | undefined, by: number): void => {
    if (one === undefined) return;
    const left = (index.get(one.text) ?? 0) + by;
    if (left === 0) index.delete(one.text);
    else index.set(one.text, left);
  };
  const names = state.map('names', { ...textKey, ...value });
  const numbers = state.map('numbers', { ...numberKey, ...value });
  const reindex = (_: unknown, before: Value | undefined, after: Value | undefined): void => {
    count(before, -1);
    count(after, 1);
  };
  names.observe(reindex);
  numbers.observe(reindex);
  return { state, names, numbers, cell: state.cell('cell', value, { text: 'initial' }), index };
}

/** The naive model: everything as text under its collection and key. */
type Model = ReadonlyMap<string, string>;

const dump = ({ names, numbers, cell }: Sample): Model =>
  new Map([
    ...[...names.entries()].map(([key, one]): [string, string] => [`name ${key}`, one.text]),
    ...[...numbers.entries()].map(([key, one]): [string, string] => [`number ${key}`, one.text]),
    ['cell', cell.get().text],
  ]);

const sorted = (model: ReadonlyMap<string, unknown>): unknown[] => [...model].sort();

/** A change that an operation makes; what a sample is, it is by the list of them. */
type Change = (sample: Sample) => void;

/** The sample is exactly what its changes make of a fresh one, whatever else was done to it. */
function assertConsistent(sample: Sample, changes: readonly Change[]): void {
  const fresh = createSample();
  for (const change of changes) change(fresh);
  assert.deepEqual(sorted(dump(sample)), sorted(dump(fresh)));
  assert.equal(toHex(sample.state.digest()), toHex(fresh.state.digest()));
  assert.deepEqual(sorted(sample.index), sorted(fresh.index));
}

/** Sends a snapshot into a sample, the parts in a scrambled order. */
function transfer(snapshot: Snapshot, into: Sample): void {
  const promised = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const restore = into.state.restore(snapshot.digest, promised);
  assert.ok(restore !== null);
  for (let part = snapshot.parts - 1; part >= 0; part -= 2)
    assert.ok(restore.offer(part, snapshot.read(part)));
  for (const part of restore.missing(Number.MAX_SAFE_INTEGER)) {
    assert.equal(restore.offer(part, utf8('something else')), false);
    assert.ok(restore.offer(part, snapshot.read(part)));
  }
  restore.finish();
}

type Command =
  | { readonly kind: 'name'; readonly key: string; readonly text: string | null }
  | { readonly kind: 'number'; readonly key: number; readonly text: string | null }
  | { readonly kind: 'cell'; readonly text: string }
  | { readonly kind: 'bulk'; readonly from: number; readonly count: number; readonly text: string | null }
  | { readonly kind: 'digest' }
  | { readonly kind: 'mark' }
  | { readonly kind: 'rollback' | 'release' | 'snapshot'; readonly pick: number };

const text = fc.constantFrom('', 'a', 'initial', 'long '.repeat(100), 'huge '.repeat(5000));
const removable = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.constant(null) });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('name' as const),
      key: fc.constantFrom('', 'x', 'y', 'é'),
      text: removable,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('number' as const), key: fc.nat(20), text: removable }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cell' as const), text }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bulk' as const),
      from: fc.nat(300),
      count: fc.nat(300),
      text: fc.constantFrom('b', 'bulky '.repeat(20), null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('digest' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('mark' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('rollback' as const, 'release' as const, 'snapshot' as const),
      pick: fc.nat(10),
    }),
  },
);

interface Marked {
  readonly mark: Mark;
  readonly changes: readonly Change[];
}

interface Taken extends Marked {
  readonly snapshot: Snapshot;
}

/** A sample on its way, with the changes that made it and what is open. */
interface Run {
  readonly sample: Sample;
  changes: readonly Change[];
  marks: Marked[];
  taken: Taken[];
}

function put<K extends string | number>(map: StateMap<K, Value>, key: K, next: string | null): void {
  if (next === null) map.delete(key);
  else map.set(key, { text: next });
}

/** The change that a command makes; null if it only looks, marks or goes back. */
function changeOf(one: Command): Change | null {
  if (one.kind === 'name') return ({ names }) => put(names, one.key, one.text);
  if (one.kind === 'number') return ({ numbers }) => put(numbers, one.key, one.text);
  if (one.kind === 'cell') return ({ cell }) => cell.set({ text: one.text });
  if (one.kind !== 'bulk') return null;
  return ({ numbers }) => {
    for (let i = 0; i < one.count; i++) put(numbers, one.from + i, one.text);
  };
}

function apply(run: Run, one: Command): void {
  const change = changeOf(one);
  if (change !== null) {
    change(run.sample);
    run.changes = [...run.changes, change];
  } else if (one.kind === 'digest') run.sample.state.digest();
  else if (one.kind === 'mark') run.marks.push({ mark: run.sample.state.mark(), changes: run.changes });
  else if ('pick' in one && run.marks.length > 0) {
    const index = one.pick % run.marks.length;
    applyToMark(run, one.kind, index, run.marks[index] as Marked);
  }
}

function applyToMark(run: Run, kind: string, index: number, { mark, changes }: Marked): void {
  const { state } = run.sample;
  if (kind === 'snapshot') {
    run.taken.push({ mark, changes, snapshot: state.snapshot(mark) });
  } else if (kind === 'release') {
    finishTaken(run, (one) => one.mark <= mark);
    state.release(mark);
    run.marks = run.marks.slice(index + 1);
  } else {
    finishTaken(run, (one) => one.mark > mark);
    state.rollback(mark);
    run.marks = run.marks.slice(0, index + 1);
    run.changes = changes;
  }
}

/** Reads these snapshots for the last time: their marks go. */
function finishTaken(run: Run, isLast: (one: Taken) => boolean): void {
  for (const one of run.taken.filter(isLast)) assertTransfers(one);
  run.taken = run.taken.filter((one) => !isLast(one));
}

const diverging: Change = ({ names, numbers, cell }) => {
  names.set('stale', { text: 'to be dropped' });
  numbers.delete(3);
  cell.set({ text: 'stale' });
};

/** Whoever restores a snapshot has what its changes made, and goes on as if it had made them, whatever it had before. */
function assertTransfers(taken: Taken): void {
  const { changes } = taken;
  const half = changes.slice(0, changes.length >>> 1);
  for (const before of [[], [diverging], half, [...half, diverging], [...changes, diverging]])
    assertTransfersInto(before, taken);
}

function assertTransfersInto(before: readonly Change[], { snapshot, changes }: Taken): void {
  const other = createSample();
  for (const change of before) change(other);
  // What the other state has marked, or has not yet digested, must not matter.
  other.state.mark();
  other.names.set('x', { text: 'since the mark' });
  transfer(snapshot, other);
  assert.equal(toHex(other.state.digest()), toHex(snapshot.digest));
  const further: Change[] = [
    ({ names }) => names.set('z', { text: 'after' }),
    ({ cell }) => cell.set({ text: 'after' }),
    ({ numbers }) => put(numbers, 7, null),
    ({ numbers }) => put(numbers, 7, 'again'),
  ];
  for (const change of further) change(other);
  assertConsistent(other, [...changes, ...further]);
}

const newRun = (): Run => ({ sample: createSample(), changes: [], marks: [], taken: [] });

describe('state', () => {
  it('agrees with a naive model under random operations, marks, rollbacks and snapshots', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: 'max' }), (commands) => {
        const run = newRun();
        for (const one of commands) apply(run, one);
        assertConsistent(run.sample, run.changes);
        finishTaken(run, () => true);
      }),
      { numRuns: 150 },
    );
  });

  it('has another digest when any entry differs', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 15 }), fc.nat(400), (commands, key) => {
        const run = newRun();
        for (const one of commands) apply(run, one);
        const { state, numbers } = run.sample;
        const before = toHex(state.digest());
        const former = numbers.get(key);
        numbers.set(key, { text: 'different' });
        assert.notEqual(toHex(state.digest()), before);
        if (former === undefined) return;
        numbers.set(key, former);
        assert.equal(toHex(state.digest()), before);
      }),
      { numRuns: 50 },
    );
  });

  it('commits to its version and to which collection holds an entry', () => {
    assert.notEqual(toHex(createSample(1).state.digest()), toHex(createSample(2).state.digest()));
    const digests = ['one', 'two'].map((name) => {
      const state = createState({ hash: modelHash, version: 1 });
      const maps = ['one', 'two'].map((each) => state.map(each, { ...textKey, ...value }));
      maps[name === 'one' ? 0 : 1]?.set('k', { text: 'v' });
      return toHex(state.digest());
    });
    assert.notEqual(digests[0], digests[1]);
  });

  it('commits to the order in which keys came to be, which decides where they lie', () => {
    const digests = [
      ['a', 'b'],
      ['b', 'a'],
    ].map((keys) => {
      const { state, names } = createSample();
      for (const key of keys) names.set(key, { text: key });
      return toHex(state.digest());
    });
    assert.notEqual(digests[0], digests[1]);
  });

  it('returns to a mark more than once', () => {
    const { state, names } = createSample();
    names.set('a', { text: '1' });
    const mark = state.mark();
    for (let round = 0; round < 3; round++) {
      names.delete('a');
      names.set('a', { text: '2' });
      names.set('b', { text: '3' });
      state.rollback(mark);
      assert.deepEqual(names.sortedKeys(), ['a']);
      assert.equal(names.get('a')?.text, '1');
    }
  });

  it('refuses marks that are released, dropped by a rollback, or never were', () => {
    const { state, names } = createSample();
    const [first, second, third] = [state.mark(), state.mark(), state.mark()];
    names.set('a', { text: '1' });
    state.release(first);
    assert.throws(() => state.rollback(first), /release/);
    assert.throws(() => state.snapshot(third + 1), /release/);
    state.rollback(second);
    assert.equal(names.size, 0);
    assert.throws(() => state.rollback(third), /release/);
  });

  it('refuses to read a snapshot whose mark is gone, or whose state was replaced', () => {
    const sample = createSample();
    sample.names.set('a', { text: '1' });
    const [first, second] = [sample.state.mark(), sample.state.mark()];
    const snapshots = [first, second].map((mark) => sample.state.snapshot(mark));
    sample.state.release(first);
    assert.throws(() => snapshots[0]?.read(0), /release/);
    assert.ok((snapshots[1]?.read(0).length ?? 0) > 0);
    transfer(sample.state.snapshot(second), sample);
    assert.throws(() => snapshots[1]?.read(0), /release/);
  });

  it('restores by what differs: parts that it has are not missing', () => {
    const [here, there] = [createSample(), createSample()];
    for (const { numbers } of [here, there])
      for (let i = 0; i < 5000; i++) numbers.set(i, { text: 'bulky '.repeat(20) });
    there.numbers.set(17, { text: 'other' });
    there.numbers.delete(4000);
    for (let i = 5000; i < 5010; i++) there.numbers.set(i, { text: 'new' });
    const snapshot = there.state.snapshot(there.state.mark());
    const promised = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
    const restore = here.state.restore(snapshot.digest, promised);
    const missing = restore?.missing(Number.MAX_SAFE_INTEGER) ?? [];
    assert.ok(snapshot.parts > 40 && missing.length <= 4, `${missing.length} of ${snapshot.parts}`);
    // While it waits its state goes on: then it needs what it no longer has.
    here.numbers.set(2500, { text: 'changed meanwhile' });
    const now = restore?.missing(Number.MAX_SAFE_INTEGER) ?? [];
    assert.equal(now.length, snapshot.parts);
    for (const part of now) assert.ok(restore?.offer(part, snapshot.read(part)));
    restore?.finish();
    assert.equal(toHex(here.state.digest()), toHex(there.state.digest()));
    assert.deepEqual(sorted(dump(here)), sorted(dump(there)));
    assert.deepEqual(sorted(here.index), sorted(there.index));
  });

  it('gives copies of its digests, so that nobody can change them from outside', () => {
    const { state } = createSample();
    const digest: Digest = state.digest();
    digest.fill(0);
    assert.notEqual(toHex(state.digest()), toHex(digest));
  });
});
