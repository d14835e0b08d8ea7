/** Explanations: the sparsest cut against all subsets, chains, mixing of graphs with known spectra, every ground, and the words. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createPushScratch,
  cutAround,
  degreeOf,
  type Graph,
  joinGraphs,
  marksOf,
  plantedCommunities,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { sybilRank } from '../rank/sybilrank.ts';
import {
  attackEdges,
  attackedGraph,
  cliqueEdges,
  type Edge,
  expanderEdges,
  graphOf,
} from '../routes/testing/regions.ts';
import { boundOf } from './bounds.ts';
import { countChains, createChainSearch } from './chains.ts';
import { eigenSymmetric } from './eigen.ts';
import { createExplainer } from './explainer.ts';
import { type Explanation, explainAccount } from './explanation.ts';
import { measureMixing } from './mixing.ts';
import { regionAround } from './region.ts';
import { sparsestCut } from './sparsest-cut.ts';
import { explanationLines } from './text.ts';

const random = () => createPrng(3, 'explain');

/** Two cliques of `size` with `bridges` edges between. */
function twoCliques(size: number, bridges: number): Graph {
  const across = Array.from({ length: bridges }, (_, at): Edge => [at, size + at]);
  return graphOf(2 * size, [...cliqueEdges(0, size), ...cliqueEdges(size, size), ...across]);
}

describe('the sparsest cut', () => {
  test('is the best of all subsets of the region that hold the account', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 6, max: 14 }), (seed, size) => {
        const graph = graphOf(size, expanderEdges(0, size, 2, createPrng(seed, 'g')));
        if (degreeOf(graph, 0) === 0) return;
        const half = graph.targets.length / 2;
        const region: number[] = [];
        let volume = 0;
        for (let node = 0; node < size && volume + degreeOf(graph, node) <= half; node += 1) {
          region.push(node);
          volume += degreeOf(graph, node);
        }
        if (region.length === 0) return;
        let best = Number.POSITIVE_INFINITY;
        for (let subset = 0; subset < 1 << (region.length - 1); subset += 1) {
          const nodes = [0, ...region.slice(1).filter((_, at) => (subset >> at) & 1)];
          best = Math.min(best, cutAround(graph, marksOf(size, nodes)).conductance);
        }
        const cut = sparsestCut(graph, Uint32Array.from(region), Uint32Array.of(0));
        assert.ok(Math.abs(cut.conductance - best) < 1e-9);
        assert.ok(Math.abs(cutAround(graph, marksOf(size, cut.members)).weight - cut.weight) < 1e-9);
        assert.ok(cut.members.includes(0));
      }),
      { numRuns: 100 },
    );
  });

  test('of weighted edges goes by their weight', () => {
    // A chain of five: the account at one end, a light edge two steps on.
    const graph: Graph = {
      ...graphOf(5, [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ]),
      weights: Float64Array.of(9, 9, 8, 8, 1, 1, 40, 40),
    };
    const cut = sparsestCut(graph, Uint32Array.of(0, 1, 2), Uint32Array.of(0));
    assert.deepEqual([[...cut.members], cut.weight, cut.volume], [[0, 1, 2], 1, 35]);
  });

  test('is not what plain edge counts would find, the edges of the account itself', () => {
    const graph = twoCliques(10, 12 - 4);
    const cut = sparsestCut(
      graph,
      Uint32Array.from({ length: 10 }, (_, at) => at),
      Uint32Array.of(9),
    );
    // The account has 9 edges and there are 8 bridges; with 30 more there would be nothing between.
    assert.equal(cut.members.length, 10);
    assert.equal(cut.weight, 8);
  });
});

test('a region stops at its volume, begins with its account, and costs nothing of what lies beyond', () => {
  const { graph } = plantedCommunities(
    { communityCount: 40, communitySize: 250, degreeInside: 16, degreeOutside: 1 },
    random(),
  );
  const marks = new Uint8Array(graph.nodeCount);
  const scratch = createPushScratch(graph);
  const region = regionAround(scratch, Uint32Array.of(4321), 6000, marks);
  assert.equal(region.nodes[0], 4321);
  assert.ok(region.volume <= 6000 && region.volume > 4000);
  assert.ok(marks.every((mark) => mark === 0));
  assert.ok(scratch.touchedCount < graph.nodeCount / 2, `${scratch.touchedCount}`);
  // Its own community: nodes 4250 to 4499.
  const found = region.nodes.subarray(0, region.sweepLength);
  assert.ok(
    found.filter((node) => node >= 4250 && node < 4500).length >= 0.95 * found.length && found.length > 240,
  );
});

