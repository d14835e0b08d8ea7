/**
 * Jute, the record encoding of the ZooKeeper protocol: big-endian integers, buffers and strings with a 32-bit length
 * (-1 for null), vectors with a 32-bit count. Written for a load generator: one growing slab, one reader that is
 * pointed at frame after frame. A reader that runs past its frame throws `JuteError`: to the tests that use it, a
 * server that sends such bytes has failed.
 */

export class JuteError extends Error {
  readonly code = 'JUTE_OVERRUN';
}

export interface JuteWriter {
  readonly length: number;
  int(value: number): void;
  long(value: bigint): void;
  /** A long given as a safe integer. */
  safeLong(value: number): void;
  bool(value: boolean): void;
  buffer(value: Uint8Array | null): void;
  string(value: string): void;
  raw(value: Uint8Array): void;
  /** Overwrites the int at `at`. */
  patchInt(at: number, value: number): void;
  /** What was written; the slab is given away when `keep` is true, otherwise reused from its start. */
  take(keep: (bytes: Buffer) => boolean): void;
}

export function createJuteWriter(initialBytes = 65_536): JuteWriter {
  let slab = Buffer.allocUnsafe(initialBytes);
  let at = 0;
  const reserve = (size: number): number => {
    const start = at;
    at += size;
    if (at > slab.length) {
      const grown = Buffer.allocUnsafe(Math.max(at, slab.length * 2));
      slab.copy(grown, 0, 0, start);
      slab = grown;
    }
    return start;
  };
  const int = (value: number): void => {
    const start = reserve(4);
    slab.writeInt32BE(value, start);
  };
  const raw = (value: Uint8Array): void => {
    const start = reserve(value.length);
    slab.set(value, start);
  };
  return {
    get length() {
      return at;
    },
    int,
    long: (value) => {
      const start = reserve(8);
      slab.writeBigInt64BE(value, start);
    },
    safeLong: (value) => {
      int(Math.floor(value / 0x1_0000_0000));
      int(value | 0);
    },
    bool: (value) => {
      const start = reserve(1);
      slab[start] = value ? 1 : 0;
    },
    buffer: (value) => {
      int(value === null ? -1 : value.length);
      if (value !== null) raw(value);
    },
    string: (value) => {
      const size = Buffer.byteLength(value);
      int(size);
      const start = reserve(size);
      slab.write(value, start, 'utf8');
    },
    raw,
    patchInt: (position, value) => {
      slab.writeInt32BE(value, position);
    },
    take: (keep) => {
      const isKept = keep(slab.subarray(0, at));
      at = 0;
      if (isKept) slab = Buffer.allocUnsafe(initialBytes);
    },
  };
}

export interface JuteReader {
  /** Points the reader at `bytes[start, end)`, which must stay unchanged while it is read. */
  point(bytes: Buffer, start: number, end: number): void;
  int(): number;
  long(): bigint;
  /** A long as a number, exact up to 2^53. */
  safeLong(): number;
  bool(): boolean;
  /** A copy. */
  buffer(): Buffer | null;
  string(): string;
  strings(): string[];
  readonly rest: number;
}

export function createJuteReader(): JuteReader {
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  let end = 0;
  const take = (size: number): number => {
    if (size < 0 || size > end - at) throw new JuteError(`the server's record ends before byte ${at + size}`);
    at += size;
    return at - size;
  };
  const int = (): number => bytes.readInt32BE(take(4));
  const span = (size: number): Buffer => {
    const start = take(size);
    return bytes.subarray(start, start + size);
  };
  const string = (): string => {
    const size = int();
    return size < 0 ? '' : span(size).toString('utf8');
  };
  return {
    point: (source, start, limit) => {
      bytes = source;
      at = start;
      end = limit;
    },
    int,
    long: () => bytes.readBigInt64BE(take(8)),
    safeLong: () => int() * 0x1_0000_0000 + (int() >>> 0),
    bool: () => bytes[take(1)] === 1,
    buffer: () => {
      const size = int();
      return size < 0 ? null : Buffer.from(span(size));
    },
    string,
    strings: () => Array.from({ length: Math.max(0, int()) }, string),
    get rest() {
      return end - at;
    },
  };
}
