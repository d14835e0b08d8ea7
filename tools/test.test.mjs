/** The runner itself: whatever a test process does, the run ends and says so. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { runSuite } from './test.mjs';
import { ROOT } from './workspace.mjs';

const folder = mkdtempSync(join(tmpdir(), 'runner-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs one test file of this text. */
function run(name, text, { budgetMs = 30_000, lingerMs = 30_000 } = {}) {
  const file = join(folder, `${name}.test.mjs`);
  writeFileSync(file, `import { describe, it, test } from 'node:test';\n${text}\n`);
  const suite = { folder: relative(ROOT, folder), sources: [relative(ROOT, file)], files: [file] };
  const limits = { deadline: Date.now() + 60_000, lingerMs, budgetMs: () => budgetMs };
  return runSuite(suite, limits, new Set());
}

const counts = ({ passed, failed, skipped }) => ({ passed, failed, skipped });

describe('the test runner', () => {
  it('counts tests, not suites', async () => {
    const text =
      "test('a', () => {}); describe('s', () => { it('b', () => {}); it('c', { skip: 'why' }, () => {}); });";
    assert.deepEqual(counts(await run('counts', text)), { passed: 2, failed: 0, skipped: 1 });
  });
  it('says why tests are skipped, and suites', async () => {
    const text = [
      "test('a', { skip: 'no disk' }, () => {}); test('b', { skip: 'no disk' }, () => {}); test('c', () => {});",
      "describe('s', { skip: 'no net' }, () => { it('d', () => {}); it('e', () => {}); });",
    ].join('\n');
    const result = await run('skips', text);
    assert.deepEqual(counts(result), { passed: 1, failed: 0, skipped: 3 });
    assert.deepEqual(
      [...result.skips],
      [
        ['no disk', 2],
        ['no net', 1],
      ],
    );
  });
  it('shows what failed, once', async () => {
    const result = await run(
      'fails',
      "describe('s', () => { it('b', () => { throw new Error('because'); }); });",
    );
    assert.deepEqual(counts(result), { passed: 0, failed: 1, skipped: 0 });
    assert.match(result.failures[0].error, /because/);
  });
  it('counts a file that cannot be loaded as a failure', async () => {
    const result = await run('unloadable', "import './missing.mjs';");
    assert.equal(result.failed, 1);
    assert.match(result.failures[0].error, /missing\.mjs/);
  });
  it('notices a process that leaves before its tests are done', async () => {
    const result = await run('leaves', "test('a', () => process.exit(0)); test('b', () => {});");
    assert.ok(result.failed > 0);
  });
  it('stops a file that exceeds its budget', async () => {
    const text = "test('a', async () => { await new Promise((r) => setTimeout(r, 60_000)); });";
    const result = await run('hangs', text, { budgetMs: 800 });
    assert.match(result.failures.at(-1).error, /exceeded its budget of 0\.8 s/);
  });
  it('waits for a test that never yields, also if nobody has heard of it yet', async () => {
    const text = "test('a', () => { const end = Date.now() + 2500; while (Date.now() < end); });";
    const result = await run('busy', text, { lingerMs: 1000 });
    assert.deepEqual(counts(result), { passed: 1, failed: 0, skipped: 0 });
  });
  it('charges a test that never yields to its own file, not to the one before it', async () => {
    const [quick, busy] = ['quick', 'long'].map((name) => join(folder, `${name}.test.mjs`));
    writeFileSync(quick, "import { test } from 'node:test';\ntest('a', () => {});\n");
    const spin = 'const end = Date.now() + 2500; while (Date.now() < end);';
    writeFileSync(busy, `import { test } from 'node:test';\ntest('b', () => { ${spin} });\n`);
    const files = [quick, busy];
    const suite = {
      folder: relative(ROOT, folder),
      sources: files.map((file) => relative(ROOT, file)),
      files,
    };
    const budgetMs = (source) => (source.endsWith('long.test.mjs') ? 30_000 : 1000);
    const result = await runSuite(
      suite,
      { deadline: Date.now() + 60_000, lingerMs: 30_000, budgetMs },
      new Set(),
    );
    assert.deepEqual(counts(result), { passed: 2, failed: 0, skipped: 0 });
  });
  it('stops a process that would not end', async () => {
    const result = await run('lingers', "test('a', () => { setInterval(() => {}, 1000); });", {
      lingerMs: 300,
    });
    assert.match(result.failures[0].error, /still open/);
    assert.equal(result.passed, 1);
  });
});
