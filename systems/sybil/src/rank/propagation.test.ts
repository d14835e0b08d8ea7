/** SybilSCAR, GANG, SybilBelief and CIA against what they approximate: linear systems, enumeration, matrices. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { close, type Edge, graphOf, graphs, matrixOf } from '../testing/graphs.ts';
import { walkWithRestart } from './cia.ts';
import { followGraph, gang, propagateOverFollows } from './gang.ts';
import { objectionTo, residualPriors } from './ranking.ts';
import { spectralBounds } from './spectrum.ts';
import { beliefs } from './sybilbelief.ts';
import { couplingObjection, propagateResiduals, sybilScarC, sybilScarD, usualCoupling } from './sybilscar.ts';

const complete = (size: number): Edge[] =>
  Array.from({ length: size }, (_, from) => from).flatMap((from) =>
    Array.from({ length: size - from - 1 }, (_, step): Edge => [from, from + step + 1]),
  );

test('the bounds enclose the spectral radius where it is known', () => {
  const star: Edge[] = Array.from({ length: 9 }, (_, leaf) => [0, leaf + 1]);
  const ring: Edge[] = Array.from({ length: 7 }, (_, node) => [node, (node + 1) % 7]);
  const cases: [number, number, readonly Edge[]][] = [
    [5, 6, complete(6)],
    [3, 10, star],
    [2, 7, ring],
    [0, 3, []],
  ];
  for (const [radius, nodeCount, edges] of cases) {
    const { low, high } = spectralBounds(graphOf(nodeCount, edges), 200);
    assert.ok(low <= radius + 1e-9 && high >= radius - 1e-9, `${low} ${radius} ${high}`);
    assert.ok(high - low < 0.01);
  }
});

test('every power of a non-negative matrix grows at least as its lower bound and at most as its upper', () => {
  fc.assert(
    fc.property(graphs(9), (graph) => {
      const { low, high } = spectralBounds(graph, 40);
      // Closed walks of 40 steps: their number lies between radius ** 40 and nodes times that.
      let power: number[][] = matrixOf(graph).map((row, from) => row.map((_, to) => (from === to ? 1 : 0)));
      const rows = matrixOf(graph);
      for (let step = 0; step < 40; step += 1)
        power = power.map((row) =>
          row.map((_, to) => row.reduce((sum, value, at) => sum + value * (rows[at]?.[to] as number), 0)),
        );
      const trace = power.reduce((sum, row, at) => sum + (row[at] as number), 0);
      assert.ok(trace >= low ** 40 * (1 - 1e-9));
      assert.ok(trace <= graph.nodeCount * high ** 40 * (1 + 1e-9));
    }),
  );
});

test('SybilSCAR with a coupling that converges solves its linear system, and a larger one is refused with the formula', () => {
  fc.assert(
    fc.property(
      graphs(8),
      fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), { minLength: 8 }),
      (graph, drawn) => {
        const { high } = spectralBounds(graph);
        const coupling = high === 0 ? 0.5 : 0.45 / (2 * high);
        assert.equal(couplingObjection(graph, coupling), null);
        const priors = Float64Array.from({ length: graph.nodeCount }, (_, node) => drawn[node] as number);
        const fixed = propagateResiduals(graph, priors, () => 2 * coupling, 2000);
        const rows = matrixOf(graph);
        // The last round changed less than the tolerance, and rounds contract by less than a half.
        const size = fixed.reduce((sum, value) => sum + Math.abs(value), 0);
        for (const [node, row] of rows.entries()) {
          const sum = row.reduce((all, weight, to) => all + weight * (fixed[to] as number), 0);
          const expected = Math.min(0.5, Math.max(-0.5, (priors[node] as number) + 2 * coupling * sum));
          assert.ok(Math.abs((fixed[node] as number) - expected) <= 2e-3 * size + 1e-12);
        }
      },
    ),
  );
  const graph = graphOf(6, complete(6));
  const labels = { honest: [0], sybils: [5] };
  assert.match(
    objectionTo(sybilScarC, graph, labels, { coupling: 0.11, mustConverge: true }) ?? '',
    /^sybilscar-c: 2 coupling rho\(A\) < 1 is not proved: coupling is 0\.1100, rho\(A\) is between 5\.000 and 5\.000; take less than 0\.1000$/,
  );
  assert.equal(objectionTo(sybilScarC, graph, labels, { coupling: 0.099, mustConverge: true }), null);
  assert.equal(objectionTo(sybilScarC, graph, labels, { coupling: 0.11 }), null);
});

test('by hand: SybilSCAR-C and -D on a path with a label at each end', () => {
  const path = graphOf(4, [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.ok(close(usualCoupling(path), 1 / 3));
  const labels = { honest: [0], sybils: [3] };
  const once = sybilScarC.rank(path, labels, { steps: 1, coupling: 0.25 });
  for (const [node, value] of [0.4, 0.2, -0.2, -0.4].entries()) assert.ok(close(once[node] as number, value));
  const mean = sybilScarD.rank(path, labels, { steps: 2 });
  // Round 1: 0.4, 0.2, -0.2, -0.4. Round 2: 0.4 + 0.2 cut to 0.5; (0.4 - 0.2) / 2.
  for (const [node, value] of [0.5, 0.1, -0.1, -0.5].entries()) assert.ok(close(mean[node] as number, value));
});

test('GANG passes guilt against an arc and honesty along it, and nothing else', () => {
  const priors = residualPriors(6, { honest: [0, 3], sybils: [1, 4] }, 0.9);
  // 0 (honest) follows 2; 1 (Sybil) follows 2; 5 follows 3 (honest) and 4 (Sybil).
  const arcs: Edge[] = [
    [0, 2],
    [1, 2],
    [5, 3],
    [5, 4],
  ];
  const residuals = propagateOverFollows(followGraph(graphOf(6, arcs, true)), priors, 0.1, 1);
  const expected = [0.4, -0.4, 0.08, 0.4, -0.4, -0.08];
  for (const [node, value] of expected.entries()) assert.ok(close(residuals[node] as number, value));
});

test('GANG where everybody follows back is SybilSCAR-C without weights', () => {
  fc.assert(
    fc.property(graphs(8), (graph) => {
      const plain = { ...graph, weights: null };
      const labels = { honest: [0], sybils: [1] };
      const mutual = { ...plain, isDirected: true };
      const options = { coupling: 0.07, confidence: 0.8 };
      const expected = sybilScarC.rank(plain, labels, options);
      for (const [node, value] of gang.rank(mutual, labels, options).entries())
        assert.ok(close(value, expected[node] as number));
    }),
  );
});

/** ln of the odds that each node is honest, by summing over all states. */
function exactLogOdds(
  nodeCount: number,
  edges: readonly Edge[],
  priors: Float64Array,
  homophily: number,
): number[] {
  const honest = new Float64Array(nodeCount);
  const sybil = new Float64Array(nodeCount);
  for (let state = 0; state < 2 ** nodeCount; state += 1) {
    const isHonest = (node: number): boolean => ((state >> node) & 1) === 1;
    let chance = 1;
    for (const [node, residual] of priors.entries())
      chance *= isHonest(node) ? 0.5 + residual : 0.5 - residual;
    for (const [a, b] of edges) chance *= isHonest(a) === isHonest(b) ? homophily : 1 - homophily;
    for (let node = 0; node < nodeCount; node += 1) (isHonest(node) ? honest : sybil)[node]! += chance;
  }
  return [...honest].map((value, node) => Math.log(value / (sybil[node] as number)));
}

