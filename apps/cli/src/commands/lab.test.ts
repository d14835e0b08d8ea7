/** The command of the lab: what it lists, runs and writes, and its status. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'concordat-lab-'));
after(() => rmSync(directory, { recursive: true }));

function lab(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'lab', ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test('list names what run takes', async () => {
  const { code, output } = await lab('list');
  assert.equal(code, 0);
  assert.match(output, /^message-delays +\S/m);
  const unknown = await lab('run', 'perpetual-motion');
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /no experiment 'perpetual-motion'/);
});

test('run asserts, writes what it found, and puts the table where it belongs', async () => {
  const document = join(directory, 'doc.md');
  const readme = fileURLToPath(new URL('../../../lab/README.md', import.meta.url));
  writeFileSync(document, readFileSync(readme, 'utf8'));
  const { code, output } = await lab('run', 'message-delays', '--out', directory, '--markdown', document);
  assert.equal(code, 0, output);
  assert.match(output, /^ {2}holds +pbft, \(1,1\), outside client.*: 5, exactly 5/m);
  const { findings } = JSON.parse(readFileSync(join(directory, 'message-delays', 'result.json'), 'utf8'));
  assert.ok(findings.length > 0);
  assert.match(readFileSync(join(directory, 'report.html'), 'utf8'), /message-delays/);
  assert.match(
    readFileSync(document, 'utf8'),
    /^\| pbft, \(1,1\), outside client.* \| 5 \| exactly 5 \| holds/m,
  );
  const misplaced = await lab('run', 'message-delays', '--markdown', join(directory, 'report.html'));
  assert.equal(misplaced.code, 1);
  assert.match(misplaced.output, /has no place for the table/);
  assert.doesNotMatch(misplaced.output, /holds/, 'it is said before anything runs');
  const missing = await lab('run', 'message-delays', '--markdown', join(directory, 'missing.md'));
  assert.equal(missing.code, 1);
  assert.match(missing.output, /cannot be read: Error: ENOENT.*missing\.md/);
});
