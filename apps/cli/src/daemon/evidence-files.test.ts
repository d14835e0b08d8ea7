/** A proof is on the disk as a whole or not at all. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '@concordat/runtime';
import { storeEvidence } from './evidence-files.ts';

const logger = createLogger({ write: () => {} });
const note = { kind: 'evidence', accused: 2, rule: 'two-proposals', about: '7', proof: '00ff10' };
const NAME = 'two-proposals-2-7.proof';

test('what the disk takes only in part does not bear the name of a proof, is told in clear words, and is written again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-evidence-'));
  const draft = join(directory, `${NAME}.new`);
  // A disk that is always full.
  symlinkSync('/dev/full', draft);
  const message = `no space left to keep evidence in ${directory}: free some and restart`;
  assert.throws(() => storeEvidence(directory, note, logger), { code: 'disk-full', message });
  assert.deepEqual(readdirSync(directory), [`${NAME}.new`]);
  rmSync(draft);
  mkdirSync(draft);
  assert.throws(() => storeEvidence(directory, note, logger), { code: 'disk-failed' });
  rmSync(draft, { recursive: true });
  storeEvidence(directory, note, logger);
  storeEvidence(directory, note, logger);
  assert.deepEqual(readdirSync(directory), [NAME]);
  assert.equal(readFileSync(join(directory, NAME)).toString('hex'), '00ff10');
  rmSync(directory, { recursive: true });
});
