/** Calls that nobody waits for: sent on until they are known to be executed, and then out of the way of later ones. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abandon, type Numbered, noteResult, numbered, takeLost } from './giving-up.ts';

/** A client with calls 1 to `count` under way. */
const withCalls = (count: number): Numbered => ({
  ...numbered(),
  nextSeq: count + 1,
  calls: new Map(Array.from({ length: count }, (_, i) => [i + 1, 'call'])),
});

const shape = (s: Numbered) => ({ acked: s.acked, calls: [...s.calls.keys()], lost: takeLost(s) });

test('what is acknowledged has no gaps, in whatever order results come', () => {
  const s = withCalls(3);
  noteResult(s, 2);
  assert.deepEqual(shape(s), { acked: 0, calls: [1, 3], lost: [] });
  noteResult(s, 1);
  assert.deepEqual(shape(s), { acked: 2, calls: [3], lost: [] });
});

test('an abandoned call stays under way until a later one has a result', () => {
  const s = withCalls(4);
  abandon(s, 1);
  abandon(s, 3);
  assert.deepEqual(shape(s), { acked: 0, calls: [1, 2, 3, 4], lost: [] }, 'it may not be executed yet');
  noteResult(s, 2);
  assert.deepEqual(shape(s), { acked: 2, calls: [3, 4], lost: [1] });
  noteResult(s, 4);
  assert.deepEqual(shape(s), { acked: 4, calls: [], lost: [3] });
});

test('a call that is abandoned after a later one has a result is gone at once, and only then', () => {
  const s = withCalls(2);
  noteResult(s, 2);
  assert.deepEqual(shape(s), { acked: 0, calls: [1], lost: [] }, 'somebody still waits for it');
  abandon(s, 1);
  abandon(s, 1);
  abandon(s, 9);
  assert.deepEqual(shape(s), { acked: 2, calls: [], lost: [1] });
});

test('an abandoned call that has its result after all is not lost', () => {
  const s = withCalls(1);
  abandon(s, 1);
  noteResult(s, 1);
  assert.deepEqual(shape(s), { acked: 1, calls: [], lost: [] });
  assert.equal(s.abandoned.size, 0);
});
