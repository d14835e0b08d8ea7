/** Readers and writers against each other, against golden bytes and against hostile input. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createReader, createWriter, fromHex, type Reader, toHex, type Writer } from './index.ts';

/** One field of every kind, with its golden bytes. */
interface Field<T> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  readonly sample: T;
  readonly golden: string;
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
}

const field = <T>(one: Field<T>): Field<unknown> => one as Field<unknown>;

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));

const fields = [
  field({
    name: 'u8',
    arbitrary: fc.nat(0xff),
    sample: 0xab,
    golden: 'ab',
    write: (w, v) => w.u8(v),
    read: (r) => r.u8(),
  }),
  field({
    name: 'u16',
    arbitrary: fc.nat(0xffff),
    sample: 0x102,
    golden: '0102',
    write: (w, v) => w.u16(v),
    read: (r) => r.u16(),
  }),
  field({
    name: 'u32',
    arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }),
    sample: 0xfffefdfc,
    golden: 'fffefdfc',
    write: (w, v) => w.u32(v),
    read: (r) => r.u32(),
  }),
  field({
    name: 'i32',
    arbitrary: fc.integer(),
    sample: -2,
    golden: 'fffffffe',
    write: (w, v) => w.i32(v),
    read: (r) => r.i32(),
  }),
  field({
    name: 'u53',
    arbitrary: fc.maxSafeNat(),
    sample: Number.MAX_SAFE_INTEGER,
    golden: '001fffffffffffff',
    write: (w, v) => w.u53(v),
    read: (r) => r.u53(),
  }),
  field({
    name: 'i64',
    arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    sample: -1n,
    golden: 'ffffffffffffffff',
    write: (w, v) => w.i64(v),
    read: (r) => r.i64(),
  }),
  field({
    name: 'f64',
    arbitrary: finite,
    sample: 1.5,
    golden: '3ff8000000000000',
    write: (w, v) => w.f64(v),
    read: (r) => r.f64(),
  }),
  field({
    name: 'bool',
    arbitrary: fc.boolean(),
    sample: true,
    golden: '01',
    write: (w, v) => w.bool(v),
    read: (r) => r.bool(),
  }),
  field<Uint8Array>({
    name: 'fixed',
    arbitrary: fc.uint8Array({ minLength: 3, maxLength: 3 }),
    sample: Uint8Array.of(1, 2, 3),
    golden: '010203',
    write: (w, v) => w.fixed(v),
    read: (r) => r.fixed(3),
  }),
  field<Uint8Array>({
    name: 'bytes',
    arbitrary: fc.uint8Array({ maxLength: 40 }),
    sample: Uint8Array.of(9),
    golden: '0000000109',
    write: (w, v) => w.bytes(v),
    read: (r) => r.bytes(40),
  }),
  field({
    name: 'text',
    arbitrary: fc.string({ unit: 'grapheme', maxLength: 10 }),
    sample: 'aé',
    golden: '0000000361c3a9',
    write: (w, v) => w.text(v),
    read: (r) => r.text(1000),
  }),
  field({
    name: 'list',
    arbitrary: fc.array(fc.nat(0xffff), { maxLength: 10 }),
    sample: [1, 2],
    golden: '0000000200010002',
    write: (w, v) => w.list(v, (item) => w.u16(item)),
    read: (r) => r.list(10, 2, () => r.u16()),
  }),
];

/** Any sequence of fields with a value for each. */
const record = fc.array(
  fc.integer({ min: 0, max: fields.length - 1 }).chain((i) => {
    const one = fields[i] as Field<unknown>;
    return fc.tuple(fc.constant(one), one.arbitrary);
  }),
  { maxLength: 8 },
);

function encode(values: readonly [Field<unknown>, unknown][]): Uint8Array {
  const writer = createWriter(4);
  for (const [one, value] of values) one.write(writer, value);
  return writer.finish();
}

function decode(kinds: readonly Field<unknown>[], bytes: Uint8Array): unknown[] | null {
  const reader = createReader(bytes);
  return reader.finish(kinds.map((one) => one.read(reader)));
}

describe('fields', () => {
  for (const { name, sample, golden, write, read } of fields) {
    it(`${name} has its golden bytes`, () => {
      const writer = createWriter();
      write(writer, sample);
      assert.equal(toHex(writer.finish()), golden);
      const reader = createReader(fromHex(golden) as Uint8Array);
      assert.deepEqual(reader.finish(read(reader)), sample);
    });
  }
});

