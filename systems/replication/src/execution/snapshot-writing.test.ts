import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasure, isSnapshotDue, MIN_JOURNAL_BYTES } from './snapshot-writing.ts';

test('a journal that is read again measures what it did when it was written', () => {
  const measure = createMeasure();
  const part = { type: 'part', bytes: new Uint8Array(300) };
  measure.count(100, { type: 'accept' });
  measure.count(10, null);
  assert.deepEqual(measure.size(), { bytes: 110, snapshotBytes: 0 });
  measure.count(20, { type: 'snapshot' });
  measure.count(310, part);
  measure.count(50, { type: 'accept' });
  // Not whole yet: whoever recovered here would have to read everything.
  assert.deepEqual(measure.size(), { bytes: 490, snapshotBytes: 0 });
  measure.count(310, part);
  measure.count(1, { type: 'snapshot-end' });
  assert.deepEqual(measure.size(), { bytes: 20 + 310 + 50 + 310 + 1, snapshotBytes: 600 });
  // Another one that a crash cut off is nothing that anybody can begin with.
  measure.count(20, { type: 'snapshot' });
  measure.count(310, part);
  assert.deepEqual(measure.size(), { bytes: 691 + 330, snapshotBytes: 600 });
});

test('a snapshot is due when four times the state was written, and enough to be worth it', () => {
  assert.equal(isSnapshotDue(MIN_JOURNAL_BYTES - 1, 0), false);
  assert.equal(isSnapshotDue(MIN_JOURNAL_BYTES, MIN_JOURNAL_BYTES / 4), true);
  assert.equal(isSnapshotDue(MIN_JOURNAL_BYTES, MIN_JOURNAL_BYTES), false);
});
