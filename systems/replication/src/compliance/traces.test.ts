/** The golden traces of the order protocols. TRACE_REWRITE=1 writes what happens into the files. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runTrace } from '@concordat/sim';
import { traceSystem } from './trace-system.ts';

const orders = fileURLToPath(new URL('../../src/order/', import.meta.url));

for (const order of ['three-phase', 'speculative']) {
  const folder = `${orders}${order}/traces/`;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.trace'))) {
    test(`${order}: ${file}`, () => {
      const { text, problem } = runTrace(readFileSync(folder + file, 'utf8'), traceSystem);
      if (process.env['TRACE_REWRITE'] === '1' && problem !== null) writeFileSync(folder + file, text);
      else assert.equal(problem, null);
    });
  }
}
