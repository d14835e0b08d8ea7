/** Whitelists on graphs whose truth is known; triangles, settled cores and the bound against plain counting and exact walks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutAround, type Graph, marksOf, volumeOf, weightedDegreeOf } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { mountAttack } from '../attack/attack.ts';
import { SYBIL } from '../evaluate/roc.ts';
import { seedPageRank } from '../rank/acl.ts';
import { graphOf, graphs, honestGraph, matrixOf } from '../testing/graphs.ts';
import { escapeBound } from './escape-bound.ts';
import { localWhitelist, type WhitelistOptions, whitelistObjection } from './local-whitelist.ts';
import { settledCore } from './settled-core.ts';
import { trianglesByArc, weighByTriangles } from './triangle-weights.ts';

test('an edge is in as many triangles as its ends have friends in common', () => {
  fc.assert(
    fc.property(graphs(9), (graph) => {
      const rows = matrixOf(graph);
      const triangles = trianglesByArc(graph);
      const weighed = matrixOf(weighByTriangles(graph));
      for (const [node, row] of rows.entries())
        for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1) {
          const friend = graph.targets[arc] as number;
          const common = rows.filter(
            (other) => (other[node] as number) > 0 && (other[friend] as number) > 0,
          ).length;
          assert.equal(triangles[arc], common);
          assert.equal(weighed[node]?.[friend], (1 + common) * (row[friend] as number));
        }
    }),
  );
});

/** Removes unsettled members one by one, in the order of `keys`, until none is left. */
function removeOneByOne(graph: Graph, set: readonly number[]): number[] {
  const rows = matrixOf(graph);
  const weight = (node: number, others: readonly number[]): number =>
    others.reduce((sum, other) => sum + (rows[node]?.[other] as number), 0);
  const everybody = [...rows.keys()];
  const stays = [...set];
  for (;;) {
    const at = stays.findIndex((node) => 2 * weight(node, stays) <= weight(node, everybody));
    if (at < 0) return stays;
    stays.splice(at, 1);
  }
}

test('the settled core is what is left when unsettled members go one by one, in any order', () => {
  fc.assert(
    fc.property(graphs(10), fc.uniqueArray(fc.nat(9)), (graph, wanted) => {
      const set = wanted.filter((node) => node < graph.nodeCount);
      const core = settledCore(graph, Uint32Array.from(set));
      assert.deepEqual([...core].sort(), removeOneByOne(graph, set).sort());
      assert.deepEqual([...core].sort(), removeOneByOne(graph, [...set].reverse()).sort());
      const before = cutAround(graph, marksOf(graph.nodeCount, set)).weight;
      assert.ok(cutAround(graph, marksOf(graph.nodeCount, core)).weight <= before);
    }),
  );
});

test('from honest accounts by degree no more mass escapes than the bound says, however the Sybil region looks', () => {
  fc.assert(
    fc.property(
      graphs(7),
      graphs(7),
      fc.uniqueArray(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 6, selector: String }),
      fc.constantFrom(0.02, 0.1, 0.5),
      (honest, sybil, wanted, restart) => {
        const attack = wanted
          .filter(([from, to]) => from < honest.nodeCount && to < sybil.nodeCount)
          .map(([from, to]): [number, number, number] => [from, honest.nodeCount + to, 1]);
        const edges = [honest, sybil].flatMap((region, at) =>
          matrixOf(region).flatMap((row, from) =>
            row.flatMap((weight, to): [number, number, number][] =>
              weight > 0 && from < to
                ? [[from + at * honest.nodeCount, to + at * honest.nodeCount, weight]]
                : [],
            ),
          ),
        );
        const graph = graphOf(honest.nodeCount + sybil.nodeCount, [...edges, ...attack]);
        const rows = matrixOf(graph);
        const volumes = rows.map((row) => row.reduce((sum, weight) => sum + weight, 0));
        const seeds = [...honest.offsets.keys()].filter(
          (node) => node < honest.nodeCount && (volumes[node] as number) > 0,
        );
        if (seeds.length === 0) return;
        const honestVolume = seeds.reduce((sum, node) => sum + (volumes[node] as number), 0);
        const mass = seedPageRank(
          graph,
          seeds,
          restart,
          1e-9,
          seeds.map((node) => volumes[node] as number),
        );
        const escaped = mass.subarray(honest.nodeCount).reduce((sum, value) => sum + value, 0);
        const bound = escapeBound(restart, honestVolume, 0.01);
        assert.ok(escaped <= bound.escapePerUnit * attack.length + 1e-9);
        // Nobody holds more for its degree than honest accounts at the start, which is what the bound stands on.
        for (const [node, value] of mass.entries())
          assert.ok(value <= (volumes[node] as number) / honestVolume + 1e-9);
        let inside = 0;
        for (const [node, value] of mass.entries())
          if (node >= honest.nodeCount && value >= 0.01 * (volumes[node] as number))
            inside += volumes[node] as number;
        assert.ok(inside <= bound.sybilVolumePerUnit * attack.length + 1e-6);
      },
    ),
  );
});

