/** SybilInfer: counts against plain recounting, attacked and unattacked graphs, no walks no knowledge, and what it refuses. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { countsAfter, countsOf, emptyCut, logLikelihood, moveNode } from './likelihood.ts';
import { inferAdmissions, inferObjection } from './sybilinfer.ts';
import { attackedGraph, cliqueEdges, expanderEdges, graphOf, markedBetween } from './testing/regions.ts';
import { traceWalks } from './traces.ts';

const random = () => createPrng(2, 'infer');

describe('traces', () => {
  test('end everywhere alike, however many friends somebody has', () => {
    // A star of eight around node 0, and a ring of them.
    const edges = Array.from(
      { length: 8 },
      (_, at) =>
        [
          [0, at + 1],
          [at + 1, ((at + 1) % 8) + 1],
        ] as const,
    ).flat();
    const { offsets, ends, begins, perNode } = traceWalks(graphOf(9, edges), 4000, 60, random());
    for (let node = 0; node < 9; node += 1) {
      const arriving = (offsets[node + 1] as number) - (offsets[node] as number);
      assert.ok(Math.abs(arriving - perNode) < 0.06 * perNode, `${node}: ${arriving}`);
    }
    // The second list is the first, by where walks end.
    const pairs = Array.from(ends, (end, at) => `${Math.floor(at / perNode)},${end}`).sort();
    const again: string[] = [];
    for (let node = 0; node < 9; node += 1)
      for (const begin of begins.subarray(offsets[node], offsets[node + 1])) again.push(`${begin},${node}`);
    assert.deepEqual(again.sort(), pairs);
  });
});

test('counts kept while nodes move are those of the set', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(11), { maxLength: 40 }), (seed, moves) => {
      const graph = graphOf(12, expanderEdges(0, 12, 2, createPrng(seed, 'g')));
      const traces = traceWalks(graph, 3, 2, createPrng(seed, 't'));
      const cut = emptyCut(traces);
      for (const node of moves) {
        const foreseen = countsAfter(cut, node);
        moveNode(cut, node);
        assert.deepEqual(countsOf(cut), foreseen);
      }
      const staying = [0, 0];
      for (const [at, end] of traces.ends.entries()) {
        const side = cut.isHonest[Math.floor(at / 3)] as number;
        if (cut.isHonest[end] === side) staying[side]! += 1;
      }
      assert.deepEqual(countsOf(cut), [
        cut.isHonest.reduce((sum, one) => sum + one, 0),
        staying[1],
        staying[0],
      ]);
    }),
  );
});

test('by hand: two walks that stay and two that leave', () => {
  // Four nodes, one walk from each, two nodes in X; from X one stays, from the others all.
  const traces = {
    perNode: 1,
    ends: Uint32Array.of(0, 2, 2, 3),
    offsets: Uint32Array.of(0, 1, 1, 3, 4),
    begins: Uint32Array.of(0, 1, 2, 3),
  };
  const expected = Math.log(0.5 / 2) + Math.log(0.5 / 2) + 2 * Math.log(1 / 2);
  assert.ok(Math.abs(logLikelihood(traces, [2, 1, 2]) - expected) < 1e-12);
  // Walks that flee from X are no sign of it: as likely as chance makes them.
  const fled = 2 * Math.log(0.5 / 2) + 2 * Math.log(1 / 2);
  assert.ok(Math.abs(logLikelihood(traces, [2, 0, 2]) - fled) < 1e-12);
});

describe('probabilities', () => {
  const honest = 300;

  test('part the honest from the Sybils', () => {
    const graph = attackedGraph(honest, 300, 5, 10, random());
    const { accepted, scores } = inferAdmissions(graph, [3], {}, random());
    assert.ok(markedBetween(accepted, 0, honest) > 0.98 * honest);
    assert.ok(markedBetween(accepted, honest, 600) < 0.02 * 300);
    assert.ok(scores.every((score) => score >= 0 && score <= 1 + 1e-9));
    assert.ok((scores[3] as number) > 1 - 1e-9);
  });

  test('are those of the prior where walks are so long that they tell nothing', () => {
    const graph = attackedGraph(honest, 300, 5, 10, random());
    const { scores } = inferAdmissions(graph, [3], { steps: 1000, prior: 0.7 }, random());
    const means = [0, honest].map(
      (from) => scores.subarray(from, from + 300).reduce((sum, score) => sum + score, 0) / 300,
    );
    for (const mean of means) assert.ok(Math.abs(mean - 0.7) < 0.1, `${means}`);
  });

  test('call everybody honest where there is no cut', () => {
    const graph = graphOf(honest, expanderEdges(0, honest, 6, random()));
    const { accepted } = inferAdmissions(graph, [3], {}, random());
    assert.ok(markedBetween(accepted, 0, honest) > 0.98 * honest);
    const clique = inferAdmissions(graphOf(80, cliqueEdges(0, 80)), [3], {}, random());
    assert.ok(markedBetween(clique.accepted, 0, 80) >= 72);
  });

  test('are 0 out of reach of the seeds', () => {
    const graph = graphOf(11, [...cliqueEdges(0, 5), ...cliqueEdges(5, 5)]);
    const { accepted, scores } = inferAdmissions(graph, [0], {}, random());
    assert.deepEqual([...accepted], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    assert.ok(scores.subarray(5).every((score) => score === 0));
    assert.deepEqual([...inferAdmissions(graph, [10], {}, random()).accepted].indexOf(1), 10);
  });
});

test('graphs above the limit, directed ones and no seeds are refused in words', () => {
  const graph = graphOf(11, cliqueEdges(0, 5));
  assert.equal(inferObjection(graph, [0]), null);
  assert.match(inferObjection(graph, [0], { nodeLimit: 10 }) ?? '', /11 nodes is above its limit of 10/);
  assert.match(inferObjection(graph, []) ?? '', /needs accounts/);
  assert.match(inferObjection({ ...graph, isDirected: true }, [0]) ?? '', /undirected/);
});
