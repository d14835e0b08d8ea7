/** The golden traces of three-phase agreement. TRACE_REWRITE=1 writes what happens into the files. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runTrace } from '@concordat/sim';
import { traceSystem } from './trace-system.ts';

const folder = fileURLToPath(new URL('../../src/order/three-phase/traces/', import.meta.url));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.trace'))) {
  test(file, () => {
    const { text, problem } = runTrace(readFileSync(folder + file, 'utf8'), traceSystem);
    if (process.env['TRACE_REWRITE'] === '1' && problem !== null) writeFileSync(folder + file, text);
    else assert.equal(problem, null);
  });
}
