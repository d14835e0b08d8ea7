/**
 * `ShardMultiplier` in a WebAssembly kernel of 128-bit vectors, `kernel.wat`: shards are copied into its memory and the results
 * out of it, a stripe of all shards at a time, so that memory stays as it is, whatever the length, and what the kernel reads
 * again and again stays in a core's cache.
 */

import { assert } from '@concordat/kernel';
import { fromHex } from '@concordat/wire';
import { FIELD_SIZE, product } from './field.ts';
import { ERASURE_WASM } from './kernel-bytes.ts';
import { assertShape, createTableMultiplier, type ShardMultiplier } from './multiplier.ts';

/** Bytes that the kernel handles at once. */
const COLUMN_BYTES = 32;
/** Of a factor: its products with each low nibble, then those with each high one. The kernel looks for them at 0. */
const TABLE_BYTES = 32;
const MATRIX_AT = FIELD_SIZE * TABLE_BYTES;
/** With at most 256 inputs and outputs together, this is half of them times the other half. */
const MATRIX_BYTES = (FIELD_SIZE / 2) ** 2;
const SHARDS_AT = MATRIX_AT + MATRIX_BYTES;
/** What a stripe of all inputs and outputs may take: fits into a core's second cache and the memory. */
const SHARDS_BYTES = 96 * 1024;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  multiply(
    factors: number,
    inputs: number,
    outputs: number,
    from: number,
    to: number,
    stride: number,
    length: number,
  ): void;
}

/** A global of JavaScript engines that do not forbid it, of which the libraries that pure code is compiled with know nothing. */
declare const WebAssembly:
  | {
      readonly validate: (bytes: Uint8Array) => boolean;
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: Kernel };
    }
  | undefined;

/** The kernel, or null where there is no WebAssembly, or none with vectors of 128 bits. */
function instantiate(): Kernel | null {
  const bytes = fromHex(ERASURE_WASM);
  assert(bytes !== null, 'the kernel is written in hexadecimal');
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return null;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}

/** Null where the engine cannot run it. One serves any number of codes of one thread; it has 128 KiB of memory. */
export function createSimdMultiplier(): ShardMultiplier | null {
  const kernel = instantiate();
  if (kernel === null) return null;
  const memory = new Uint8Array(kernel.memory.buffer);
  writeTables(memory);
  return {
    multiply: (matrix, inputs, outputs) => {
      const length = assertShape(matrix, inputs, outputs);
      memory.set(matrix, MATRIX_AT);
      const stride = stripeBytes(length, inputs.length + outputs.length);
      const resultsAt = SHARDS_AT + inputs.length * stride;
      for (let start = 0; start < length; start += stride) {
        const bytes = Math.min(stride, length - start);
        copyIn(memory, inputs, start, bytes, stride);
        const whole = Math.ceil(bytes / COLUMN_BYTES) * COLUMN_BYTES;
        kernel.multiply(MATRIX_AT, inputs.length, outputs.length, SHARDS_AT, resultsAt, stride, whole);
        copyOut(memory, outputs, start, bytes, stride, resultsAt);
      }
    },
  };
}

/** The faster one of those that run here. */
export const createMultiplier = (): ShardMultiplier => createSimdMultiplier() ?? createTableMultiplier();

function writeTables(memory: Uint8Array): void {
  for (let factor = 0; factor < FIELD_SIZE; factor++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      memory[factor * TABLE_BYTES + nibble] = product(factor, nibble);
      memory[factor * TABLE_BYTES + 16 + nibble] = product(factor, nibble << 4);
    }
  }
}

/** The part of each of `shards` that is handled at a time, in whole columns. */
function stripeBytes(length: number, shards: number): number {
  const columns = Math.min(
    Math.ceil(length / COLUMN_BYTES),
    Math.floor(SHARDS_BYTES / shards / COLUMN_BYTES),
  );
  return columns * COLUMN_BYTES;
}

function copyIn(
  memory: Uint8Array,
  inputs: readonly Uint8Array[],
  start: number,
  bytes: number,
  stride: number,
): void {
  let at = SHARDS_AT;
  for (const input of inputs) {
    memory.set(bytes === input.length ? input : input.subarray(start, start + bytes), at);
    at += stride;
  }
}

function copyOut(
  memory: Uint8Array,
  outputs: readonly Uint8Array[],
  start: number,
  bytes: number,
  stride: number,
  resultsAt: number,
): void {
  let at = resultsAt;
  for (const output of outputs) {
    output.set(memory.subarray(at, at + bytes), start);
    at += stride;
  }
}
