/** Integro with its predictor, TrustRank, the balance of ratings and the consensus, by hand and against plain formulas. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { mountAttack } from '../attack/attack.ts';
import { areaUnderRoc } from '../evaluate/roc.ts';
import { close, type Edge, graphOf, graphs, honestGraph, matrixOf } from '../testing/graphs.ts';
import { meanPlaces, placesOf } from './consensus.ts';
import { discountVictims, integro } from './integro.ts';
import { ratingBalance } from './rating-balance.ts';
import { sybilRank } from './sybilrank.ts';
import { trustAlongArcs } from './trustrank.ts';
import { FEATURE_COUNT, fitVictims, openEdges, victimFeatures, victimProbabilities } from './victims.ts';

test('edges of likely victims lose weight, down to a trace, and others keep theirs', () => {
  const graph = graphOf(4, [
    [0, 1, 3],
    [1, 2, 3],
    [2, 3, 3],
  ]);
  const discounted = matrixOf(discountVictims(graph, Float64Array.of(0.5, 0.1, 0.75, 1)));
  assert.equal(discounted[0]?.[1], 3);
  assert.equal(discounted[1]?.[2], 1.5);
  assert.ok(close(discounted[2]?.[3] as number, 3e-6));
});

test('Integro without likely victims is SybilRank; with the true victims it is better', () => {
  const honest = honestGraph(3);
  const edges = { kind: 'community', share: 0.3 } as const;
  const attack = { region: { kind: 'replica' }, edges, edgeCount: 2000 } as const;
  const { graph, kinds, victims } = mountAttack(honest, attack, createPrng(4));
  const labels = { honest: [5, 105, 205, 305], sybils: [] };
  const none = integro.rank(graph, labels, { victims: new Float64Array(graph.nodeCount) });
  const plain = sybilRank.rank(graph, labels, {});
  for (const [node, score] of plain.entries()) assert.ok(close(none[node] as number, score));
  const told = integro.rank(graph, labels, { victims: Float64Array.from(victims, (is) => 0.95 * is) });
  const [ours, theirs] = [areaUnderRoc(told, kinds), areaUnderRoc(plain, kinds)];
  assert.ok(1 - ours < (1 - theirs) / 5, `${ours} against ${theirs}`);
});

test('open edges are those whose ends have no friend in common', () => {
  fc.assert(
    fc.property(graphs(9), (graph) => {
      const rows = matrixOf(graph);
      const expected = rows.map(
        (row, from) =>
          row.filter(
            (weight, to) =>
              weight > 0 && !rows.some((other) => (other[from] as number) > 0 && (other[to] as number) > 0),
          ).length,
      );
      assert.deepEqual([...openEdges(graph)], expected);
    }),
  );
});

test('the fit of victims is where the gradient vanishes, and finds those who accept strangers', () => {
  const honest = honestGraph(5, 30);
  // A fifth of all accounts takes requests from strangers, each several times.
  const edges = { kind: 'community', share: 0.2 } as const;
  const attack = { region: { kind: 'replica' }, edges, edgeCount: 320 } as const;
  const { graph, honestCount, victims } = mountAttack(honest, attack, createPrng(6));
  const accounts = Array.from({ length: honestCount }, (_, node) => node);
  const sample = {
    victims: accounts.filter((node) => victims[node] === 1).slice(0, 30),
    careful: accounts.filter((node) => victims[node] === 0).slice(0, 60),
  };
  const features = victimFeatures(graph);
  const weights = fitVictims(features, sample, 0.5);
  for (let at = 0; at < FEATURE_COUNT; at += 1) {
    let gradient = 0.5 * (weights[at] as number);
    for (const node of [...sample.victims, ...sample.careful]) {
      const row = features.subarray(node * FEATURE_COUNT, (node + 1) * FEATURE_COUNT);
      const score = row.reduce((sum, value, place) => sum + value * (weights[place] as number), 0);
      const error = 1 / (1 + Math.exp(-score)) - (victims[node] as number);
      gradient += error * (row[at] as number);
    }
    assert.ok(Math.abs(gradient) < 1e-8);
  }
  const chances = victimProbabilities(graph, sample);
  const rest = accounts.filter((node) => !sample.victims.includes(node) && !sample.careful.includes(node));
  const mean = (kind: number): number => {
    const some = rest.filter((node) => victims[node] === kind);
    return some.reduce((sum, node) => sum + (chances[node] as number), 0) / some.length;
  };
  assert.ok(mean(1) > mean(0) + 0.1, `${mean(1)} against ${mean(0)}`);
});

test('what a Sybil says about others earns it no TrustRank', () => {
  const arcs: Edge[] = [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 0],
    [3, 0],
    [3, 1],
    [3, 2],
    [3, 4],
    [4, 3],
  ];
  const trust = trustAlongArcs(graphOf(5, arcs, true), [0]);
  assert.ok(
    close(
      trust.reduce((sum, value) => sum + value, 0),
      1,
    ),
  );
  assert.deepEqual([trust[3], trust[4]], [0, 0]);
  assert.ok((trust[1] as number) > (trust[2] as number));
});

test('bad ratings count with the trust of the rater, so strangers cannot slander', () => {
  const good = graphOf(
    5,
    [
      [0, 2, 6],
      [1, 3, 1],
    ],
    true,
  );
  const bad = graphOf(
    5,
    [
      [1, 2, 2],
      [4, 2, 10],
      [0, 3, 1],
    ],
    true,
  );
  const balance = ratingBalance(good, bad, Float64Array.of(0.5, 0.5, 0, 0, 0));
  assert.deepEqual([...balance], [0, 0, 0.5, 0, 0]);
});

test('places are those of a sorted list, equal scores sharing theirs', () => {
  assert.deepEqual([...placesOf(Float64Array.of(5, -1, 5, 7))], [0.375, 0, 0.375, 0.75]);
  assert.deepEqual([...meanPlaces([Float64Array.of(1, 2), Float64Array.of(9, 3)])], [0.25, 0.25]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1 }), (drawn) => {
      const places = placesOf(Float64Array.from(drawn));
      const mean = places.reduce((sum, place) => sum + place, 0) / drawn.length;
      assert.ok(close(mean, (drawn.length - 1) / 2 / drawn.length));
      for (const [a, left] of drawn.entries())
        for (const [b, right] of drawn.entries())
          assert.equal(Math.sign((places[a] as number) - (places[b] as number)), Math.sign(left - right));
    }),
  );
});
