/** Records: what was written stays readable through frees and compaction, and pages do not outlive what is in them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import {
  appendEntry,
  appendTombstone,
  birthOf,
  compact,
  copyDigest,
  createRecords,
  entryDigest,
  entryOf,
  freeRecord,
  pageBytes,
  type RecordId,
  type Records,
  seal,
  valueBytes,
} from './records.ts';

const NAME = utf8('map');

const append = (records: Records, birth: number, size: number): RecordId =>
  appendEntry(records, birth, NAME, utf8(`key ${birth}`), new Uint8Array(size).fill(birth));

function digestOf(records: Records, id: RecordId): string {
  const digest = new Uint8Array(32);
  copyDigest(records, id, digest, 0);
  return toHex(digest);
}

describe('records', () => {
  it('hold what a naive model holds under random appends, frees and compaction', () => {
    const size = fc.oneof(fc.nat(200), fc.nat(5000));
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), size, pick: fc.nat(5) }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('free' as const), size, pick: fc.nat(1000) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), size, pick: fc.nat(1) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const records = createRecords(modelHash);
        const live = new Map<RecordId, { birth: number; entry: string; digest: string | null }>();
        let birth = 0;
        for (const { kind, size: bytes, pick } of steps) {
          if (kind === 'compact') compact(records);
          else if (kind === 'append') {
            const id = append(records, ++birth, bytes);
            assert.ok(!live.has(id));
            const entry = entryOf(records, id);
            if (pick > 0) seal(records, id);
            live.set(id, {
              birth,
              entry: toHex(entry),
              digest: pick > 0 ? toHex(entryDigest(modelHash, entry)) : null,
            });
          } else if (live.size > 0) {
            const id = [...live.keys()][pick % live.size] as RecordId;
            freeRecord(records, id);
            live.delete(id);
          }
        }
        for (const [id, one] of live) {
          assert.equal(birthOf(records, id), one.birth);
          assert.equal(toHex(entryOf(records, id)), one.entry);
          if (one.digest !== null) assert.equal(digestOf(records, id), one.digest);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('give the room of what was freed back, and leave views of it as they are', () => {
    const records = createRecords(modelHash);
    const ids = Array.from({ length: 8000 }, (_, i) => append(records, i + 1, 1000));
    const view = valueBytes(records, ids[0] as RecordId);
    const { held } = pageBytes(records);
    assert.ok(held > 8_000_000);
    for (const [i, id] of ids.entries()) if (i % 10 > 0 || i === 0) freeRecord(records, id);
    assert.ok(pageBytes(records).held > held / 2, 'each page still holds a tenth');
    for (let round = 0; round < 10; round++) compact(records);
    const after = pageBytes(records);
    assert.ok(after.held < held / 4, `${after.held} of ${held} bytes held for ${after.live}`);
    for (let i = 10; i < 8000; i += 10)
      assert.deepEqual(valueBytes(records, ids[i] as RecordId), new Uint8Array(1000).fill(i + 1));
    for (let i = 0; i < 8000; i++) append(records, 10_000 + i, 1000);
    assert.deepEqual(view, new Uint8Array(1000).fill(1));
  });

  it('use the numbers of freed records again, and refuse to free one twice', () => {
    const records = createRecords(modelHash);
    const [first, second] = [append(records, 1, 10), appendTombstone(records, 2)];
    freeRecord(records, first);
    assert.throws(() => freeRecord(records, first), /once/);
    freeRecord(records, second);
    assert.deepEqual(
      [append(records, 3, 10), append(records, 4, 10)].sort((a, b) => a - b),
      [first, second],
    );
  });

  it('take entries larger than a page', () => {
    const records = createRecords(modelHash);
    const ids = [1, 2, 3].map((birth) => append(records, birth, 1024 * 1024));
    for (const [i, id] of ids.entries()) assert.equal(valueBytes(records, id)[7], i + 1);
    for (const id of ids) freeRecord(records, id);
    append(records, 4, 1);
    assert.ok(pageBytes(records).held <= 2 * 1024 * 1024);
  });
});