test('a region is cut off at its volume where the walk goes farther, but never without its anchors', () => {
  const graph = attackedGraph(100, 100, 4, 3, random());
  const scratch = createPushScratch(graph);
  const marks = new Uint8Array(graph.nodeCount);
  for (const account of [0, 50, 150]) {
    const region = regionAround(scratch, Uint32Array.of(account), 700, marks);
    assert.ok(region.volume <= 700 && region.volume > 650, `${region.volume}`);
    assert.ok(scratch.touchedCount > region.nodes.length);
  }
  const anchors = Uint32Array.from({ length: 100 }, (_, at) => at);
  const { nodes, sweepLength } = regionAround(scratch, anchors, 100, marks);
  assert.deepEqual([nodes, sweepLength], [anchors, 100]);
});

describe('chains', () => {
  test('to one seed in a clique are as many as friends, over bridges as many as bridges, and asking changes nothing', () => {
    const search = createChainSearch(twoCliques(8, 3), Uint32Array.of(4, 5));
    for (let turn = 0; turn < 2; turn += 1) {
      assert.equal(countChains(search, 6, 64), 7);
      assert.equal(countChains(search, 15, 64), 3);
      assert.equal(countChains(search, 15, 2), 2);
    }
  });

  test('to nobody are none', () => {
    const graph = graphOf(4, [
      [0, 1],
      [2, 3],
    ]);
    assert.equal(countChains(createChainSearch(graph, Uint32Array.of(0)), 3, 64), 0);
    assert.equal(countChains(createChainSearch(graph, new Uint32Array(0)), 3, 64), 0);
  });
});

describe('mixing', () => {
  test('eigenvalues of a small matrix come out', () => {
    // [[2, 1], [1, 2]] beside 5: 1, 3 and 5.
    const values = eigenSymmetric(Float64Array.of(2, 1, 0, 1, 2, 0, 0, 0, 5), 3);
    for (const [at, value] of [5, 3, 1].entries())
      assert.ok(Math.abs((values[at] as number) - value) < 1e-12);
  });

  test('a ring has the eigenvalues that theory gives it', () => {
    const size = 10;
    const ring = graphOf(
      size,
      Array.from({ length: size }, (_, at): Edge => [at, (at + 1) % size]),
    );
    const { eigenvalues, spectralGap } = measureMixing(ring, new Uint32Array(0), random());
    for (const [at, turns] of [0, 1, 1, 2, 2].entries())
      assert.ok(
        Math.abs((eigenvalues[at] as number) - Math.cos((2 * Math.PI * turns) / size)) < 1e-6,
        `${eigenvalues}`,
      );
    assert.ok(Math.abs(spectralGap - (1 - Math.cos((2 * Math.PI) / size))) < 1e-6);
  });

  test('communities are counted: one expander, one under attack, five planted', () => {
    const expander = measureMixing(
      graphOf(300, expanderEdges(0, 300, 5, random())),
      Uint32Array.of(1),
      random(),
    );
    const attacked = measureMixing(attackedGraph(300, 300, 5, 10, random()), Uint32Array.of(1), random());
    const shape = { communityCount: 5, communitySize: 150, degreeInside: 20, degreeOutside: 0.5 };
    const planted = measureMixing(plantedCommunities(shape, random()).graph, Uint32Array.of(1), random());
    assert.deepEqual([expander.communityCount, attacked.communityCount, planted.communityCount], [1, 2, 5]);
    assert.equal(planted.isCountCut, false);
    assert.ok((expander.walkDistance as number) < 0.05 && (attacked.walkDistance as number) > 0.3);
  });
});