describe('records', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(record, (values) => {
        const kinds = values.map(([one]) => one);
        assert.deepEqual(
          decode(kinds, encode(values)),
          values.map(([, value]) => value),
        );
      }),
    );
  });

  it('are refused when cut short or followed by anything', () => {
    fc.assert(
      fc.property(record, fc.nat(1000), (values, at) => {
        const kinds = values.map(([one]) => one);
        const bytes = encode(values);
        assert.equal(decode(kinds, Uint8Array.of(...bytes, 0)), null);
        if (bytes.length > 0) assert.equal(decode(kinds, bytes.subarray(0, at % bytes.length)), null);
      }),
    );
  });

  it('decode from any bytes to what encodes to the same bytes, or to null', () => {
    const seeds = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3), fc.nat(255)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(record, seeds, (values, noise) => {
        const kinds = values.map(([one]) => one);
        const decoded = decode(kinds, Uint8Array.from(noise));
        if (decoded === null) return;
        const again = decoded.map((value, i): [Field<unknown>, unknown] => [
          kinds[i] as Field<unknown>,
          value,
        ]);
        assert.equal(toHex(encode(again)), toHex(Uint8Array.from(noise)));
      }),
      { numRuns: 1000 },
    );
  });

  it('with a changed byte decode to something else or to null', () => {
    fc.assert(
      fc.property(record, fc.nat(1000), fc.integer({ min: 1, max: 255 }), (values, at, change) => {
        const kinds = values.map(([one]) => one);
        const bytes = encode(values);
        if (bytes.length === 0) return;
        const i = at % bytes.length;
        bytes[i] = (bytes[i] as number) ^ change;
        assert.notDeepEqual(
          decode(kinds, bytes),
          values.map(([, value]) => value),
        );
      }),
    );
  });
});

const refuses = (hex: string, read: (reader: Reader) => unknown): void => {
  const reader = createReader(fromHex(hex) as Uint8Array);
  assert.equal(reader.finish(read(reader) ?? 'nothing'), null);
  assert.ok(reader.failed);
};

describe('a reader', () => {
  it('accepts one spelling of each value', () => {
    refuses('02', (r) => r.bool());
    refuses('0020000000000000', (r) => r.u53());
    refuses('ffffffffffffffff', (r) => r.u53());
    refuses('8000000000000000', (r) => r.f64());
    refuses('7ff8000000000000', (r) => r.f64());
    refuses('7ff0000000000000', (r) => r.f64());
    refuses('00000001ff', (r) => r.text(9));
    refuses('00000002c080', (r) => r.text(9));
    refuses('00000003eda080', (r) => r.text(9));
  });

  it('keeps a byte order mark, which is a character like any other', () => {
    const reader = createReader(fromHex('00000003efbbbf') as Uint8Array);
    assert.equal(reader.finish(reader.text(3)), '\ufeff');
  });

  it('keeps to bounds, whatever a length claims', () => {
    refuses('00000002ffff', (r) => r.bytes(1));
    refuses('ffffffff', (r) => r.bytes(0xffff_ffff));
    refuses('ffffffff', (r) => r.text(0xffff_ffff));
    refuses('00000003010203', (r) => r.list(2, 1, () => r.u8()));
  });

  it('does not begin a list that the rest of the input cannot hold', () => {
    let items = 0;
    refuses('ffffffff00000000', (r) => r.list(0xffff_ffff, 4, () => items++));
    assert.equal(items, 0);
  });

  it('ends a list at its first wrong item', () => {
    let items = 0;
    refuses('00000004000200000000', (r) =>
      r.list(10, 1, () => {
        items++;
        return r.bool();
      }),
    );
    assert.equal(items, 2);
  });

  it('gives zero values after a failure and stays failed', () => {
    const reader = createReader(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    reader.fail();
    const zeros = [reader.u8(), reader.u16(), reader.u32(), reader.i32(), reader.u53(), reader.f64()];
    assert.deepEqual(zeros, [0, 0, 0, 0, 0, 0]);
    assert.deepEqual([reader.i64(), reader.bool(), reader.text(9)], [0n, false, '']);
    assert.equal(reader.bytes(9).length + reader.fixed(1).length + reader.list(9, 1, () => 1).length, 0);
    assert.equal(reader.finish('value'), null);
  });

  it('reads views of larger buffers and copies out of them', () => {
    const buffer = Uint8Array.of(9, 9, 0, 0, 0, 2, 7, 8, 9);
    const reader = createReader(buffer.subarray(2, 8));
    const bytes = reader.bytes(2);
    buffer.fill(0);
    assert.deepEqual(reader.finish(bytes), Uint8Array.of(7, 8));
  });
});

describe('a writer', () => {
  it('is empty after finish and keeps nothing of what it gave away', () => {
    const writer = createWriter(2);
    writer.u32(1);
    const first = writer.finish();
    writer.u32(2);
    assert.equal(toHex(first), '00000001');
    assert.equal(toHex(writer.finish()), '00000002');
    assert.equal(writer.finish().length, 0);
  });

  it('grows as needed, also from nothing', () => {
    const writer = createWriter(0);
    const large = new Uint8Array(100_000).fill(5);
    writer.u8(1);
    writer.bytes(large);
    const bytes = writer.finish();
    assert.equal(bytes.length, 1 + 4 + large.length);
    assert.equal(bytes.at(-1), 5);
  });

  it('refuses numbers that do not fit', () => {
    const writer = createWriter();
    for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) assert.throws(() => writer.u32(value));
    for (const value of [-1, 2 ** 53, 0.5, Number.NaN]) assert.throws(() => writer.u53(value));
  });
});
