/**
 * How the values of a service become bytes: small codecs that compose. Each is a bijection between the values it accepts
 * and their bytes (what @concordat/state and every digest rely on), and knows how many bytes a value takes at most, so
 * that what a client may send and what the state must hold is bounded where a service is defined.
 */

import type { Reader, Writer } from '@concordat/wire';

export interface Codec<T> {
  /** Names the bytes: codecs of one format write and read the same. Versions of a service are compared by it. */
  readonly format: string;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** True for the values that come back as they were; all others are refused before they are written. */
  accepts(value: T): boolean;
  /** Only what is accepted. */
  write(writer: Writer, value: T): void;
  /** Fails the reader for anything that `write` does not make. */
  read(reader: Reader): T;
}

/** Negative zero would come back as zero, and 1 divided by it as another number. */
const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most && !Object.is(value, -0);

const whole = (
  format: string,
  sizeBytes: number,
  least: number,
  most: number,
  write: (writer: Writer, value: number) => void,
  read: (reader: Reader) => number,
): Codec<number> => ({
  format,
  minBytes: sizeBytes,
  maxBytes: sizeBytes,
  accepts: (value) => isWhole(value, least, most),
  write,
  read,
});

export const u8 = whole(
  'u8',
  1,
  0,
  255,
  (writer, value) => writer.u8(value),
  (reader) => reader.u8(),
);

export const u32 = whole(
  'u32',
  4,
  0,
  2 ** 32 - 1,
  (writer, value) => writer.u32(value),
  (reader) => reader.u32(),
);

export const i32 = whole(
  'i32',
  4,
  -(2 ** 31),
  2 ** 31 - 1,
  (writer, value) => writer.i32(value),
  (reader) => reader.i32(),
);

/** A whole number in [0, 2^53). */
export const u53 = whole(
  'u53',
  8,
  0,
  Number.MAX_SAFE_INTEGER,
  (writer, value) => writer.u53(value),
  (reader) => reader.u53(),
);

/** A finite number. */
export const f64: Codec<number> = {
  format: 'f64',
  minBytes: 8,
  maxBytes: 8,
  accepts: (value) => Number.isFinite(value),
  write: (writer, value) => writer.f64(value),
  read: (reader) => reader.f64(),
};

export const bool: Codec<boolean> = {
  format: 'bool',
  minBytes: 1,
  maxBytes: 1,
  accepts: (value) => typeof value === 'boolean',
  write: (writer, value) => writer.bool(value),
  read: (reader) => reader.bool(),
};

const LENGTH_BYTES = 4;

/** Text of at most `max` bytes in UTF-8, without lone surrogates. */
export const text = (max: number): Codec<string> => ({
  format: `text(${max})`,
  minBytes: LENGTH_BYTES,
  maxBytes: LENGTH_BYTES + max,
  accepts: (value) =>
    typeof value === 'string' && Buffer.byteLength(value) <= max && !/\p{Surrogate}/u.test(value),
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text(max),
});

/** At most `max` bytes, which nobody changes afterwards. */
export const bytes = (max: number): Codec<Uint8Array> => ({
  format: `bytes(${max})`,
  minBytes: LENGTH_BYTES,
  maxBytes: LENGTH_BYTES + max,
  accepts: (value) => value instanceof Uint8Array && value.length <= max,
  write: (writer, value) => writer.bytes(value),
  read: (reader) => reader.bytes(max),
});

/** At most `max` items of a codec whose values take a byte or more. */
export const list = <T>(item: Codec<T>, max: number): Codec<readonly T[]> => ({
  format: `list(${item.format},${max})`,
  minBytes: LENGTH_BYTES,
  maxBytes: LENGTH_BYTES + max * item.maxBytes,
  accepts: (value) =>
    Array.isArray(value) && value.length <= max && value.every((each) => item.accepts(each)),
  write: (writer, value) => writer.list(value, (each) => item.write(writer, each)),
  read: (reader) => reader.list(max, Math.max(1, item.minBytes), () => item.read(reader)),
});

/** A value or null. */
export const optional = <T>(codec: Codec<T>): Codec<T | null> => ({
  format: `optional(${codec.format})`,
  minBytes: 1,
  maxBytes: 1 + codec.maxBytes,
  accepts: (value) => value === null || codec.accepts(value),
  write: (writer, value) => {
    writer.bool(value !== null);
    if (value !== null) codec.write(writer, value);
  },
  read: (reader) => (reader.bool() ? codec.read(reader) : null),
});

/** One of a few words, as its place among them. */
export const oneOf = <const W extends string>(...words: readonly W[]): Codec<W> => ({
  format: `oneOf(${JSON.stringify(words)})`,
  minBytes: 1,
  maxBytes: 1,
  accepts: (value) => words.includes(value),
  write: (writer, value) => writer.u8(words.indexOf(value)),
  read: (reader) => {
    const word = words[reader.u8()];
    if (word === undefined) reader.fail();
    return word ?? (words[0] as W);
  },
});

/** Fields in the order of their declaration, which is part of the format; no others. */
export function record<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[];
  const sum = (of: (codec: Codec<T[keyof T]>) => number): number =>
    names.reduce((total, name) => total + of(fields[name]), 0);
  return {
    format: `record(${names.map((name) => `${JSON.stringify(name)}:${fields[name].format}`)})`,
    minBytes: sum((codec) => codec.minBytes),
    maxBytes: sum((codec) => codec.maxBytes),
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length === names.length &&
      names.every((name) => Object.hasOwn(value, name) && fields[name].accepts(value[name])),
    write: (writer, value) => {
      for (const name of names) fields[name].write(writer, value[name]);
    },
    read: (reader) => Object.fromEntries(names.map((name) => [name, fields[name].read(reader)])) as T,
  };
}
