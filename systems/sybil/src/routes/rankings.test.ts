/** Every scheme that admits, as a ranking: beside the others it parts honest from Sybils, and says no where it must. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createPrng } from '@concordat/kernel';
import { areaUnderRoc, HONEST, SYBIL } from '../evaluate/roc.ts';
import { objectionTo } from '../rank/ranking.ts';

import { admitByGuard, ROUTE_RANKINGS, rankingOf } from './rankings.ts';
import { attackedGraph, graphOf } from './testing/regions.ts';

const truth = (honest: number, sybils: number) =>
  new Uint8Array(honest + sybils).map((_, node) => (node < honest ? HONEST : SYBIL));

describe('rankings by routes, walks and tickets', () => {
  const graph = attackedGraph(300, 300, 4, 2, createPrng(8, 'rankings'));
  const labels = { honest: [5, 50, 150], sybils: [] };
  for (const ranking of ROUTE_RANKINGS) {
    test(`${ranking.name} parts honest from Sybils, and the same again`, () => {
      assert.equal(objectionTo(ranking, graph, labels, {}), null);
      const scores = ranking.rank(graph, labels, {});
      assert.ok(areaUnderRoc(scores, truth(300, 300)) > 0.9, `${areaUnderRoc(scores, truth(300, 300))}`);
      assert.deepEqual(ranking.rank(graph, labels, {}), scores);
    });
  }

  test('another seed draws other routes', () => {
    const [one, other] = [1, 2].map((seed) =>
      rankingOf('g', '', admitByGuard, seed).rank(graph, labels, { steps: 20 }),
    );
    assert.notDeepEqual(one, other);
  });

  test('SybilInfer refuses what is too large for it', () => {
    const large = graphOf(1_000_001, [[0, 1]]);
    const infer = ROUTE_RANKINGS.find(({ name }) => name === 'sybilinfer');
    assert.ok(infer !== undefined);
    assert.match(objectionTo(infer, large, { honest: [0], sybils: [] }, {}) ?? '', /above its limit/);
  });
});
