/** Lines as strace prints them become calls; interrupted calls are put together by thread. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStrace } from './strace.ts';

const hex = (text: string): string =>
  [...text].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

test('a vector of buffers is one run of bytes, on the file it went to', () => {
  const line = `7 100.5 writev(22<${hex('/tmp/log')}>, [{iov_base="${hex('ab')}", iov_len=2}, {iov_base="${hex('cd')}", iov_len=2}], 2) = 4 <0.25>`;
  const [call] = parseStrace(line);
  assert.equal(call?.name, 'writev');
  assert.equal(call?.target, '/tmp/log');
  assert.equal(call?.bytes.toString(), 'abcd');
  assert.deepEqual([call?.enteredAt, call?.leftAt], [100.5, 100.75]);
});

test('a short write moved only what it says', () => {
  const [call] = parseStrace(`7 1.0 write(3<${hex('/f')}>, "${hex('abcd')}", 4) = 2 <0.1>`);
  assert.equal(call?.bytes.toString(), 'ab');
});

test('interrupted calls of two threads are joined with their own halves', () => {
  const calls = parseStrace(
    [
      `1 10.0 fdatasync(5<${hex('/a')}> <unfinished ...>`,
      `2 10.1 read(6<TCP:[127.0.0.1:2181->127.0.0.1:5000]>,  <unfinished ...>`,
      '1 10.2 <... fdatasync resumed>) = 0 <0.2>',
      `2 10.3 <... read resumed>"${hex('hi')}", 65536) = 2 <0.2>`,
    ].join('\n'),
  );
  assert.deepEqual(
    calls.map(({ name, target, enteredAt }) => [name, target, enteredAt]),
    [
      ['fdatasync', '/a', 10],
      ['read', 'TCP:[127.0.0.1:2181->127.0.0.1:5000]', 10.1],
    ],
  );
  assert.equal(calls[1]?.bytes.toString(), 'hi');
});

test('errors, signals and exits are no calls that moved bytes', () => {
  const calls = parseStrace(
    [
      `1 1.0 read(6<TCP:[a]>, 0x7f, 65536) = -1 EAGAIN (Resource temporarily unavailable) <0.1>`,
      '1 1.1 --- SIGCHLD {si_signo=SIGCHLD} ---',
      '1 1.2 +++ exited with 0 +++',
    ].join('\n'),
  );
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.result, -1);
  assert.equal(calls[0]?.bytes.length, 0);
});
