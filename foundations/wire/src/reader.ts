/**
 * Bounded binary reading of bytes that anyone may have sent. A reader never throws and never allocates what a length
 * field claims: the first violation makes it `failed`, after which every read returns a zero value and the caller's
 * `finish` is null. So decoders read straight through and check once.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const EMPTY = new Uint8Array(0);

export interface Reader {
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  u53(): number;
  i64(): bigint;
  /** A finite number. */
  f64(): number;
  /** Exactly 0 or 1. */
  bool(): boolean;
  /** A copy of `size` bytes. */
  fixed(size: number): Uint8Array;
  /** A copy of at most `max` bytes. */
  bytes(max: number): Uint8Array;
  /** Valid UTF-8 of at most `max` bytes. */
  text(max: number): string;
  /** At most `max` items, each of at least `itemBytes` (>= 1) bytes, so that a claimed count cannot outgrow the input. */
  list<T>(max: number, itemBytes: number, read: () => T): T[];
  /** Marks the input as wrong for a reason only the caller knows. */
  fail(): void;
  readonly failed: boolean;
  /** Bytes not yet read. */
  readonly rest: number;
  /** `value` if everything was read and nothing failed, otherwise null. */
  finish<T>(value: T): T | null;
}

export function createReader(input: Uint8Array): Reader {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let at = 0;
  let failed = false;

  /** The offset of `size` bytes, or -1 when there are not that many. */
  const take = (size: number): number => {
    if (failed || size > input.length - at) {
      failed = true;
      return -1;
    }
    at += size;
    return at - size;
  };
  const fail = (): void => {
    failed = true;
  };
  const u8 = (): number => {
    const start = take(1);
    return start < 0 ? 0 : (input[start] as number);
  };
  const u32 = (): number => {
    const start = take(4);
    return start < 0 ? 0 : view.getUint32(start);
  };
  const fixed = (size: number): Uint8Array => {
    const start = take(size);
    return start < 0 ? EMPTY : input.slice(start, start + size);
  };
  const bytes = (max: number): Uint8Array => {
    const size = u32();
    if (size > max) fail();
    return failed ? EMPTY : fixed(size);
  };

  return {
    u8,
    u16: () => {
      const start = take(2);
      return start < 0 ? 0 : view.getUint16(start);
    },
    u32,
    i32: () => {
      const start = take(4);
      return start < 0 ? 0 : view.getInt32(start);
    },
    u53: () => {
      const high = u32();
      const low = u32();
      if (high > 0x1f_ffff) fail();
      return failed ? 0 : high * 0x1_0000_0000 + low;
    },
    i64: () => {
      const start = take(8);
      return start < 0 ? 0n : view.getBigInt64(start);
    },
    f64: () => {
      const start = take(8);
      const value = start < 0 ? 0 : view.getFloat64(start);
      // Negative zero and NaN payloads would be second spellings of a value.
      if (!Number.isFinite(value) || Object.is(value, -0)) fail();
      return failed ? 0 : value;
    },
    bool: () => {
      const value = u8();
      if (value > 1) fail();
      return value === 1;
    },
    fixed,
    bytes,
    text: (max) => {
      const raw = bytes(max);
      if (failed) return '';
      try {
        return decoder.decode(raw);
      } catch {
        fail();
        return '';
      }
    },
    list: (max, itemBytes, read) => {
      const count = u32();
      if (count > max || count * itemBytes > input.length - at) fail();
      const items = [];
      for (let i = 0; i < count && !failed; i++) items.push(read());
      return items;
    },
    fail,
    get failed() {
      return failed;
    },
    get rest() {
      return input.length - at;
    },
    finish: (value) => (failed || at !== input.length ? null : value),
  };
}
