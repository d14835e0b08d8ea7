/** Codecs are bijections: what they accept comes back as it was, what they refuse is never written, all else is null. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReader, createWriter } from '@concordat/wire';
import {
  bool,
  bytes,
  type Codec,
  f64,
  i32,
  list,
  oneOf,
  optional,
  record,
  text,
  u8,
  u32,
  u53,
} from './codecs.ts';

function encoded<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = createWriter();
  codec.write(writer, value);
  return writer.finish();
}

function decoded<T>(codec: Codec<T>, from: Uint8Array): T | null {
  const reader = createReader(from);
  const value = codec.read(reader);
  return reader.finish(value);
}

const all = record({
  small: u8,
  word: u32,
  signed: i32,
  big: u53,
  real: f64,
  is: bool,
  name: text(20),
  blob: bytes(20),
  maybe: optional(u8),
  items: list(record({ at: u8 }), 3),
  colour: oneOf('red', 'green'),
});

const value = {
  small: 255,
  word: 2 ** 32 - 1,
  signed: -5,
  big: Number.MAX_SAFE_INTEGER,
  real: -0.5,
  is: true,
  name: 'grün',
  blob: Uint8Array.of(1, 2),
  maybe: null,
  items: [{ at: 1 }, { at: 2 }],
  colour: 'green' as const,
};

test('values come back as they were, within the promised sizes', () => {
  assert.ok(all.accepts(value));
  const from = encoded(all, value);
  assert.deepEqual(decoded(all, from), value);
  assert.ok(from.length >= all.minBytes && from.length <= all.maxBytes);
});

test('values that would not come back are refused', () => {
  const refused: readonly [Codec<unknown>, unknown][] = [
    [u8, 256],
    [u8, 1.5],
    [u53, -1],
    [u53, -0],
    [i32, 2 ** 31],
    [f64, Number.NaN],
    [text(3), 'four'],
    [text(3), 'éé'],
    [text(9), '\ud800'],
    [bytes(1), Uint8Array.of(1, 2)],
    [list(u8, 1), [1, 2]],
    [optional(u8), undefined],
    [oneOf('red'), 'blue'],
    [record({ a: u8 }), { a: 1, b: 2 }],
    [record({ a: u8 }), {}],
    [record({ a: u8 }), null],
  ] as const;
  for (const [codec, wrong] of refused) assert.equal(codec.accepts(wrong), false, String(wrong));
});

test('bytes cut, extended or out of range are nothing', () => {
  const from = encoded(all, value);
  for (let size = 0; size < from.length; size++) assert.equal(decoded(all, from.subarray(0, size)), null);
  assert.equal(decoded(all, Uint8Array.of(...from, 0)), null);
  assert.equal(decoded(oneOf('red', 'green'), Uint8Array.of(2)), null);
  assert.equal(decoded(bool, Uint8Array.of(2)), null);
  assert.equal(decoded(list(u8, 1), Uint8Array.of(0, 0, 0, 2, 1, 2)), null);
});
