/** What a run leaves: verdicts, files, one page, one table. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { drawBars } from './drawing/chart.ts';
import type { Experiment } from './experiment.ts';
import { atLeast, atMost, exactly, inWords } from './finding.ts';
import { markdownOf, withTable } from './markdown.ts';
import { EXPERIMENTS } from './registry.ts';
import { reportOf } from './report.ts';
import { runExperiment, surprises, writeResult } from './result.ts';
import { verdictOf } from './verdict.ts';

const directory = mkdtempSync(join(tmpdir(), 'concordat-lab-'));
after(() => rmSync(directory, { recursive: true }));

const counting: Experiment<number, readonly number[]> = {
  name: 'counting',
  claim: 'Numbers <grow>.',
  source: 'Peano',
  small: 3,
  full: 30,
  run: (to, progress) => {
    const numbers = Array.from({ length: to }, (_, i) => i);
    for (const number of numbers) progress(`${number}`);
    return numbers;
  },
  assert: (data) => [
    atLeast('the last | of all', data.at(-1) ?? 0, 2, { published: '2' }),
    atMost('the first', data[0] ?? 0, -1, { missedBecause: 'it begins with 0' }),
    exactly('their number', data.length, 3),
  ],
  draw: (data) =>
    drawBars({
      title: 'n',
      categories: data.map(String),
      series: [{ name: 'n', values: data }],
      axis: { name: '' },
    }),
};

test('a verdict tells what holds, what is known not to, and what surprises', () => {
  const missedBecause = 'of a reason';
  assert.equal(verdictOf(atLeast('', 1, 1)), 'holds');
  assert.equal(verdictOf(atLeast('', 0.9, 1)), 'BROKEN');
  assert.equal(verdictOf(atLeast('', 0.9, 1, { missedBecause })), 'missed');
  assert.equal(verdictOf(atLeast('', 1, 1, { missedBecause })), 'HOLDS NOW');
  assert.equal(verdictOf(exactly('', 0.1 + 0.2, 0.3)), 'holds');
  assert.equal(verdictOf(exactly('', 0.3001, 0.3)), 'BROKEN');
  assert.equal(verdictOf(atMost('', Number.NaN, 1)), 'BROKEN', 'no figure is no success');
});

test('figures are told in three digits, or whole', () => {
  assert.deepEqual([0.123_45, 12.345, 1234.56, 3, 0].map(inWords), ['0.123', '12.3', '1,235', '3', '0']);
});

test('a run leaves data, a figure, and a page that needs nothing else', async () => {
  const told: string[] = [];
  const small = await runExperiment(counting, 'small', (line) => told.push(line));
  assert.deepEqual(told, ['0', '1', '2']);
  assert.deepEqual(surprises([small]), []);
  writeResult(directory, small);
  const read = JSON.parse(readFileSync(join(directory, 'counting', 'result.json'), 'utf8'));
  assert.deepEqual(read.data, [0, 1, 2]);
  assert.equal(read.findings.length, 3);
  assert.match(readFileSync(join(directory, 'counting', 'figure.svg'), 'utf8'), /^<svg /);
  const page = reportOf([small]);
  assert.match(page, /Numbers &lt;grow&gt;/);
  assert.doesNotMatch(page.replaceAll(/src="data:[^"]*"/g, ''), /src=|href=|https?:/);
});

test('a run of another size that breaks a claim says so', async () => {
  const full = await runExperiment(counting, 'full', () => {});
  assert.deepEqual(
    surprises([full]).map(({ claim }) => claim),
    ['their number'],
  );
});

test('the same data is drawn in the same bytes', async () => {
  const [one, two] = [
    await runExperiment(counting, 'small', () => {}),
    await runExperiment(counting, 'small', () => {}),
  ];
  assert.equal(one.figure, two.figure);
});

test('the table goes to its place, and can go there again', async () => {
  const table = markdownOf([await runExperiment(counting, 'small', () => {})]);
  assert.match(table, /\| the last \\\| of all \| 2 \| at least 2 \| holds \| 2 \|/);
  assert.match(table, /- Missed: it begins with 0\./);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const once = withTable(readme, table) ?? '';
  assert.ok(once.includes(table));
  assert.equal(withTable(once, table), once);
  assert.equal(withTable('no place', table), null);
});

test('the table of the README is of these experiments, each with what is asserted of it', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const names = [...readme.matchAll(/^### (.*)$/gm)].map(([, name]) => name);
  assert.deepEqual(
    names,
    EXPERIMENTS.map(({ name }) => name),
  );
  for (const { claim } of EXPERIMENTS) assert.ok(readme.includes(claim), claim);
  assert.doesNotMatch(readme, /BROKEN|HOLDS NOW/);
});
