/** Who is found to flood, who is not, and for how long a flood is not heard. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlood, type Flood, isMuted, muteFor, noteMessage, noteUse } from './flood.ts';

/** Hears, in each millisecond, so many messages of each of four members; returns who was found when. */
function hear(f: Flood, perMs: readonly number[], forMs: number, from = f.since): [number, number][] {
  const found: [number, number][] = [];
  for (let now = from; now < from + forMs; now++)
    for (const [id, count] of perMs.entries())
      for (let i = 0; i < count; i++) {
        const flooder = noteMessage(f, id, now);
        if (flooder !== null) found.push([flooder, now - from]);
      }
  return found;
}

test('twenty times as much as the second busiest is a flood, within two thousand messages', () => {
  assert.deepEqual(hear(createFlood(4, 0), [1, 0, 40, 1], 50), [[2, 47]]);
});

test('nineteen times is not', () => {
  assert.deepEqual(hear(createFlood(4, 0), [1, 0, 19, 1], 500), []);
});

test('what comes slowly is no flood, however one-sided', () => {
  assert.deepEqual(hear(createFlood(4, 0), [0, 0, 1, 0], 60_000), []);
});

test('what was of use does not count', () => {
  const f = createFlood(4, 0);
  for (let i = 0; i < 100_000; i++) {
    assert.equal(noteMessage(f, 1, i / 100), null);
    noteUse(f, 1);
  }
});

test('whoever is no member is not counted', () => {
  const f = createFlood(4, 0);
  for (let i = 0; i < 10_000; i++) assert.equal(noteMessage(f, 2 ** 32 + 1, 0), null);
});

test('a flood is not heard for twice as long each time, up to a limit, and forgiven after a calm', () => {
  const f = createFlood(4, 0);
  assert.equal(muteFor(f, 2, 0), 1000);
  assert.ok(isMuted(f, 2, 999) && !isMuted(f, 2, 1000) && !isMuted(f, 1, 999));
  assert.equal(muteFor(f, 2, 1500), 2000);
  let now = 3500;
  for (let i = 0; i < 10; i++) now += muteFor(f, 2, now);
  assert.equal(muteFor(f, 2, now), 64_000);
  assert.equal(muteFor(f, 2, now + 10 * 64_000), 1000);
});
