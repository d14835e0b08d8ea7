/** Field, kernel and tables: axioms one by one, the source is what was compiled, both give the same bytes as the definition. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { toHex } from '@concordat/wire';
import fc from 'fast-check';
import wabt from 'wabt';
import { FIELD_ORDER, FIELD_SIZE, logarithm, power, product } from './field.ts';
import { ERASURE_WASM } from './kernel-bytes.ts';
import { createTableMultiplier, type ShardMultiplier } from './multiplier.ts';
import { createSimdMultiplier } from './simd.ts';

const elements = Array.from({ length: FIELD_SIZE }, (_, i) => i);

/** Multiplication of polynomials, then their remainder by 0x11d: the definition. */
function defined(a: number, b: number): number {
  let long = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) long ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if ((long >> bit) & 1) long ^= 0x11d << (bit - 8);
  return long;
}

describe('the field', () => {
  it('multiplies all pairs as it is defined', () => {
    for (const a of elements) for (const b of elements) assert.equal(product(a, b), defined(a, b));
  });

  it('is commutative, associative and distributive, for all triples', () => {
    const wrong: number[][] = [];
    for (const a of elements) {
      for (const b of elements) {
        const ab = product(a, b);
        if (ab !== product(b, a)) wrong.push([a, b]);
        for (const c of elements) {
          if (product(ab, c) !== product(a, product(b, c))) wrong.push([a, b, c]);
          if (product(a, b ^ c) !== (ab ^ product(a, c))) wrong.push([a, b, c]);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('has 1, an inverse of all but 0, no divisors of 0, and a generator of all but 0', () => {
    for (const a of elements) {
      assert.equal(product(1, a), a);
      assert.equal(product(0, a), 0);
      const inverses = elements.filter((b) => product(a, b) === 1);
      assert.equal(inverses.length, a === 0 ? 0 : 1);
      assert.deepEqual(
        elements.filter((b) => product(a, b) === 0),
        a === 0 ? elements : [0],
      );
    }
    assert.deepEqual(
      [...new Set(elements.slice(1).map(logarithm))].sort((a, b) => a - b),
      elements.slice(0, FIELD_ORDER),
    );
    for (const a of elements.slice(1)) assert.equal(power(logarithm(a)), a);
    assert.equal(power(-1), power(FIELD_ORDER - 1));
    assert.equal(power(-1000 * FIELD_ORDER), 1);
    assert.throws(() => logarithm(0), /has a logarithm/);
  });
});

/** What `ShardMultiplier` says, byte by byte. */
function multiplied(matrix: Uint8Array, inputs: readonly Uint8Array[], outputs: number): Uint8Array[] {
  return Array.from({ length: outputs }, (_, row) =>
    (inputs[0] as Uint8Array).map((_, i) =>
      inputs.reduce(
        (sum, input, at) => sum ^ defined(matrix[row * inputs.length + at] as number, input[i] as number),
        0,
      ),
    ),
  );
}

const someBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const products = fc
  .record({
    inputs: fc.integer({ min: 1, max: 40 }),
    outputs: fc.integer({ min: 0, max: 9 }),
    length: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(127, 128, 129, 1200)),
  })
  .chain(({ inputs, outputs, length }) =>
    fc.record({
      matrix: someBytes(inputs * outputs),
      inputs: fc.array(someBytes(length), { minLength: inputs, maxLength: inputs }),
      outputs: fc.constant(outputs),
    }),
  );

const simd = createSimdMultiplier();
const tables = createTableMultiplier();

/** Results of a multiplier that finds other bytes in its outputs, in arrays that are parts of others. */
function resultsOf(multiplier: ShardMultiplier, matrix: Uint8Array, inputs: Uint8Array[], outputs: number) {
  const length = inputs[0]?.length ?? 0;
  const room = new Uint8Array(outputs * (length + 1)).fill(0xa5);
  const results = Array.from({ length: outputs }, (_, i) =>
    room.subarray(i * (length + 1), (i + 1) * (length + 1) - 1),
  );
  multiplier.multiply(matrix, inputs, results);
  for (let i = 1; i <= outputs; i++) assert.equal(room[i * (length + 1) - 1], 0xa5, 'the byte behind stays');
  return results.map((result) => Uint8Array.from(result));
}

describe('the multipliers', () => {
  it('have a kernel that is what its source compiles to', async () => {
    const source = readFileSync(new URL('../../src/erasure/kernel.wat', import.meta.url), 'utf8');
    const module = (await wabt()).parseWat('kernel.wat', source, { simd: true });
    assert.equal(toHex(module.toBinary({}).buffer), ERASURE_WASM);
  });

  it('give the bytes of the definition, both of them', () => {
    assert.ok(simd !== null, 'Node runs vectors of 128 bits');
    fc.assert(
      fc.property(products, ({ matrix, inputs, outputs }) => {
        const expected = multiplied(matrix, inputs, outputs);
        assert.deepEqual(resultsOf(simd, matrix, inputs, outputs), expected);
        assert.deepEqual(resultsOf(tables, matrix, inputs, outputs), expected);
      }),
      { numRuns: 60 },
    );
  });

  it('agree for every factor and byte, and over many stripes that end anywhere', () => {
    assert.ok(simd !== null);
    const factors = Uint8Array.from(elements);
    for (const factor of elements) {
      const [row] = resultsOf(simd, Uint8Array.of(factor), [factors], 1);
      assert.deepEqual(
        row,
        factors.map((byte) => defined(factor, byte)),
      );
    }
    for (const [count, outputs, length] of [
      [1, 1, 100_003],
      [4, 2, 40_001],
      [128, 128, 1151],
      [255, 1, 1153],
      [3, 253, 800],
    ] as const) {
      const inputs = Array.from({ length: count }, (_, c) =>
        Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8) + c * 31),
      );
      const matrix = Uint8Array.from({ length: count * outputs }, (_, i) => 1 + (i % 255));
      assert.deepEqual(
        resultsOf(simd, matrix, inputs, outputs),
        resultsOf(tables, matrix, inputs, outputs),
        `${count} x ${outputs} x ${length}`,
      );
    }
  });

  it('halt on what only a bug can ask', () => {
    for (const multiplier of [simd as ShardMultiplier, tables]) {
      const one = [Uint8Array.of(1)];
      assert.throws(() => multiplier.multiply(Uint8Array.of(1, 2), one, one), /a factor for each/);
      assert.throws(
        () => multiplier.multiply(Uint8Array.of(1), one, [Uint8Array.of(1, 2)]),
        /have one length/,
      );
      assert.throws(() => multiplier.multiply(Uint8Array.of(), [], []), /is an input/);
      const many = Array<Uint8Array>(256).fill(Uint8Array.of(1));
      assert.throws(() => multiplier.multiply(new Uint8Array(256), many, one), /at most 256/);
    }
  });
});
