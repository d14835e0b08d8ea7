/** The file with the users of SASL: what it may say, who may read it, and when it is in force. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSaslUsers } from './sasl-users.ts';

const directory = mkdtempSync(join(tmpdir(), 'sasl-users-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const path = join(directory, 'users');

function write(text: string, mode = 0o600): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('users have names and passwords, which may hold anything but the end of a line', () => {
  const { users } = openSaslUsers(write('# people\n\nbob:a:b \r\nzoé/host:€\n'));
  const { md5 } = users;
  const hash = (text: string): Uint8Array => md5(new Uint8Array(Buffer.from(text, 'latin1')));
  assert.deepEqual(users.secretOf('bob'), hash('bob:zk-sasl-md5:a:b '));
  assert.deepEqual(
    users.secretOf('zoé/host'),
    hash(`zoé/host:zk-sasl-md5:${Buffer.from('€').toString('latin1')}`),
  );
  for (const nobody of ['', 'Bob', 'constructor', '# people']) assert.equal(users.secretOf(nobody), null);
});

test('a file that is wrong is refused by its line, without telling what is in it', () => {
  for (const line of ['bob', 'bob:', ':secret', ' bob:secret', 'bob@red:secret', 'eve:other']) {
    const expected = (error: Error): boolean =>
      /line 3 of /.test(error.message) && !error.message.includes('secret');
    assert.throws(() => openSaslUsers(write(`eve:secret\n\n${line}\n`)), expected, line);
  }
  for (const mode of [0o640, 0o644, 0o602])
    assert.throws(() => openSaslUsers(write('bob:secret', mode)), { code: 'exposed-secret' });
  assert.throws(() => openSaslUsers(join(directory, 'absent')), { code: 'no-file' });
});

test('what is read again is in force when it is put in force', () => {
  const { users, read } = openSaslUsers(write('bob:one'));
  const before = users.secretOf('bob');
  write('bob:two\neve:three');
  const putInForce = read();
  assert.deepEqual(users.secretOf('bob'), before);
  putInForce();
  assert.notDeepEqual(users.secretOf('bob'), before);
  assert.ok(users.secretOf('eve') !== null);
  write('nonsense');
  assert.throws(read, { code: 'bad-users' });
  assert.ok(users.secretOf('eve') !== null);
});
