import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { EXPERIMENTS } from './registry.ts';

test('every folder of an experiment is one that can be run, by its own name', () => {
  const folders = readdirSync(new URL('./experiments', import.meta.url));
  assert.deepEqual(
    EXPERIMENTS.map(({ name }) => name).sort(),
    folders.filter((folder) => !folder.includes('.')).sort(),
  );
});
