/**
 * The state against a naive model: random operations, marks, rollbacks, snapshots and restores. Equal contents must
 * have equal digests however they came about, and different contents different ones.
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

/** A fresh sample with the content of the model, written in another order than it came about. */
function rebuild(model: Model): Sample {
  const sample = createSample();
  for (const [key, text] of [...model].sort().reverse()) {
    if (key === 'cell') sample.cell.set({ text });
    else if (key.startsWith('name ')) sample.names.set(key.slice(5), { text });
    else sample.numbers.set(Number(key.slice(7)), { text });
  }
  return sample;
}

const sorted = (model: ReadonlyMap<string, unknown>): unknown[] => [...model].sort();

function assertConsistent(sample: Sample): void {
  const model = dump(sample);
  const fresh = rebuild(model);
  assert.equal(toHex(sample.state.digest()), toHex(fresh.state.digest()));
  assert.deepEqual(sorted(sample.index), sorted(fresh.index));
}

/** Sends a snapshot into a new sample, the parts in a scrambled order. */
function transfer(snapshot: Snapshot, into: Sample): void {
  const promised = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const restore = into.state.restore(snapshot.digest, promised);
  assert.ok(restore !== null);
  assert.equal(restore.missing(snapshot.parts + 1).length, snapshot.parts);
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
  readonly model: Model;
}

interface Taken {
  readonly mark: Mark;
  readonly snapshot: Snapshot;
  readonly model: Model;
}

function put<K extends string | number>(map: StateMap<K, Value>, key: K, next: string | null): void {
  if (next === null) map.delete(key);
  else map.set(key, { text: next });
}

function apply(sample: Sample, one: Command, marks: Marked[], taken: Taken[]): void {
  const { state, names, numbers, cell } = sample;
  if (one.kind === 'name') put(names, one.key, one.text);
  else if (one.kind === 'number') put(numbers, one.key, one.text);
  else if (one.kind === 'cell') cell.set({ text: one.text });
  else if (one.kind === 'bulk') for (let i = 0; i < one.count; i++) put(numbers, one.from + i, one.text);
  else if (one.kind === 'digest') state.digest();
  else if ('pick' in one) applyToMark(sample, one.kind, one.pick, marks, taken);
  else marks.push({ mark: state.mark(), model: dump(sample) });
}

function applyToMark(
  sample: Sample,
  kind: 'rollback' | 'release' | 'snapshot',
  pick: number,
  marks: Marked[],
  taken: Taken[],
): void {
  if (marks.length === 0) return;
  const index = pick % marks.length;
  const { mark, model } = marks[index] as Marked;
  if (kind === 'snapshot') {
    taken.push({ mark, snapshot: sample.state.snapshot(mark), model });
  } else if (kind === 'release') {
    finishTaken(taken, (one) => one.mark <= mark);
    sample.state.release(mark);
    marks.splice(0, index + 1);
  } else {
    finishTaken(taken, (one) => one.mark > mark);
    sample.state.rollback(mark);
    marks.splice(index + 1);
    assert.deepEqual(sorted(dump(sample)), sorted(model));
  }
}

/** Reads these snapshots for the last time: their marks go. */
function finishTaken(taken: Taken[], isLast: (one: Taken) => boolean): void {
  for (const one of taken.filter(isLast)) assertTransfers(one);
  taken.splice(0, taken.length, ...taken.filter((one) => !isLast(one)));
}

function assertTransfers({ snapshot, model }: Taken): void {
  const other = createSample();
  other.names.set('stale', { text: 'to be dropped' });
  transfer(snapshot, other);
  assert.deepEqual(sorted(dump(other)), sorted(model));
  assert.equal(toHex(other.state.digest()), toHex(snapshot.digest));
  other.names.set('z', { text: 'after' });
  assertConsistent(other);
}

describe('state', () => {
  it('agrees with a naive model under random operations, marks, rollbacks and snapshots', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: 'max' }), (commands) => {
        const sample = createSample();
        const marks: Marked[] = [];
        const taken: Taken[] = [];
        for (const one of commands) apply(sample, one, marks, taken);
        assertConsistent(sample);
        for (const one of taken) assertTransfers(one);
      }),
      { numRuns: 150 },
    );
  });

  it('has another digest when any entry differs', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 15 }), fc.nat(400), (commands, key) => {
        const sample = createSample();
        for (const one of commands) apply(sample, one, [], []);
        const before = toHex(sample.state.digest());
        const former = sample.numbers.get(key);
        sample.numbers.set(key, { text: 'different' });
        assert.notEqual(toHex(sample.state.digest()), before);
        if (former === undefined) sample.numbers.delete(key);
        else sample.numbers.set(key, former);
        assert.equal(toHex(sample.state.digest()), before);
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
    assert.throws(() => snapshots[1]?.read(0), /restored/);
  });

  it('gives copies of its digests, so that nobody can change them from outside', () => {
    const { state } = createSample();
    const digest: Digest = state.digest();
    digest.fill(0);
    assert.notEqual(toHex(state.digest()), toHex(digest));
  });
});
