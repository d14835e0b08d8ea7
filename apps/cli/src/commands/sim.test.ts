/** What the swarm offers to whoever looks at one violation: fewer faults, the command that shows it again, a picture. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'concordat-sim-'));
after(() => rmSync(directory, { recursive: true }));

function sim(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'sim', ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

const faultsIn = (output: string): number => output.match(/^ {2}t=/gm)?.length ?? 0;

test('a violation is shrunk, replayed by the command it names, and drawn', async () => {
  // Found by: concordat sim keeper --seeds 100 --variant exposes-early
  const seed = ['keeper', '--seed', '27', '--variant', 'exposes-early'];
  const whole = await sim(...seed);
  assert.equal(whole.code, 1);
  const drawn = join(directory, 'drawn.html');
  const small = await sim(...seed, '--shrink', '--draw', drawn);
  assert.equal(small.code, 1);
  assert.ok(faultsIn(small.output) > 0 && faultsIn(small.output) < faultsIn(whole.output));
  const replay = small.output.match(/replay: concordat sim (.*)/)?.[1]?.split(' ') ?? [];
  assert.ok(replay.includes('--skip'));
  assert.equal((await sim(...replay)).output, small.output);
  assert.match(readFileSync(drawn, 'utf8'), /<h1>keeper, seed 27: /);
});

test('what is for one seed says so', async () => {
  for (const option of ['--trace', '--draw', '--skip']) {
    const { code, output } = await sim('replication', option, option === '--skip' ? '1' : 'file');
    assert.notEqual(code, 0);
    assert.match(output, /is for one seed/);
  }
});
