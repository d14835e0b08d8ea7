/** What is on disk comes back, for its owner alone; damage and exposure are told, and nothing is written over. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { generateIdentity } from './identity.ts';
import { loadIdentity, storeIdentity } from './identity-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'concordat-identity-'));
after(() => rmSync(directory, { recursive: true }));

test('an identity comes back as it was, readable by its owner alone, and is never replaced', () => {
  const file = join(directory, 'kept.json');
  const identity = generateIdentity();
  storeIdentity(file, 'acme', identity);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(loadIdentity(file), { name: 'acme', ...identity });
  assert.throws(() => storeIdentity(file, 'acme', generateIdentity()), { code: 'EEXIST' });
  assert.deepEqual(loadIdentity(file), { name: 'acme', ...identity });
});

test('a damaged file is no identity, and a missing one says so', () => {
  const file = join(directory, 'damaged.json');
  storeIdentity(file, 'acme', generateIdentity());
  const whole = readFileSync(file, 'utf8');
  const { seed, tls, ...rest } = JSON.parse(whole);
  const damaged = [
    '',
    'null',
    whole.slice(0, whole.length / 2),
    JSON.stringify({ ...rest, seed, tls, version: 2 }),
    JSON.stringify({ ...rest, seed: seed.slice(2), tls }),
    JSON.stringify({ ...rest, seed: 7, tls }),
    JSON.stringify({ ...rest, seed, tls: { ...tls, cert: 'none' } }),
    JSON.stringify({ ...rest, seed }),
    JSON.stringify({ ...rest, name: 7, seed, tls }),
  ];
  for (const text of damaged) {
    writeFileSync(file, text);
    assert.equal(loadIdentity(file), null, text);
  }
  assert.throws(() => loadIdentity(join(directory, 'missing.json')), { code: 'ENOENT' });
});

test('an identity that others may read or write is refused, in words that say how to mend it', () => {
  const file = join(directory, 'exposed.json');
  storeIdentity(file, 'acme', generateIdentity());
  for (const mode of [0o640, 0o644, 0o602, 0o660]) {
    chmodSync(file, mode);
    const message = `others may use ${file} (mode 0${mode.toString(8)}): chmod 600 ${file}`;
    assert.throws(() => loadIdentity(file), { code: 'exposed-secret', message });
  }
  for (const mode of [0o600, 0o400]) {
    chmodSync(file, mode);
    assert.equal(loadIdentity(file)?.name, 'acme');
  }
});
