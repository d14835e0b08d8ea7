/** Files of graphs there and back, and every way in which they can be broken: each with the file and the line. */

import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  edgeCountOf,
  edgesOf,
  type Graph,
  type NodeNames,
  nameOf,
  preferentialAttachment,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { DirectedGraph, MultiDirectedGraph, MultiGraph, UndirectedGraph } from 'graphology';
import type { Attributes } from 'graphology-types';
import {
  fromGraphology,
  GraphError,
  type GraphErrorCode,
  type LoadOptions,
  loadGraph,
  saveGraph,
  toGraphology,
} from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'concordat-graphs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let fileCount = 0;
function fileOf(name: string, content: string | Uint8Array): string {
  fileCount += 1;
  const file = join(folder, `${fileCount}-${name}`);
  writeFileSync(file, content);
  return file;
}

/** Edges by name, sorted. */
function named(graph: Graph, names: NodeNames): string[] {
  const { sources, targets, weights } = edgesOf(graph);
  return Array.from(sources, (source, at) => {
    const ends = [nameOf(names, source), nameOf(names, targets[at] as number)];
    if (!graph.isDirected) ends.sort();
    return `${ends.join('-')}${weights === null ? '' : `:${weights[at]}`}`;
  }).sort();
}

const rejects = (
  file: string,
  code: GraphErrorCode,
  line: number | null,
  message: RegExp,
  options: LoadOptions = {},
) =>
  assert.rejects(loadGraph(file, options), (error) => {
    assert.ok(error instanceof GraphError, String(error));
    assert.deepEqual([error.code, error.line, error.file], [code, line, file], error.message);
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(line === null ? file : `${file}:${line}: `));
    return true;
  });

const big = preferentialAttachment({ nodeCount: 8000, edgesPerNode: 4 }, createPrng(1));

test('what is saved is loaded again, in every format, packed or not', async () => {
  for (const name of ['a.txt', 'a.csv', 'a.graphml', 'a.txt.gz', 'a.csv.gz', 'a.graphml.gz']) {
    const file = join(folder, name);
    await saveGraph(file, big);
    assert.equal(readFileSync(file)[0] === 0x1f, name.endsWith('.gz'));
    let [last, calls] = [0, 0];
    const loaded = await loadGraph(file, {
      onProgress: ({ bytesRead, bytesTotal, edgeCount }) => {
        assert.ok(bytesRead >= last && bytesRead <= bytesTotal && edgeCount <= edgeCountOf(big));
        last = bytesRead;
        calls += 1;
      },
    });
    assert.ok(calls > 0 && last > 0);
    assert.equal(edgeCountOf(loaded.graph), edgeCountOf(big));
    const { sources, targets } = edgesOf(big);
    assert.deepEqual(
      named(loaded.graph, loaded.names),
      Array.from(sources, (source, at) => [String(source), String(targets[at])].sort().join('-')).sort(),
    );
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.new')),
    [],
  );
});

test('names, weights and directions survive, however they are written', async () => {
  const text = '"a,b",ünï,0.5\n"say ""x""","<&>",3\nünï,"a,b",7\n';
  const source = await loadGraph(fileOf('names.csv', text), { weight: 2, isDirected: true });
  const expected = ['a,b-ünï:0.5', 'say "x"-<&>:3', 'ünï-a,b:7'].sort();
  assert.deepEqual(named(source.graph, source.names), expected);
  for (const name of ['again.csv.gz', 'again.graphml']) {
    const file = join(folder, name);
    await saveGraph(file, source.graph, { names: source.names });
    const options = name.endsWith('.gz')
      ? { weight: 'weight', source: 'source', target: 'target', isDirected: true }
      : {};
    const again = await loadGraph(file, options);
    assert.deepEqual(named(again.graph, again.names), expected);
    assert.equal(again.graph.isDirected, true);
  }
  await assert.rejects(
    saveGraph(join(folder, 'blank.txt'), (await loadGraph(fileOf('x.csv', 'a b,c\n'))).graph, {
      names: (await loadGraph(fileOf('y.csv', 'a b,c\n'))).names,
    }),
    { code: 'unwritable' },
  );
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('blank')));
});

const GEXF = `<?xml version="1.0"?>
<gexf xmlns="http://gexf.net/1.3"><meta><creator>somebody &amp; co</creator></meta>
<graph defaultedgetype="undirected"><nodes>
<node id="0" label="Hello"/><node id="1"/><node id="lonely"><attvalues><attvalue for="0" value="1"/></attvalues></node>
</nodes><edges><edge id="0" source="0" target="1" weight="2.5"/><edge source="1" target="1"/></edges></graph></gexf>`;

