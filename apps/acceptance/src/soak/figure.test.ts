import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawSoak } from './figure.ts';

test('a soak is drawn with all that happened in it', () => {
  const svg = drawSoak({
    answers: [10, 20, 1500],
    samples: [{ atMs: 1000, residentBytes: 64 * 1_048_576 }],
    pieces: [{ what: 'domain 1 is killed and restarted', fromMs: 0, toMs: 2000 }],
  });
  for (const words of ['<svg', 'answers a second', 'a domain is killed', 'memory of the largest domain'])
    assert.ok(svg.includes(words), words);
});
