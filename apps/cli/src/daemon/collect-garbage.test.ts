import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from './collect-garbage.ts';

test('what is not reachable is collected, what is stays', async () => {
  const kept = { bytes: new Uint8Array(1000) };
  const refs = [new WeakRef(kept), new WeakRef({ bytes: new Uint8Array(1000) })];
  await collectGarbage();
  assert.deepEqual(
    refs.map((ref) => ref.deref()),
    [kept, undefined],
  );
});
