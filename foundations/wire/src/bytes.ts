/** Small byte operations that every package needs and nobody should write twice. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic, as unsigned bytes: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const result = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Views of so many bytes and more are made anew each time. */
const MANY_BYTES = 1024;

/**
 * Room for bytes that are used at once, before anybody asks for room again: the first of always the same `capacity` bytes, with what was
 * last put there still in them. Larger ones are new. PERF: allocating costs as much as hashing what is put there, and a view as much as
 * 200 bytes of it, so small views are kept.
 */
export function createRoom(capacity: number): (size: number) => Uint8Array {
  const room = new Uint8Array(capacity);
  const views = new Array<Uint8Array | undefined>(MANY_BYTES).fill(undefined);
  return (size) => {
    if (size > capacity) return new Uint8Array(size);
    if (size >= MANY_BYTES) return room.subarray(0, size);
    const view = views[size] ?? room.subarray(0, size);
    views[size] = view;
    return view;
  };
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte] as string;
  return text;
}

/** The bytes of a lower-case hexadecimal string, or null. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Bytes from parts of text and bytes, for domain-separated hashing and tests. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Copies this small live on the heap anyway. */
const POOLED_MIN_BYTES = 65;

/** Larger copies have a buffer of their own. */
const POOLED_MAX_BYTES = 4096;
const POOL_BYTES = 64 * 1024;

let pool = new ArrayBuffer(0);
let used = 0;

/**
 * A copy of `bytes` from `start` to `end`, for what is read and written in passing: small ones share buffers with each
 * other, so one that is kept keeps a whole buffer. PERF: an ArrayBuffer of its own costs 690 ns for 200 bytes, a view into a
 * shared one 95 ns, and the collector has one instead of a hundred to sweep.
 */
export function copyOf(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  const size = end - start;
  if (size < POOLED_MIN_BYTES || size > POOLED_MAX_BYTES) return bytes.slice(start, end);
  if (used + size > pool.byteLength) {
    pool = new ArrayBuffer(POOL_BYTES);
    used = 0;
  }
  const copy = new Uint8Array(pool, used, size);
  used += size;
  copy.set(bytes.subarray(start, end));
  return copy;
}

/**
 * `bytes`, or a copy if they are a view into much more: what is kept keeps all of its buffer, so whoever keeps bytes from
 * outside would else pay for a large message because of a small part of it.
 */
export const compact = (bytes: Uint8Array): Uint8Array =>
  4 * bytes.length >= bytes.buffer.byteLength ? bytes : bytes.slice();
