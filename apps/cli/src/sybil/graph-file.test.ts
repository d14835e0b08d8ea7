/** Graphs as users have them: names, columns, weights and directions; and files that are none, told with their line. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CommandError } from '../errors.ts';
import { type GraphFileOptions, openGraph } from './graph-file.ts';
import { type NamedGraph, readAs } from './named-graph.ts';

const directory = mkdtempSync(join(tmpdir(), 'concordat-graph-file-'));
after(() => rmSync(directory, { recursive: true }));

const PLAIN: GraphFileOptions = {
  format: null,
  isDirected: false,
  isWeighted: false,
  isPositiveOnly: false,
  columns: null,
  weightColumn: null,
  hasHeader: null,
  names: null,
};

function open(
  name: string,
  content: string | Uint8Array,
  options: Partial<GraphFileOptions> = {},
): Promise<NamedGraph> {
  const file = join(directory, name);
  writeFileSync(file, content);
  return openGraph(file, { ...PLAIN, ...options }, () => {});
}

/** Arcs by name, with their weights where there are any. */
function arcs({ graph, nameOf }: NamedGraph): string[] {
  const found: string[] = [];
  for (let node = 0; node < graph.nodeCount; node += 1)
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      found.push(
        `${nameOf(node)}>${nameOf(graph.targets[arc] as number)}${graph.weights === null ? '' : `:${graph.weights[arc]}`}`,
      );
  return found.sort();
}

test('names are those of the file, and find their accounts', async () => {
  for (const [text, names] of [
    ['# friends\nann\tbob\nbob ümit\n', ['ann', 'bob', 'ümit']],
    ['from,to\n7,9\n9,11\n', ['7', '9', '11']],
    ['"a, b",c\n', ['a, b', 'c']],
  ] as const) {
    const named = await open('names.csv', text);
    for (const [node, name] of names.entries()) {
      assert.equal(named.nameOf(node), name);
      assert.equal(named.nodeOf(name), node);
    }
    assert.equal(named.nodeOf('nobody'), undefined);
    assert.equal(named.nodeOf('12345678901234567890'), undefined);
  }
  const kept = await open('zeros.txt', '007 7\n', { names: 'text' });
  assert.deepEqual([kept.nameOf(0), kept.nodeOf('7')], ['007', 1]);
});

test('packed files, columns by name and by place, headers over text, weights, signed ratings', async () => {
  const rated = 'who,whom,when,rating\nann,bob,3,2.5\nbob,ann,4,-1\nbob,cid,5,1\n';
  const options = {
    hasHeader: true,
    weightColumn: 'rating',
    isDirected: true,
    isPositiveOnly: true,
  } as const;
  const weighted = await open('rated.csv.gz', gzipSync(rated), { ...options, isWeighted: true });
  assert.deepEqual(arcs(weighted), ['ann>bob:2.5', 'bob>cid:1']);
  assert.deepEqual(weighted.remarks, ['1 edges with weights of zero or less are left out']);
  assert.deepEqual(arcs(await open('rated.csv', rated, options)), ['ann>bob', 'bob>cid']);
  const swapped = await open('rated.csv', rated, {
    hasHeader: true,
    columns: ['whom', 'who'],
    isDirected: true,
  });
  assert.deepEqual(arcs(swapped), ['ann>bob', 'bob>ann', 'cid>bob']);
  const placed = await open('placed.txt', 'x ann bob\nx bob ann\ny bob bob\n', { columns: [1, 2] });
  assert.deepEqual(arcs(placed), ['ann>bob', 'bob>ann']);
  assert.deepEqual(placed.remarks, [
    '1 edges repeat others and count once',
    '1 edges of an account with itself are left out',
  ]);
});

test('follows are read as they stand, as friendships, or where they go both ways', async () => {
  const follows = await open('follows.txt', 'a b\nb a\na c\n', { isDirected: true });
  assert.deepEqual(arcs(readAs(follows, 'directed')), ['a>b', 'a>c', 'b>a']);
  assert.deepEqual(arcs(readAs(follows, 'undirected')), ['a>b', 'a>c', 'b>a', 'c>a']);
  assert.deepEqual(arcs(readAs(follows, 'reciprocal')), ['a>b', 'b>a']);
});

test('GraphML and GEXF; their weights count only when asked for', async () => {
  const gexf =
    '<gexf><graph defaultedgetype="undirected"><nodes><node id="a"/><node id="b"/></nodes><edges><edge source="a" target="b" weight="3"/></edges></graph></gexf>';
  assert.deepEqual(arcs(await open('a.gexf', gexf)), ['a>b', 'b>a']);
  assert.deepEqual(arcs(await open('a.gexf', gexf, { isWeighted: true })), ['a>b:3', 'b>a:3']);
  const graphml = '<graphml><graph edgedefault="undirected"><edge source="x" target="y"/></graph></graphml>';
  assert.deepEqual(arcs(await open('unnamed', graphml, { format: 'graphml' })), ['x>y', 'y>x']);
});

const fails = (
  name: string,
  content: string | Uint8Array,
  message: RegExp,
  options: Partial<GraphFileOptions> = {},
) =>
  assert.rejects(open(name, content, options), (error) => {
    assert.ok(error instanceof CommandError, String(error));
    assert.equal(error.code, 'bad-graph');
    assert.match(error.message, message);
    return true;
  });

test('what is no graph is told with its line', async () => {
  await fails('one.txt', '1 2\n3\n', /one\.txt:2: there is no column/);
  await fails('negative.txt', '1 2\n2 -3\n', /negative\.txt:2: the node number -3 is negative/);
  await fails('huge.txt', '1 2\n2 3\n1 99999999999999999999\n', /huge\.txt:3: .*2\^53/);
  await fails('nan.txt', '1 2 1\n2 3 NaN\n', /nan\.txt:2: 'NaN' is not a finite weight/, {
    isWeighted: true,
  });
  await fails('below.txt', '1 2 1\n2 3 -1\n', /below\.txt:2: the weight -1 is not above zero/, {
    isWeighted: true,
  });
  await fails('long.txt', `1 2\n${'x'.repeat(100_000)}\n`, /long\.txt:2: a line is longer than 65536 bytes/);
  const whole = gzipSync(
    Array.from({ length: 20_000 }, (_, at) => `${at} ${(at * 7919) % 20_011}\n`).join(''),
  );
  await fails(
    'cut.txt.gz',
    whole.subarray(0, whole.length / 2),
    /cut\.txt\.gz:\d+: the packed file ends too early/,
  );
  await fails('empty.txt', '# nothing\n', /there is no edge in it/);
  await fails('cut.gexf', '<gexf><graph>', /the document ends too early/);
  await fails('header.csv', 'a,b\n1,2\n', /no column named 'c'/, { columns: ['a', 'c'] });
  await assert.rejects(
    openGraph(join(directory, 'none.txt'), PLAIN, () => {}),
    { code: 'bad-graph' },
  );
});
