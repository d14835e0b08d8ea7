/** Edge files cut into chunks anywhere, layouts told from their first lines, and every kind of hostile line. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  createEdgeReader,
  createNodeNames,
  describeProblem,
  type EdgeFileOptions,
  finishEdges,
  nameOf,
  nodeNamed,
  nodeOfNumber,
  nodeOfText,
  type ReadEdges,
  type ReadProblem,
  readEdges,
} from '../index.ts';

/** Reads the text in chunks of `size` bytes: what was read, or the problems for which it was refused. */
function read(text: string, options: EdgeFileOptions = {}, size = 1e9): ReadEdges | readonly ReadProblem[] {
  const bytes = new TextEncoder().encode(text);
  const reader = createEdgeReader(options);
  for (let at = 0; at < bytes.length; at += size) readEdges(reader, bytes.subarray(at, at + size));
  return finishEdges(reader) ?? reader.problems;
}

/** Edges by the names of their ends, with their weights. */
function namedEdges(result: ReadEdges | readonly ReadProblem[]): string[] {
  if (!('edges' in result)) assert.fail(JSON.stringify(result));
  const { sources, targets, weights } = result.edges;
  return Array.from(
    sources,
    (source, at) =>
      `${nameOf(result.names, source)}-${nameOf(result.names, targets[at] as number)}${weights === null ? '' : `:${weights[at]}`}`,
  );
}

test('layouts: blanks, commas, semicolons, tabs, headers, quotes, comments, ends of lines, marks of UTF-8', () => {
  const cases: [string, EdgeFileOptions, string[]][] = [
    ['# a comment\n% another\n1 2\n 3\t 4 \n\n5 6', {}, ['1-2', '3-4', '5-6']],
    ['node_1,node_2\n0,1\n1,2\n', {}, ['0-1', '1-2']],
    ['\ufeffa;b\r\n7;8\r\n', {}, ['7-8']],
    ['alice bob\nbob carol\n', {}, ['alice-bob', 'bob-carol']],
    ['alice,bob\n', {}, ['alice-bob']],
    ['a,b\nc,d\n', { hasHeader: true }, ['c-d']],
    ['6,2,4,1289241911.72836\n6,5,-2,1289241941.5\n', { weight: 2, notPositive: 'skip' }, ['6-2:4']],
    ['w,to,from\n.5,2,1\n1e2,3,1\n', { source: 'from', target: 'to', weight: 'w' }, ['1-2:0.5', '1-3:100']],
    ['"a ""b""", c d ,x\n"e,f","g"\n', {}, ['a "b"-c d', 'e,f-g']],
    ['x y\tz\n', { delimiter: '\t' }, ['x y-z']],
    ['1 2\n', { nodes: 'text' }, ['1-2']],
    ['9007199254740991 0012\n', {}, ['9007199254740991-12']],
    ['', {}, []],
    ['# nothing', {}, []],
    ['ünï 東京\n', {}, ['ünï-東京']],
  ];
  for (const [text, options, expected] of cases)
    for (const size of [1, 2, 3, 7, 1e9])
      assert.deepEqual(namedEdges(read(text, options, size)), expected, text);
});

test('times stand beside the edges that are kept', () => {
  const result = read('1,2,-1,5\n2,3,4,1289241911.5\n3,1,1,7\n', { weight: 2, time: 3, notPositive: 'skip' });
  assert.ok('edges' in result);
  assert.deepEqual([...(result.times ?? [])], [1289241911.5, 7]);
  assert.equal(result.skippedCount, 1);
});

test('whatever the chunks, the same edges, nodes numbered by their first line', () => {
  const ids = fc.oneof(fc.nat(20), fc.maxSafeNat(), fc.integer({ min: 2 ** 22 - 2, max: 2 ** 22 + 2 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(ids, ids)),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      (edges, size, seed) => {
        const text = edges.map(([from, to]) => `${from} ${to}`).join('\n');
        const result = read(text, { seed }, size);
        assert.deepEqual(
          namedEdges(result),
          edges.map(([from, to]) => `${from}-${to}`),
        );
        assert.ok('edges' in result);
        const order = [...new Set(edges.flat())];
        assert.equal(result.edges.nodeCount, order.length);
        for (const [node, id] of order.entries()) assert.equal(nodeNamed(result.names, String(id)), node);
        assert.equal(nodeNamed(result.names, '123456789'), order.indexOf(123456789));
      },
    ),
  );
});