describe('an account', () => {
  // Honest 0 to 299, Sybils 300 to 599 behind eight edges; a pair apart, and a node alone.
  const honest = 300;
  const edges = [...expanderEdges(0, honest, 5, random()), ...expanderEdges(honest, 300, 5, random())];
  for (let at = 0; at < 8; at += 1) edges.push([10 * at, honest + 20 * at]);
  edges.push([600, 601]);
  const graph = graphOf(603, edges);
  const explainer = createExplainer(graph, Uint32Array.of(5, 17), random());
  const explain = (account: number): Explanation => explainAccount(explainer, account, 'SybilRank');

  test('among the Sybils is apart, by the attack edges, as many as there are', () => {
    for (const account of [310, 444, 599]) {
      const { side, cut, attackEdges, chainCount, sweep } = explain(account);
      assert.ok(
        sweep?.members.includes(account) && sweep.conductance >= (cut?.conductance as number) - 1e-12,
      );
      assert.equal(side, 'apart');
      assert.equal(attackEdges, 8);
      assert.equal(chainCount, Math.min(8, degreeOf(graph, account)));
      assert.equal(cut?.members.length, 300);
      for (let at = 0; at < (cut?.edges.length as number); at += 2) {
        const [one, other] = [cut?.edges[at] as number, cut?.edges[at + 1] as number];
        assert.ok(one < honest !== other < honest);
      }
    }
  });

  test('among the honest is with the seeds', () => {
    for (const account of [0, 33, 299]) assert.equal(explain(account).side, 'with-seeds');
  });

  test('that is a seed, alone, or out of reach is told so', () => {
    assert.deepEqual(
      [5, 602, 600].map((account) => [
        explain(account).side,
        explain(account).ground,
        explain(account).chainCount,
      ]),
      [
        ['with-seeds', 'is-seed', null],
        ['apart', 'no-edges', 0],
        ['apart', 'other-component', 0],
      ],
    );
    assert.deepEqual([...(explain(600).cut?.members ?? [])], [600, 601]);
  });

  test('without seeds is undecided', () => {
    const blind = createExplainer(graph, new Uint32Array(0), random());
    const { side, ground, cut, chainCount, bound, mixing } = explainAccount(blind, 310, 'SybilRank');
    assert.deepEqual(
      [side, ground, cut, chainCount, bound, mixing],
      ['undecided', 'no-seeds', null, null, null, null],
    );
  });

  test('in a clique, where nothing is sparse, is with the seeds', () => {
    const clique = graphOf(40, cliqueEdges(0, 40));
    const { side, ground } = explainAccount(createExplainer(clique, Uint32Array.of(0), random()), 7, 'ACL');
    assert.deepEqual([side, ground], ['with-seeds', 'no-sparse-cut']);
  });

  test('is found apart where the Sybils are more than the honest, by the cut around the seeds', () => {
    const many = attackedGraph(200, 1000, 5, 6, random());
    const { side, ground, attackEdges, cut } = explainAccount(
      createExplainer(many, Uint32Array.of(5, 17, 100), random()),
      700,
      'SybilRank',
    );
    assert.deepEqual([side, ground, attackEdges, cut?.members.length], ['apart', 'outside-seeds', 6, 200]);
  });

  test('is explained by a small search of a large graph, and the limit is kept', () => {
    const large = attackedGraph(3000, 60, 5, 4, random());
    const bounded = createExplainer(large, Uint32Array.of(5), random(), { volumeLimit: 2000 });
    const { side, attackEdges, cut } = explainAccount(bounded, 3030, 'SybilRank');
    assert.deepEqual([side, attackEdges], ['apart', 4]);
    assert.ok((cut?.volume as number) <= 2000);
    assert.ok(bounded.push.touchedCount < 1500, `${bounded.push.touchedCount}`);
  });
});

test('where the honest live in communities, ranking everybody from one of them fails, and the cut around it holds', () => {
  const dice = createPrng(4, 'communities');
  const [size, count] = [100, 6];
  const shape = { communityCount: count, communitySize: size, degreeInside: 16, degreeOutside: 0.3 };
  const honest = plantedCommunities(shape, dice).graph;
  const crossing = attackEdges(size * count, size * count, 300, dice);
  const extra = {
    sources: crossing.map(([from]) => from),
    targets: crossing.map(([, to]) => to),
    weights: null,
  };
  const { graph } = joinGraphs(honest, honest, extra);
  // More edges go to Sybils than between communities, so a walk from one of them meets both alike.
  const scores = sybilRank.rank(graph, { honest: [7], sybils: [] }, {});
  const others = [...scores.subarray(size, size * count)].sort((a, b) => a - b);
  const sybils = [...scores.subarray(size * count)].sort((a, b) => a - b);
  const middle = others[others.length >> 1] as number;
  assert.ok(sybils.filter((score) => score > middle).length > 0.1 * sybils.length);
  const { seedCut, mixing } = createExplainer(graph, Uint32Array.of(7), random());
  assert.ok((mixing?.communityCount ?? 0) > 2);
  const whitelist = [...(seedCut?.members ?? [])];
  assert.ok(whitelist.filter((node) => node < size).length >= 0.95 * size);
  assert.ok(whitelist.filter((node) => node >= size * count).length <= 1);
});

