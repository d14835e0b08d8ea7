/** Tables: what is written is read again, and lines that are no rows are none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvOf, readRow, rowOf } from './csv.ts';

test('values without line ends survive, whatever is in them', () => {
  const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (values) => {
      const line = rowOf(values);
      assert.ok(line.endsWith('\n'));
      assert.deepEqual(readRow(line.slice(0, -1)), values);
    }),
  );
});

test('rows as people write them, and what is none', () => {
  assert.deepEqual(readRow('a, b ,"c ""d"", e",'), ['a', 'b', 'c "d", e', '']);
  assert.deepEqual(readRow(''), ['']);
  for (const line of ['"a', '"a"b', '"a" ,b', 'a,"']) assert.equal(readRow(line), null, line);
  assert.equal(rowOf([null, true, false, 0.1, -0, 1e21, 'x y', 'x,y']), ',yes,no,0.1,0,1e+21,x y,"x,y"\n');
});

test('large tables come in parts', () => {
  const rows = Array.from({ length: 12_000 }, (_, at) => [at]);
  const parts = [...csvOf(['at'], rows)];
  assert.equal(parts.length, 3);
  assert.equal(parts.join(''), `at\n${rows.map(([at]) => `${at}\n`).join('')}`);
});
