/** The small size of the benchmark of graphs, so that it cannot rot: it asserts counts and scores, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGraphsBench } from './bench.ts';
import { differenceOf, type GraphFigures, measureGraphs, OURS, PUSH } from './measure.ts';
import { parseGraphOptions } from './options.ts';
import { formatGraphs, graphVerdicts } from './report.ts';

test('a small graph is loaded and ranked, and a Python that is not there is told', async () => {
  const options = parseGraphOptions([
    '--edges',
    '3000',
    '--rounds',
    '2',
    '--compare',
    '--python',
    '/nowhere/python3',
  ]);
  assert.ok(typeof options !== 'string');
  const told: string[] = [];
  const [figures, ...more] = await measureGraphs(options, (line) => told.push(line));
  assert.equal(more.length, 0);
  assert.ok(figures !== undefined);
  // A clique of eleven nodes, and ten edges of each of the others.
  assert.deepEqual([figures.nodeCount, figures.edgeCount], [306, 3005]);
  const ours = figures.ranks.filter(({ who }) => who === OURS).map(({ task }) => task);
  assert.deepEqual(ours, ['personalised PageRank', 'PageRank', 'SybilRank', PUSH]);
  const push = figures.ranks.at(-1);
  assert.ok(push !== undefined && push.difference !== null && push.difference < 1e-3, `${push?.difference}`);
  assert.equal(figures.absent.length, 3);
  assert.match(figures.absent[0] ?? '', /nowhere\/python3 cannot be run .*--python/);
  assert.deepEqual(
    figures.loads.map(({ who }) => who),
    [OURS, 'graphology 0.26.0'],
  );
  const theirs = figures.ranks.find(({ who }) => who === 'graphology 0.26.0');
  assert.ok(theirs?.task === 'PageRank' && (theirs.difference ?? 1) < 1e-8, JSON.stringify(theirs));
  assert.match(formatGraphs([figures]), /^SybilRank +concordat +[\d.]+$/m);
  assert.deepEqual(graphVerdicts([figures]), []);
  assert.equal(told.length, 2);
});

test('slow rankings, other scores and heavy loads are findings', () => {
  const figures: GraphFigures = {
    ...{ nodeCount: 10, edgeCount: 20, fileBytes: 80, absent: [] },
    loads: [{ who: OURS, ms: 1, peakBytes: 3e9 }],
    ranks: [
      { task: 'PageRank', who: OURS, ms: 31, difference: null },
      { task: 'PageRank', who: 'peer', ms: 10, difference: 1e-3 },
      { task: PUSH, who: OURS, ms: 1, difference: 0.1 },
    ],
  };
  assert.deepEqual(graphVerdicts([figures]), [
    '20 edges, PageRank: 3.1 times as slow as peer',
    '20 edges, PageRank: peer has other scores (0.001)',
    '20 edges: loading took 3,000 MB',
  ]);
  assert.match(formatGraphs([figures]), /^PageRank +peer +10 +3\.10 +1\.0e-3$/m);
});

test('differences are relative, and of other lengths infinite', () => {
  assert.equal(differenceOf(Float64Array.of(1, 3), Float64Array.of(1, 2)), 0.25);
  assert.equal(differenceOf(Float64Array.of(1), Float64Array.of(1, 2)), Number.POSITIVE_INFINITY);
});

test('options that make no sense are told', async () => {
  assert.match(String(parseGraphOptions(['--peers', 'igraph,none'])), /not a list of igraph/);
  assert.match(String(parseGraphOptions(['--edges', '100'])), /too few edges/);
  assert.match(String(parseGraphOptions(['--rounds', '0'])), /not a positive number: 0/);
  assert.equal(await runGraphsBench(['--help']), 0);
  assert.equal(await runGraphsBench(['--unheard-of']), 2);
});
