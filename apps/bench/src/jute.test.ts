/** What the writer writes the reader reads; what is cut short is refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createJuteReader, createJuteWriter, JuteError } from './jute.ts';

function written(write: (writer: ReturnType<typeof createJuteWriter>) => void): Buffer {
  const writer = createJuteWriter(4);
  write(writer);
  let result: Buffer = Buffer.alloc(0);
  writer.take((bytes) => {
    result = bytes;
    return true;
  });
  return result;
}

test('every kind of field survives, also when the slab has to grow', () => {
  const bytes = written((writer) => {
    writer.int(-7);
    writer.long(-2n);
    writer.safeLong(0x1f_ffff_ffff_ffff);
    writer.safeLong(-1);
    writer.bool(true);
    writer.buffer(Buffer.from([1, 2, 3]));
    writer.buffer(null);
    writer.string('zoë');
  });
  const reader = createJuteReader();
  reader.point(bytes, 0, bytes.length);
  assert.equal(reader.int(), -7);
  assert.equal(reader.long(), -2n);
  assert.equal(reader.safeLong(), 0x1f_ffff_ffff_ffff);
  assert.equal(reader.safeLong(), -1);
  assert.equal(reader.bool(), true);
  assert.deepEqual(reader.buffer(), Buffer.from([1, 2, 3]));
  assert.equal(reader.buffer(), null);
  assert.equal(reader.string(), 'zoë');
  assert.equal(reader.rest, 0);
});

test('a length beyond the frame is an error', () => {
  const bytes = written((writer) => writer.buffer(Buffer.alloc(8)));
  const reader = createJuteReader();
  reader.point(bytes, 0, bytes.length - 1);
  assert.throws(() => reader.buffer(), JuteError);
});
