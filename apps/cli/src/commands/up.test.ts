/** What `concordat up` says before it starts anything. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const DEADLINE_MS = 20_000;

/** Runs the command to its end; a status of null if it does not end by itself. */
function concordat(...args: string[]): Promise<{ readonly status: number | null; readonly errors: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: DEADLINE_MS,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (status) => resolve({ status, errors }));
  });
}

test('a taken port is named, with what to do, and nothing is started', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    const { status, errors } = await concordat('up', '--ephemeral', '--base-port', `${address.port}`);
    assert.equal(status, 1);
    assert.match(errors, new RegExp(`port ${address.port} of 127\\.0\\.0\\.1 is in use`));
    assert.match(errors, /--base-port/);
  } finally {
    server.close();
  }
});

test('ports beyond the last one are refused', async () => {
  const { status, errors } = await concordat('up', '--ephemeral', '--base-port', '65400');
  assert.equal(status, 1);
  assert.match(errors, /at most 65332/);
});
