/** A proof is on the disk as a whole or not at all. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '@concordat/runtime';
import { storeEvidence } from './evidence-files.ts';

const logger = createLogger({ write: () => {} });
const note = { kind: 'evidence', accused: 2, rule: 'two-proposals', about: '7', proof: '00ff10' };
const NAME = 'two-proposals-2-7.proof';

test('what the disk takes only in part does not bear the name of a proof, and is written again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-evidence-'));
  // Stands in for a full disk: the draft cannot be written.
  mkdirSync(join(directory, `${NAME}.new`));
  assert.throws(() => storeEvidence(directory, note, logger));
  assert.deepEqual(readdirSync(directory), [`${NAME}.new`]);
  rmSync(join(directory, `${NAME}.new`), { recursive: true });
  storeEvidence(directory, note, logger);
  storeEvidence(directory, note, logger);
  assert.deepEqual(readdirSync(directory), [NAME]);
  assert.equal(readFileSync(join(directory, NAME)).toString('hex'), '00ff10');
  rmSync(directory, { recursive: true });
});