const GRAPHML = `<g:graphml xmlns:g="http://graphml.graphdrawing.org/xmlns">
<g:key id="d0" for="node" attr.name="weight"/><g:key id="d1" for="edge" attr.name="rating"/>
<g:graph edgedefault="directed"><g:node id="a"><g:data key="d1">no</g:data></g:node>
<g:edge source="a" target="b"><g:data key="d1"> 4 </g:data><g:data key="d9">x</g:data></g:edge>
<g:edge source="b" target="a"><g:data key="d1">-2</g:data></g:edge></g:graph></g:graphml>`;

test('GEXF and GraphML as others write them: prefixes, attributes, nodes without edges', async () => {
  const gexf = await loadGraph(fileOf('a.gexf', GEXF));
  assert.deepEqual(named(gexf.graph, gexf.names), ['0-1:2.5']);
  assert.deepEqual([gexf.graph.nodeCount, gexf.selfLoopCount, gexf.graph.isDirected], [3, 1, false]);
  const options = { weight: 'rating', notPositive: 'skip' } as const;
  const graphml = await loadGraph(fileOf('a.graphml', GRAPHML), options);
  assert.deepEqual(named(graphml.graph, graphml.names), ['a-b:4']);
  assert.deepEqual([graphml.skippedCount, graphml.graph.isDirected], [1, true]);
  await rejects(fileOf('b.graphml', GRAPHML), 'malformed', 5, /weight -2 is not above zero/, {
    weight: 'rating',
  });
});

test('broken documents are told with their lines', async () => {
  const attributes = Array.from({ length: 1001 }, (_, at) => `a${at}=""`).join(' ');
  const cases: [string, GraphErrorCode, number, RegExp][] = [
    [GEXF.slice(0, 240), 'truncated', 4, /ends too early/],
    [GEXF.replace('</nodes>', ''), 'malformed', 5, /not well-formed/],
    [GEXF.replace('2.5', 'NaN'), 'malformed', 5, /'NaN' is not a finite weight/],
    [GEXF.replace('2.5', ''), 'malformed', 5, /'' is not a finite weight/],
    [GEXF.replace('source="0" ', ''), 'malformed', 5, /lacks one of its ends/],
    [GEXF.replace('<node id="1"/>', '<node/>'), 'malformed', 4, /a node has no id/],
    [GEXF.replace('weight="2.5"', 'type="directed"'), 'malformed', 5, /mixed/],
    ['<gexf/>', 'malformed', 1, /no graph in this GEXF/],
    [GEXF.replace('Hello', 'H'.repeat(1 << 20)), 'malformed', 4, /not well-formed XML: Max buffer length/],
    [GEXF.replace('<node id="1"/>', '<a>'.repeat(1001)), 'malformed', 4, /elements lie deeper than 1000/],
    [GEXF.replace('label="Hello"', attributes), 'malformed', 4, /more than 1000 attributes/],
  ];
  for (const [text, code, line, message] of cases)
    await rejects(fileOf('broken.gexf', text), code, line, message);
  await rejects(fileOf('many.gexf', GEXF), 'too-large', 4, /more than 2 nodes/, { limits: { nodes: 2 } });
});

test('hostile edge lists are told with their lines', async () => {
  await rejects(fileOf('a.txt', '1 2\n3 -4\n'), 'malformed', 2, /number -4 is negative/);
  await rejects(fileOf('a.txt.gz', gzipSync('1 2\n3 4 NaN\n')), 'malformed', 1, /no column for the weight/, {
    weight: 2,
  });
  await rejects(
    fileOf('b.txt.gz', gzipSync('1 2 1\n3 4 NaN\n')),
    'malformed',
    2,
    /'NaN' is not a finite weight/,
    { weight: 2 },
  );
  await rejects(fileOf('c.txt', '1 2\n2 3\n3 4\n'), 'too-large', 3, /more than 2 edges/, {
    limits: { edges: 2 },
  });
  // A million bytes without an end of line pack into a thousand.
  await rejects(
    fileOf('d.txt.gz', gzipSync(`1 2\n${'7'.repeat(1 << 20)}`)),
    'too-large',
    2,
    /longer than 65536/,
  );
  const tolerant = await loadGraph(fileOf('e.txt', '1 2\nx y\n2 1\n2 2\n'), { tolerated: 1 });
  assert.deepEqual([tolerant.problemCount, tolerant.duplicateCount, tolerant.selfLoopCount], [1, 1, 1]);
});

