/** The picture and the table of a soak name every trouble. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawSoak } from './figure.ts';
import { formatTable } from './table.ts';

const samples = [{ atMs: 1000, residentBytes: 64 * 1_048_576 }];
const pieces = [
  { family: 'killed', name: 'kill -9', fromMs: 0, toMs: 2000, answers: 20, stallMs: 400 },
  { family: 'killed', name: 'kill -9', fromMs: 2000, toMs: 4000, answers: 1, stallMs: 600 },
  { family: 'disk full', name: 'disk full', fromMs: 4000, toMs: 6000, answers: 5, stallMs: 0 },
];

test('a soak is drawn with all that happened in it', () => {
  const svg = drawSoak({ answers: [10, 20, 1500], samples, pieces });
  for (const words of ['<svg', 'Answers a second', 'killed', 'disk full', 'MiB of the largest'])
    assert.ok(svg.includes(words), words);
});

test('the table counts pieces and answers of each trouble', () => {
  const [head, ...lines] = formatTable(pieces, samples);
  assert.match(head ?? '', /^trouble +pieces +answers/);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['kill -9', '2', '21', '0.6 s', '64 MiB'],
      ['disk full', '1', '5', '0.0 s', '0 MiB'],
    ],
  );
});
