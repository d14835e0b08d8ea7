/** Erasure codes in engines that lack what their kernel needs: a process of its own for each, as V8's flags are for all of one. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const SCRIPT = `import { createErasureCode, createSimdMultiplier } from ${JSON.stringify(import.meta.resolve('@concordat/crypto'))};
  const parity = createErasureCode(2, 4).encode([Uint8Array.of(1), Uint8Array.of(2)]);
  console.log(typeof WebAssembly, createSimdMultiplier() === null ? 'tables' : 'kernel', parity.join());`;

const inEngine = (...flags: readonly string[]): string =>
  execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', SCRIPT], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
  }).trim();

test('the kernel serves where it can run, tables without WebAssembly or without vectors, with the same bytes', () => {
  assert.equal(inEngine(), 'object kernel 7,4');
  assert.equal(inEngine('--jitless'), 'undefined tables 7,4');
  // On this architecture V8 has vectors only with these instructions.
  if (process.arch === 'x64') assert.equal(inEngine('--no-enable-sse4-1'), 'object tables 7,4');
});
