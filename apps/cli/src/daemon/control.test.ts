/** Where a control socket cannot be, its user is told why. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommandError } from '../errors.ts';
import { ask, startControl } from './control.ts';

const parent = mkdtempSync(join(tmpdir(), 'control-'));
after(() => rmSync(parent, { recursive: true, force: true }));

const pathOf = (bytes: number): string => join(parent, 'x'.repeat(bytes - parent.length - 1));

test('a path that systems would cut is refused, the longest that they take is not', async () => {
  await assert.rejects(
    startControl(pathOf(104), () => ({})),
    (error) => error instanceof CommandError && error.code === 'path-too-long',
  );
  const control = await startControl(pathOf(103), () => ({ fine: true }));
  assert.deepEqual(await ask(pathOf(103), 'status'), { fine: true });
  await control.close();
});
