/** A small service for the suites: named counters. An operation adds to one; its reply tells the new value. */

import type { Hash } from '@concordat/crypto';
import type { Service } from '@concordat/kernel';
import { createState, textKey } from '@concordat/state';
import { createReader, createWriter, utf8 } from '@concordat/wire';

const MALFORMED = utf8('malformed');

const number = (value: number): Uint8Array => {
  const writer = createWriter(8);
  writer.u53(value);
  return writer.finish();
};

export function addOperation(name: string, amount: number): Uint8Array {
  const writer = createWriter(32);
  writer.text(name);
  writer.u53(amount);
  return writer.finish();
}

export function createLedger(hash: Hash): Service {
  const state = createState({ hash, version: 1 });
  const counters = state.map<string, number>('counters', {
    ...textKey,
    encode: number,
    decode: (bytes) => {
      const reader = createReader(bytes);
      return reader.finish(reader.u53());
    },
  });
  return {
    version: 1,
    execute: (op, context) => {
      const reader = createReader(op);
      const add = reader.finish({ name: reader.text(256), amount: reader.u53() });
      if (add === null) return MALFORMED;
      const value = (counters.get(add.name) ?? 0) + add.amount;
      counters.set(add.name, value);
      context.emit(utf8(add.name));
      return number(value);
    },
    query: (op) => number(counters.get(new TextDecoder().decode(op)) ?? 0),
    advance: () => {},
    digest: () => state.digest(),
    mark: () => state.mark(),
    rollback: (mark) => state.rollback(mark),
    release: (mark) => state.release(mark),
    snapshot: (mark) => state.snapshot(mark),
    restore: (digest, parts) => state.restore(digest, parts),
  };
}
