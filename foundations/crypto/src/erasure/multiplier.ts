/**
 * What an erasure code does with bytes: a matrix times shards, in GF(2^8). Here as tables in plain JavaScript; `simd.ts` does
 * the same in WebAssembly, where that is to be had. Both give the same bytes.
 */

import { assert } from '@concordat/kernel';
import { FIELD_SIZE, product } from './field.ts';

export interface ShardMultiplier {
  /**
   * Overwrites each of `outputs` with the sum of all `inputs`, each times its factor. All have one length, and no output
   * shares memory with another array. There are at most 256 of both together.
   * @param matrix a row of factors, one for each input, for each output, one row after the other
   */
  multiply(matrix: Uint8Array, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void;
}

/** Asserts what `ShardMultiplier` asks for; returns the length of all shards. */
export function assertShape(
  matrix: Uint8Array,
  inputs: readonly Uint8Array[],
  outputs: readonly Uint8Array[],
): number {
  assert(inputs.length >= 1, 'there is an input');
  assert(inputs.length + outputs.length <= FIELD_SIZE, 'there are at most 256 inputs and outputs together');
  assert(matrix.length === inputs.length * outputs.length, 'there is a factor for each input and output');
  const { length } = inputs[0] as Uint8Array;
  assert(
    inputs.every((shard) => shard.length === length) && outputs.every((shard) => shard.length === length),
    'shards of one code have one length',
  );
  return length;
}

/** All products, 64 KiB: `table[256 * a + b]` is a times b. */
function createProductTable(): Uint8Array {
  const table = new Uint8Array(FIELD_SIZE * FIELD_SIZE);
  for (let a = 0; a < FIELD_SIZE; a++) {
    for (let b = 0; b < FIELD_SIZE; b++) table[FIELD_SIZE * a + b] = product(a, b);
  }
  return table;
}

export function createTableMultiplier(): ShardMultiplier {
  const table = createProductTable();
  return {
    multiply: (matrix, inputs, outputs) => {
      assertShape(matrix, inputs, outputs);
      let at = 0;
      for (const output of outputs) {
        output.fill(0);
        for (const input of inputs) {
          const factor = matrix[at++] as number;
          addProducts(table.subarray(FIELD_SIZE * factor, FIELD_SIZE * (factor + 1)), input, output);
        }
      }
    },
  };
}

function addProducts(products: Uint8Array, input: Uint8Array, output: Uint8Array): void {
  for (let i = 0; i < output.length; i++) {
    output[i] = (output[i] as number) ^ (products[input[i] as number] as number);
  }
}
