/**
 * A small service for the suites: named counters. An operation adds to one; its reply tells the new value. Its second
 * version counts the additions, too, and tells both: what a log shows says under which version it was executed.
 */

import type { Hash } from '@concordat/crypto';
import type { Service } from '@concordat/kernel';
import { createState, type State, type StateMap, textKey } from '@concordat/state';
import { createReader, createWriter, utf8 } from '@concordat/wire';

const MALFORMED = utf8('malformed');

const numbers = (values: readonly number[]): Uint8Array => {
  const writer = createWriter(16);
  for (const value of values) writer.u53(value);
  return writer.finish();
};

/** So many numbers, and nothing else. */
const numbersCodec = (count: number) => ({
  ...textKey,
  encode: numbers,
  decode: (bytes: Uint8Array): readonly number[] | null => {
    const reader = createReader(bytes);
    return reader.finish(Array.from({ length: count }, () => reader.u53()));
  },
});

export function addOperation(name: string, amount: number): Uint8Array {
  const writer = createWriter(32);
  writer.text(name);
  writer.u53(amount);
  return writer.finish();
}

/** A ledger in its initial state, under this version or the oldest that the binary can run. */
export function createLedger(hash: Hash, version = 1, versions: readonly number[] = [version]): Service {
  const first = versions.includes(version) ? version : (versions[0] ?? version);
  const state = createState({ hash, version: first, versions });
  const values = state.map('counters', numbersCodec(1));
  const tallies = state.map('tallies', numbersCodec(2));
  const present = (): StateMap<string, readonly number[]> => (state.version() === 1 ? values : tallies);
  return {
    ...replicationOf(state),
    switchTo: (next) => {
      if (state.version() === 1) migrate(values, tallies);
      state.switchTo(next);
    },
    execute: (op, context) => {
      const reader = createReader(op);
      const add = reader.finish({ name: reader.text(256), amount: reader.u53() });
      if (add === null) return MALFORMED;
      const [value = 0, additions = 0] = present().get(add.name) ?? [];
      const after = [value + add.amount, ...(state.version() === 1 ? [] : [additions + 1])];
      present().set(add.name, after);
      context.emit(utf8(add.name));
      return numbers(after);
    },
    query: (op) => {
      const name = new TextDecoder().decode(op);
      return numbers(present().get(name) ?? (state.version() === 1 ? [0] : [0, 0]));
    },
    advance: () => {},
  };
}

/** Nobody has counted how often was added before. */
function migrate(
  values: StateMap<string, readonly number[]>,
  tallies: StateMap<string, readonly number[]>,
): void {
  for (const name of values.sortedKeys()) {
    const [value = 0] = values.get(name) ?? [];
    values.delete(name);
    tallies.set(name, [value, 0]);
  }
}

const replicationOf = (state: State): Omit<Service, 'execute' | 'query' | 'advance' | 'switchTo'> => ({
  version: state.version,
  versions: state.versions,
  digest: state.digest,
  mark: state.mark,
  rollback: state.rollback,
  release: state.release,
  snapshot: state.snapshot,
  restore: state.restore,
});