test('each kind of hostile line is told with its number and what stands there', () => {
  const cases: [string, EdgeFileOptions, number, RegExp][] = [
    ['1 2\n3 -4\n', {}, 2, /number -4 is negative/],
    ['1 2\n\n9007199254740992 1\n', {}, 3, /9007199254740992 is above 2\^53/],
    ['1 2\n3 99999999999999999999999\n', {}, 2, /above 2\^53/],
    ['1 2\n3 x\n', {}, 2, /'x' is not a node number/],
    ['1 x\n3 4\n', {}, 1, /'x' is not a node number/],
    ['1 2\n3 4.5\n', {}, 2, /'4.5' is not/],
    ['1 2\n3 0x10\n', {}, 2, /'0x10' is not/],
    ['1 2\n3\n', {}, 2, /no column for both nodes/],
    ['1 2 3\n3 4\n', { weight: 2 }, 2, /no column for the weight/],
    ['1 2 3\n', { weight: 2, time: 3 }, 1, /no column for the time/],
    ['1 2 NaN\n', { weight: 2 }, 1, /'NaN' is not a finite weight/],
    ['1 2 1\n1 2 Infinity\n', { weight: 2 }, 2, /'Infinity' is not a finite weight/],
    ['1 2 1e999\n', { weight: 2 }, 1, /'1e999' is not a finite weight/],
    ['1,2,\n', { weight: 2 }, 1, /'' is not a finite weight/],
    ['1 2 0\n', { weight: 2 }, 1, /weight 0 is not above zero/],
    ['1 2 -3\n', { weight: 2 }, 1, /weight -3 is not above zero/],
    ['1 2 1 soon\n', { weight: 2, time: 3 }, 1, /'soon' is not a time/],
    ['1,2\n"3,4\n', {}, 2, /quote is not closed/],
    ['a,b\n,c\n', {}, 2, /longer than 1024 bytes, or empty/],
    [`a,b\n${'c'.repeat(1025)},d\n`, {}, 2, /longer than 1024 bytes/],
    ['from,to\n1,2\n', { source: 'from', target: 'nobody' }, 1, /no column named 'nobody'/],
    ['1 2\n3 4\n', { limits: { nodes: 3 } }, 2, /more than 3 nodes/],
    ['1 2\n2 1\n1 2\n', { limits: { edges: 2 } }, 3, /more than 2 edges/],
    [`1 2\n${'3'.repeat(70_000)} 4\n`, {}, 2, /longer than 65536 bytes/],
    [`1 2\n#${'3'.repeat(70_000)}\n`, {}, 2, /longer than 65536 bytes/],
    ['1 2\n\u0000\u0000 1\n', {}, 2, /is not a node number/],
  ];
  for (const [text, options, line, pattern] of cases)
    for (const size of [1, 5, 100_000]) {
      const result = read(text, options, size);
      assert.ok(!('edges' in result), text.slice(0, 60));
      assert.equal(result.length, 1);
      assert.equal(result[0]?.line, line, text.slice(0, 60));
      assert.match(describeProblem(result[0] as ReadProblem), pattern);
    }
});

test('a line of a gigabyte is refused at its limit, and no more than that is kept of it', () => {
  const chunk = new Uint8Array(1 << 20).fill(0x31);
  const reader = createEdgeReader();
  readEdges(reader, new TextEncoder().encode('1 2\n'));
  let chunks = 0;
  for (; chunks < 1024 && !reader.isRefused; chunks += 1) readEdges(reader, chunk);
  assert.equal(chunks, 1);
  assert.deepEqual(reader.problems, [{ kind: 'line-too-long', line: 2, found: '65536' }]);
  assert.equal(finishEdges(reader), null);
});

test('tolerated problems are passed over and counted, their lines leave no nodes, and one more is too many', () => {
  const text = `1 2\n5 x\n-1 6\n${'7'.repeat(70_000)} 8\n2 3\n`;
  for (const size of [1, 1000, 1e9]) {
    const result = read(text, { tolerated: 3 }, size);
    assert.deepEqual(namedEdges(result), ['1-2', '2-3']);
    assert.ok('edges' in result);
    assert.equal(result.edges.nodeCount, 3);
    assert.deepEqual(
      result.problems.map(({ line }) => line),
      [2, 3, 4],
    );
    assert.equal(result.lineCount, 5);
    const refused = read(text, { tolerated: 2 }, size);
    assert.ok(!('edges' in refused));
    assert.deepEqual(
      refused.map(({ line }) => line),
      [2, 3, 4],
    );
  }
});

test('of many problems the first hundred are kept', () => {
  const result = read('1 2\n'.concat('x y\n'.repeat(1000)), { tolerated: 1000 });
  assert.ok('edges' in result);
  assert.equal(result.problemCount, 1000);
  assert.equal(result.problems.length, 100);
});

test('names go to nodes and back, numbers near and far and text alike', () => {
  const random = createPrng(4);
  const numbers = createNodeNames('numbers', 77);
  const text = createNodeNames('text', 77);
  const seen = new Map<number, number>();
  for (let draw = 0; draw < 20_000; draw += 1) {
    const id = random.chance(0.5) ? random.below(30_000_000) : random.uint32() * 0x10_0000 + random.below(4);
    if (!seen.has(id)) seen.set(id, seen.size);
    assert.equal(nodeOfNumber(numbers, id, true), seen.get(id));
    const name = new TextEncoder().encode(`n${id}`);
    assert.equal(nodeOfText(text, name, 0, name.length, true), seen.get(id));
  }
  for (const [id, node] of seen) {
    assert.equal(nameOf(numbers, node), String(id));
    assert.equal(nameOf(text, node), `n${id}`);
    assert.equal(nodeNamed(text, `n${id}`), node);
  }
  for (const name of ['x', '-1', '1.5', '90071992547409931', '']) assert.equal(nodeNamed(numbers, name), -1);
  assert.equal(nodeNamed(text, 'nobody'), -1);
});
