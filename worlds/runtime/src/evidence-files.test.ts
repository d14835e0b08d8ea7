/** A proof is kept whole or not at all, for its owner alone, once, and within a limit. What a full disk does: apps/cli. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeProof } from './evidence-files.ts';

test('proofs are files of their owner, written once, and no more than may be', () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'concordat-proofs-')), 'evidence');
  const store = (name: string, byte: number) => storeProof(directory, name, Uint8Array.of(byte), 2);
  const first = store('two-things-7', 1);
  assert.deepEqual(first, { file: join(directory, 'two-things-7.proof'), outcome: 'stored' });
  assert.equal(store('two-things-7', 2).outcome, 'known');
  assert.equal(store('two-things-8', 3).outcome, 'stored');
  assert.equal(store('two-things-9', 4).outcome, 'full');
  assert.equal(store('two-things-8', 5).outcome, 'known');
  assert.deepEqual(readdirSync(directory).sort(), ['two-things-7.proof', 'two-things-8.proof']);
  assert.deepEqual([...readFileSync(first.file)], [1]);
  assert.equal(statSync(first.file).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  rmSync(join(directory, '..'), { recursive: true });
});