test('packed files that end too early or are damaged, and files that cannot be read', async () => {
  const packed = gzipSync(
    Array.from({ length: 50_000 }, (_, at) => `${at} ${(at * 7919) % 50_000}\n`).join(''),
  );
  const cut = fileOf('cut.txt.gz', packed.subarray(0, packed.length >> 1));
  await assert.rejects(loadGraph(cut), (error) => {
    assert.ok(error instanceof GraphError && error.code === 'truncated', String(error));
    // Half of the packed bytes hold some half of the lines.
    assert.ok(error.line !== null && error.line > 10_000 && error.line < 40_000, `line ${error.line}`);
    return true;
  });
  const damaged = Buffer.from(packed);
  damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 64);
  await assert.rejects(loadGraph(fileOf('damaged.txt.gz', damaged)), (error) => {
    assert.ok(error instanceof GraphError);
    // What is unpacked from damaged bytes may also be nonsense before the damage shows.
    assert.ok(error.code === 'damaged' || error.code === 'malformed', error.message);
    return true;
  });
  await rejects(join(folder, 'nothing.txt'), 'disk', null, /ENOENT/);
  await rejects(folder, 'disk', null, /EISDIR/);
  await assert.rejects(saveGraph(join(folder, 'no', 'such', 'a.txt'), big), { code: 'disk' });
});

test('loading and saving stop when they are told to', async () => {
  const file = join(folder, 'stop.txt');
  await saveGraph(file, big);
  const reason = new Error('enough');
  const controller = new AbortController();
  const loading = loadGraph(file, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  await assert.rejects(loading, reason);
  await assert.rejects(loadGraph(file, { signal: controller.signal }), reason);
  await assert.rejects(saveGraph(join(folder, 'never.txt'), big, { signal: controller.signal }), reason);
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('never')));
});

test('times come with the edges as they stood', async () => {
  const loaded = await loadGraph(fileOf('t.csv', '6,2,4,10.5\n2,6,1,11\n'), { weight: 2, time: 3 });
  assert.deepEqual([...(loaded.timed?.times ?? [])], [10.5, 11]);
  assert.equal(loaded.timed?.edges.sources.length, 2);
  assert.equal(loaded.duplicateCount, 1);
});

test('graphology there and back', () => {
  const attributes: Attributes = { weight: 3 };
  const directed = new DirectedGraph();
  for (const node of ['x', 'y', 'alone']) directed.addNode(node);
  directed.addEdge('x', 'y', attributes);
  directed.addEdge('y', 'x', { weight: 1 });
  const imported = fromGraphology(directed, 'weight');
  assert.deepEqual(named(imported.graph, imported.names), ['x-y:3', 'y-x:1']);
  assert.equal(imported.graph.nodeCount, 3);
  const again = toGraphology(imported.graph, new DirectedGraph(), imported.names);
  assert.deepEqual(
    again.export().edges.map(({ source, target, attributes }) => [source, target, attributes?.['weight']]),
    [
      ['x', 'y', 3],
      ['y', 'x', 1],
    ],
  );
  const undirected = new UndirectedGraph();
  undirected.mergeEdge('a', 'b');
  assert.equal(fromGraphology(undirected).graph.isDirected, false);
  const mixed = new MultiGraph();
  mixed.mergeDirectedEdge('a', 'b');
  assert.equal(fromGraphology(mixed).graph.isDirected, true);
  mixed.mergeUndirectedEdge('b', 'c');
  assert.throws(() => fromGraphology(mixed), { code: 'malformed' });
  assert.throws(() => fromGraphology(undirected, 'weight'), { code: 'malformed' });
  const multiple = new MultiDirectedGraph();
  multiple.mergeNode('a');
  multiple.addEdge('a', 'a');
  assert.equal(fromGraphology(multiple).selfLoopCount, 1);
});

test('a packed file is what others unpack', async () => {
  const file = join(folder, 'plain.txt.gz');
  await saveGraph(file, big);
  const bytes: Uint8Array[] = [];
  for await (const chunk of createReadStream(file)) bytes.push(chunk);
  const lines = gunzipSync(Buffer.concat(bytes)).toString().trimEnd().split('\n');
  assert.equal(lines.length, edgeCountOf(big));
  assert.ok(lines.every((line) => /^\d+ \d+$/.test(line)));
});
