/** A member's keys on disk: damage leaves the others, exposure is never taken for a key that is gone. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHome } from '../host/home.ts';
import { keyringIn, nextIdentityFile } from './keyring.ts';

const parent = mkdtempSync(join(tmpdir(), 'concordat-keyring-'));
after(() => rmSync(parent, { recursive: true }));

test('a damaged key is passed over; one that others may use is refused', async () => {
  const directory = join(parent, 'ada');
  const first = await createHome(directory, 'ada');
  const keyring = keyringIn(directory, 'ada');
  const next = keyring.prepare(3);
  const file = nextIdentityFile(directory, 3);
  assert.deepEqual(keyring.find(next)?.publicKey, next);

  chmodSync(file, 0o644);
  assert.throws(() => keyring.find(next), { code: 'exposed-secret' });
  assert.throws(() => keyring.prepare(3), { code: 'exposed-secret' });

  chmodSync(file, 0o600);
  assert.deepEqual(keyring.prepare(3), next);
  writeFileSync(file, 'damaged');
  assert.equal(keyring.find(next), null);
  assert.deepEqual(keyring.find(first.publicKey)?.publicKey, first.publicKey);
});
