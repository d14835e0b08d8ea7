/** A run in parts that is cut short goes on where it stopped, and what it left out is told. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Outcome } from './outcomes.ts';
import { type Kept, runParts, type Whole } from './parts.ts';
import type { Ground, Suite } from './suite.ts';

const passed = (name: string): Outcome => ({ test: name, result: 'passed', detail: '' });

/** Runs a suite of parts a, b and c; what ran is added to `ran`. */
function runSuite(kept: Kept, ran: string[], only: string | null = null): Promise<Whole> {
  const suite: Suite = {
    ...{ name: 'three', title: 'Three', version: '1', excluded: [], short: null },
    get: async () => null,
    parts: async () => ['a', 'b', 'c'],
    run: async ({ only: part }) => {
      ran.push(String(part));
      return [passed(`${part}.1`), passed(`${part}.2`)];
    },
    alone: (name) => name,
  };
  const trial = { target: 'concordat', note: () => {} };
  return runParts({ only, trial } as unknown as Ground, suite, kept, () => ran.push('-'));
}

test('parts that are kept do not run again, and what is left out is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-parts-'));
  try {
    const ran: string[] = [];
    const first = await runSuite({ folder, most: 2 }, ran);
    assert.deepEqual(first.left, ['c']);
    assert.deepEqual(first.outcomes, ['a.1', 'a.2', 'b.1', 'b.2'].map(passed));
    const second = await runSuite({ folder, most: 0 }, ran);
    assert.deepEqual(second, first);
    assert.deepEqual(ran, ['a', '-', 'b', '-']);
    const third = await runSuite({ folder, most: Number.POSITIVE_INFINITY }, ran);
    assert.deepEqual(third.left, []);
    assert.deepEqual(third.outcomes, ['a.1', 'a.2', 'b.1', 'b.2', 'c.1', 'c.2'].map(passed));
    assert.deepEqual(ran, ['a', '-', 'b', '-', 'c', '-']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('without a folder all parts run, and a choice of tests runs alone', async () => {
  const ran: string[] = [];
  const kept = { folder: null, most: Number.POSITIVE_INFINITY };
  assert.equal((await runSuite(kept, ran)).outcomes.length, 6);
  assert.equal((await runSuite(kept, ran, 'b')).outcomes.length, 2);
  assert.deepEqual(ran, ['a', '-', 'b', '-', 'c', '-', 'b']);
});
