/** The commands that explore: what they find, the line that shows it again, and where to go on. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

function check(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'check', ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test('twins: what goes wrong is replayed by the line that is printed', async () => {
  const { code, output } = await check('twins', '--count', '5', '--variant', 'smallQuorum');
  assert.equal(code, 1);
  const [, args = '', text = ''] = output.match(/replay: concordat check (.*) --scenario '(.*)'/) ?? [];
  const problem = output.match(/^index \d+: (.*)$/m)?.[1];
  const replayed = await check(...args.split(' '), '--scenario', text);
  assert.deepEqual(replayed, { code: 1, output: `${text}: ${problem}\n` });
  const honest = await check('twins', '--scenario', text);
  assert.match(honest.output, /: ok, \d+ operations$/m);
  assert.equal(honest.code, 0);
});

test('twins: a search goes on where it ended', async () => {
  const first = await check('twins', '--preset', 'zyzzyva', '--rounds', '2', '--count', '6');
  const next = first.output.match(/6 of 6 scenarios, .* 0 problems, next --from (\d+)/)?.[1] ?? '';
  assert.ok(Number(next) > 6, first.output);
  assert.match(first.output, /^510 scenarios of 2 rounds/m);
  const rest = await check('twins', '--rounds', '1', '--from', '60', '--count', '1000');
  assert.match(rest.output, /next --from 6\d\n15 scenarios/);
  assert.equal(rest.code, 0);
});

test('explorations end with a count, or with the way to what is wrong', async () => {
  const whole = await check('explore', 'speculative-log', '--slots', '3', '--views', '2');
  assert.deepEqual(whole, {
    code: 0,
    output: '794 states up to symmetry, complete in 556\nnothing is wrong\n',
  });
  const wrong = await check('explore', 'speculative-slot', '--rule', 'votes-first');
  assert.match(wrong.output, /both values are complete\n$/);
  assert.equal(wrong.code, 1);
  const some = await check('explore', 'speculative-slot', '--max-states', '100');
  assert.match(some.output, /given up/);
  assert.equal(some.code, 1);
});

test('what cannot be explored is refused', async () => {
  for (const args of [
    ['explore', 'speculative-slot', '--r', '2'],
    ['explore', 'speculative-log', '--slots', '4'],
    ['explore', 'speculative-log', '--views', '7'],
    ['twins', '--rounds', '9'],
    ['twins', '--scenario', '1:01'],
    ['twins', '--preset', 'crash'],
  ]) {
    const { code, output } = await check(...args);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(output, /between|at most|no scenario|Allowed choices/);
  }
});
