/** SybilInfer: counts against plain recounting, attacked and unattacked graphs, no walks no knowledge, and what it refuses. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { createLogTables, emptyCut, logLikelihood, moveNode } from './likelihood.ts';
import { inferAdmissions, inferObjection, sweepSides } from './sybilinfer.ts';
import { plainCounts, plainLikelihood, plainProbabilities } from './testing/plain-inference.ts';
import { attackedGraph, cliqueEdges, expanderEdges, graphOf, markedBetween } from './testing/regions.ts';
import { tracesOf, walkEnds } from './traces.ts';

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
    const perNode = 4000;
    const ends = walkEnds(graphOf(9, edges), perNode, 60, random());
    for (let node = 0; node < 9; node += 1) {
      const arriving = ends.filter((end) => end === node).length;
      assert.ok(Math.abs(arriving - perNode) < 0.06 * perNode, `${node}: ${arriving}`);
    }
  });

  test('stay on a path between a node of one neighbour and one of three as often as degrees say', () => {
    // 0 - 1, and 1 - 2, 1 - 3: from 0 a step is taken one time in three, from 1 always, to each alike.
    const star = graphOf(4, [
      [0, 1],
      [1, 2],
      [1, 3],
    ]);
    const ends = walkEnds(star, 30_000, 1, random());
    const share = (from: number, to: number) =>
      ends.subarray(from * 30_000, (from + 1) * 30_000).filter((end) => end === to).length / 30_000;
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [1, 2],
      [1, 3],
    ] as const)
      assert.ok(Math.abs(share(from, to) - 1 / 3) < 0.015, `${from} ${to} ${share(from, to)}`);
  });

  test('are kept by both their ends, and those that come back apart', () => {
    // Two walks from each of three nodes.
    const { offsets, others, loops } = tracesOf(2, Uint32Array.of(1, 0, 1, 2, 0, 0));
    assert.deepEqual([...loops], [1, 1, 0]);
    assert.deepEqual([...offsets], [0, 3, 5, 8]);
    const rows = [0, 1, 2].map((node) => [...others.subarray(offsets[node], offsets[node + 1])].sort());
    assert.deepEqual(rows, [
      [1, 2, 2],
      [0, 2],
      [0, 0, 1],
    ]);
  });
});

/** A graph of twelve nodes, and walks on it. */
function tracedGraph(seed: number) {
  const graph = graphOf(12, expanderEdges(0, 12, 2, createPrng(seed, 'g')));
  const ends = walkEnds(graph, 3, 2, createPrng(seed, 't'));
  return { ends, traces: tracesOf(3, ends), tables: createLogTables(12, 3) };
}

test('counts kept while nodes move are those of the set, and so is the likelihood', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(11), { maxLength: 40 }), (seed, moves) => {
      const { ends, traces, tables } = tracedGraph(seed);
      const cut = emptyCut(traces);
      for (const node of moves) moveNode(cut, node);
      const { honestCount, stayingHonest, stayingSybil } = cut;
      const plain = plainCounts(3, ends, cut.isHonest);
      assert.deepEqual([honestCount, stayingHonest, stayingSybil], plain);
      const kept = logLikelihood(tables, honestCount, stayingHonest, stayingSybil);
      assert.ok(Math.abs(kept - plainLikelihood(12, 3, plain)) < 1e-9);
    }),
  );
});

test('by hand: two walks that stay and two that leave', () => {
  // Four nodes, one walk from each, two nodes in X; from X one stays, from the others all.
  const tables = createLogTables(4, 1);
  const expected = Math.log(0.5 / 2) + Math.log(0.5 / 2) + 2 * Math.log(1 / 2);
  assert.ok(Math.abs(logLikelihood(tables, 2, 1, 2) - expected) < 1e-12);
  // Walks that flee from X are no sign of it: as likely as chance makes them.
  const fled = 2 * Math.log(0.5 / 2) + 2 * Math.log(1 / 2);
  assert.ok(Math.abs(logLikelihood(tables, 2, 0, 2) - fled) < 1e-12);
});

test('sweeps find the probabilities that weighing every set by its likelihood gives', () => {
  for (const seed of [1, 2, 3]) {
    const { ends, traces, tables } = tracedGraph(seed);
    const isSeed = new Uint8Array(12);
    isSeed[3] = 1;
    const logOdds = Math.log(0.6 / 0.4);
    const exact = plainProbabilities(3, ends, isSeed, logOdds);
    const cut = emptyCut(traces);
    moveNode(cut, 3);
    const sums = new Float64Array(12);
    const dice = createPrng(seed, 'sweeps');
    const sweeps = 40_000;
    for (let sweep = 0; sweep < sweeps; sweep += 1) sweepSides(cut, tables, isSeed, logOdds, sums, dice);
    for (const [node, probability] of exact.entries())
      if (isSeed[node] === 0)
        assert.ok(Math.abs((sums[node] as number) / sweeps - probability) < 0.02, `${seed} ${node}`);
  }
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