test('a Sybil region too large for the search around its accounts is found by the walk of the seeds', () => {
  const large = attackedGraph(1500, 1500, 5, 12, random());
  const bounded = createExplainer(large, Uint32Array.of(5, 17), random(), { volumeLimit: 600 });
  const sides = [2000, 2999, 33, 1400].map((account) => explainAccount(bounded, account, 'SybilRank'));
  assert.deepEqual(
    sides.map(({ side, ground }) => [side, ground]),
    [
      ['apart', 'outside-seeds'],
      ['apart', 'outside-seeds'],
      ['with-seeds', 'within-seeds'],
      ['with-seeds', 'within-seeds'],
    ],
  );
  for (const { attackEdges } of sides) assert.ok((attackEdges as number) < 40, `${attackEdges}`);
});

describe('bounds', () => {
  const mixing = measureMixing(
    graphOf(300, expanderEdges(0, 300, 5, random())),
    new Uint32Array(0),
    random(),
  );
  const facts = { attackEdges: 10, nodeCount: 1024, meanDegree: 5, mixing };

  test('grow as the papers say', () => {
    assert.equal(boundOf('SybilRank', facts).value, 100);
    assert.equal(boundOf('SybilLimit', facts).value, 100);
    assert.equal(boundOf('SybilSCAR-D', facts).value, 20);
    assert.equal(
      Math.round(boundOf('SybilGuard', facts).value as number),
      Math.round(10 * 32 * Math.log(1024)),
    );
    assert.equal(boundOf('SumUp', facts).value, 10);
    assert.equal(boundOf('SybilInfer', facts).formula, null);
  });

  test('say which assumptions look false', () => {
    const seemsTrue = (method: 'SybilGuard' | 'SybilRank', more: object) =>
      boundOf(method, { ...facts, ...more }).assumptions.map((assumption) => assumption.seemsTrue);
    assert.deepEqual(seemsTrue('SybilRank', {}), [true, null, true]);
    assert.deepEqual(seemsTrue('SybilRank', { mixing: { ...mixing, communityCount: 3 } }), [
      false,
      null,
      true,
    ]);
    assert.deepEqual(seemsTrue('SybilGuard', {}), [true, null, false]);
    assert.deepEqual(seemsTrue('SybilGuard', { attackEdges: 4 }), [true, null, true]);
  });
});

test('the words say what the record says', () => {
  const graph = twoCliques(12, 2);
  const explainer = createExplainer(graph, Uint32Array.of(3), random());
  const lines = explanationLines(explainAccount(explainer, 20, 'SybilRank'), (node) => `user-${node}`);
  const text = `${lines.join('\n')}\n`;
  assert.equal(
    text,
    `user-20 is apart from the seeds: a cut around it that is sparse (conductance below 0.22) leaves all of them outside.
The cut: 2 edges around 12 accounts on the account's side, 0 seeds among them; conductance 0.015.
  user-12 - user-0
  user-13 - user-1
If what is apart is fake, its owner has 2 attack edges.
2 chains of friends to the seeds without a common edge: the fewest attack edges there can be, if it is fake.
The sweep around it: 12 accounts, 2 edges out, conductance 0.015.
SybilRank lets pass, for g edges in the cut: O(g log n); here 9.2 times an unknown constant. This assumes:
  walks of 5 steps mix within the honest region: looks true here
  the seeds are honest: the graph cannot tell
  g is well below n / log n: looks true here
The graph around the seeds: spectral gap 0.026, 2 communities that walks of 5 steps do not mix; the seeds' own walk is then 45 % from its limit.
`,
  );
});
