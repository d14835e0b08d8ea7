/**
 * Bounded binary writing, big-endian. A writer owns one growing slab; `finish` copies out exactly what was written,
 * so that results are safe to keep and the slab is reused.
 */

import { assert } from '@concordat/kernel';
import { copyOf } from './bytes.ts';

const encoder = new TextEncoder();

export interface Writer {
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  i32(value: number): void;
  /** An integer in [0, 2^53): eight bytes, the first eleven bits zero. */
  u53(value: number): void;
  i64(value: bigint): void;
  f64(value: number): void;
  bool(value: boolean): void;
  /** Bytes whose length the format fixes. */
  fixed(bytes: Uint8Array): void;
  /** A u32 length, then the bytes. */
  bytes(bytes: Uint8Array): void;
  /** A u32 length, then UTF-8. */
  text(text: string): void;
  /** A u32 count, then the items. */
  list<T>(items: readonly T[], write: (item: T) => void): void;
  /** Copies out what was written and empties the writer. */
  finish(): Uint8Array;
  /** The same without the copy: a view that the next use of this writer overwrites. */
  view(): Uint8Array;
}

/**
 * PERF: a class, like the reader and for the same reason: making one is 30 times cheaper than a record of closures, and
 * statements to be signed are written with a fresh one each.
 */
class SlabWriter implements Writer {
  #slab: Uint8Array;
  #at = 0;

  constructor(initialBytes: number) {
    this.#slab = new Uint8Array(initialBytes);
  }

  /** Room for `size` bytes, and where it begins. */
  #reserve(size: number): number {
    const start = this.#at;
    this.#at += size;
    if (this.#at > this.#slab.length) {
      const grown = new Uint8Array(Math.max(this.#at, this.#slab.length * 2));
      grown.set(this.#slab);
      this.#slab = grown;
    }
    return start;
  }

  #view(size: number): DataView {
    const start = this.#reserve(size);
    return new DataView(this.#slab.buffer, start, size);
  }

  u8(value: number): void {
    const start = this.#reserve(1);
    this.#slab[start] = value;
  }

  u16(value: number): void {
    const start = this.#reserve(2);
    this.#slab[start] = value >>> 8;
    this.#slab[start + 1] = value;
  }

  i32(value: number): void {
    const start = this.#reserve(4);
    this.#put32(start, value);
  }

  u32(value: number): void {
    assert(value >= 0 && value <= 0xffff_ffff && Number.isInteger(value), 'a u32 fits 32 bits');
    this.i32(value);
  }

  #put32(start: number, value: number): void {
    const slab = this.#slab;
    slab[start] = value >>> 24;
    slab[start + 1] = value >>> 16;
    slab[start + 2] = value >>> 8;
    slab[start + 3] = value;
  }

  u53(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a u53 is a non-negative safe integer');
    this.i32(Math.floor(value / 0x1_0000_0000));
    this.i32(value >>> 0);
  }

  i64(value: bigint): void {
    this.#view(8).setBigInt64(0, value);
  }

  f64(value: number): void {
    this.#view(8).setFloat64(0, value);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  fixed(bytes: Uint8Array): void {
    const start = this.#reserve(bytes.length);
    this.#slab.set(bytes, start);
  }

  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.fixed(bytes);
  }

  text(text: string): void {
    const start = this.#reserve(4 + 3 * text.length);
    // PERF: encoding in place is 13 times as fast as making a buffer: 60 ns against 790 for a path of 35 letters.
    const { written } = encoder.encodeInto(text, this.#slab.subarray(start + 4));
    this.#put32(start, written);
    this.#at = start + 4 + written;
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.u32(items.length);
    for (const item of items) write(item);
  }

  finish(): Uint8Array {
    const result = copyOf(this.#slab, 0, this.#at);
    this.#at = 0;
    return result;
  }

  view(): Uint8Array {
    const result = this.#slab.subarray(0, this.#at);
    this.#at = 0;
    return result;
  }
}

export const createWriter = (initialBytes = 512): Writer => new SlabWriter(initialBytes);