test('SybilBelief is exact on trees', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(100), { minLength: 1, maxLength: 7 }),
      fc.array(fc.double({ min: -0.45, max: 0.45, noNaN: true }), { minLength: 8, maxLength: 8 }),
      fc.double({ min: 0.55, max: 0.95, noNaN: true }),
      (parents, drawn, homophily) => {
        const edges = parents.map((parent, at): Edge => [at + 1, parent % (at + 1)]);
        const nodeCount = edges.length + 1;
        const priors = Float64Array.from(drawn.slice(0, nodeCount));
        const found = beliefs(graphOf(nodeCount, edges), priors, homophily, nodeCount);
        const expected = exactLogOdds(nodeCount, edges, priors, homophily);
        for (const [node, value] of expected.entries()) assert.ok(close(found[node] as number, value, 1e-6));
      },
    ),
  );
});

test('SybilBelief keeps count where products leave the doubles: a hub between 700 honest and 600 Sybil leaves', () => {
  const leaves = 1300;
  const edges: Edge[] = Array.from({ length: leaves }, (_, leaf) => [0, leaf + 1]);
  const kinds = Array.from({ length: leaves }, (_, leaf) => leaf + 1);
  const labels = { honest: kinds.slice(0, 700), sybils: kinds.slice(700) };
  const priors = residualPriors(leaves + 1, labels, 0.9);
  const [hub] = beliefs(graphOf(leaves + 1, edges), priors, 0.9, 2);
  // Each leaf says 0.82 : 0.18, and they cancel but for 100.
  assert.ok(close(hub as number, 100 * Math.log(0.82 / 0.18), 1e-6));
});

test('badness of CIA sums to 1 and is the fixed point of its walk', () => {
  fc.assert(
    fc.property(graphs(8), fc.nat(2), (graph, start) => {
      const badness = walkWithRestart(graph, [start], 0.15);
      assert.ok(
        close(
          badness.reduce((sum, value) => sum + value, 0),
          1,
        ),
      );
      const rows = matrixOf(graph);
      const degrees = rows.map((row) => row.reduce((sum, weight) => sum + weight, 0));
      for (const [node, value] of badness.entries()) {
        const arrived =
          degrees[node] === 0
            ? value
            : rows.reduce(
                (sum, row, from) =>
                  sum +
                  (degrees[from] === 0
                    ? 0
                    : ((row[node] as number) * (badness[from] as number)) / (degrees[from] as number)),
                0,
              );
        assert.ok(Math.abs(value - 0.85 * arrived - (node === start ? 0.15 : 0)) < 2e-4);
      }
    }),
  );
});