const share = (nodes: Uint32Array, kinds: Uint8Array): number =>
  nodes.filter((node) => kinds[node] === SYBIL).length / nodes.length;

for (const weighting of ['plain', 'triangles'] as const)
  test(`with ${weighting} weights a whitelist stays on the honest side of random attack edges`, () => {
    const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount: 200 } as const;
    const { graph, kinds } = mountAttack(honestGraph(7), attack, createPrng(7));
    const seeds = [5, 130, 260, 390];
    const list = localWhitelist(graph, seeds, { leastSize: 200, weighting });
    assert.ok(list.nodes.length >= 200);
    assert.ok(share(list.nodes, kinds) < 0.02, `${share(list.nodes, kinds)}`);
    assert.equal(new Set(list.nodes).size, list.nodes.length);
    const masses = [...list.nodes].map((node) => list.mass[node] as number);
    assert.deepEqual(
      masses,
      [...masses].sort((a, b) => b - a),
    );
    const weighed = weighting === 'plain' ? graph : weighByTriangles(graph);
    assert.deepEqual(list.cut, cutAround(weighed, marksOf(graph.nodeCount, list.nodes)));
    assert.ok((list.profile.volumes[list.chosen] as number) <= volumeOf(weighed) / 2);
    for (const [at, node] of list.nodes.entries())
      assert.ok((masses[at] as number) / weightedDegreeOf(weighed, node) >= list.bound.leastDensity);
  });

test('the lowest point of the sweep is not taken where it lies beyond half of the volume', () => {
  // Twice as many Sybils as honest accounts, behind one community: a sweep that may go on finds its best cut among them.
  const honest = honestGraph(9);
  const attack = {
    region: { kind: 'erdos-renyi', share: 2 },
    edges: { kind: 'community', share: 0.25 },
    edgeCount: 600,
  } as const;
  const { graph, kinds } = mountAttack(honest, attack, createPrng(3));
  const { profile, chosen, nodes } = localWhitelist(graph, [5, 130, 260, 390], {
    leastSize: 100,
    weighting: 'plain',
  });
  assert.ok((profile.volumes[chosen] as number) <= volumeOf(graph) / 2);
  assert.ok(nodes.length >= 100);
  assert.ok(share(nodes, kinds) < 0.1);
});

test('a seed without friends has a list of nobody, and one with a single friend does not fail', () => {
  const pair = graphOf(4, [[0, 1]]);
  assert.deepEqual([...localWhitelist(pair, [3]).nodes], []);
  assert.ok(localWhitelist(pair, [0]).nodes.length <= 2);
});

test('what makes no sense is refused with a sentence', () => {
  const graph = honestGraph(1);
  const cases: [RegExp, Graph, number[], WhitelistOptions][] = [
    [/undirected/, { ...graph, isDirected: true }, [1], {}],
    [/known to be honest/, graph, [], {}],
    [/label 400 is not a node/, graph, [400], {}],
    [/twice/, graph, [3, 3], {}],
    [/restart 1:/, graph, [3], { restart: 1 }],
    [/restart NaN/, graph, [3], { restart: Number.NaN }],
    [/least size 0/, graph, [3], { leastSize: 0 }],
    [/honest share 2/, graph, [3], { honestShare: 2 }],
    [/rise 1:/, graph, [3], { rise: 1 }],
  ];
  for (const [pattern, ...inputs] of cases) assert.match(whitelistObjection(...inputs) ?? '', pattern);
  assert.equal(whitelistObjection(graph, [3, 4], {}), null);
});
