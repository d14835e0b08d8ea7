/** Attacks leave both regions as they are, have the edges they say, and each model asks whom it says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arcBetween,
  connectedComponents,
  degreeOf,
  edgeCountOf,
  edgesOf,
  type Graph,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { HONEST, SYBIL } from '../evaluate/roc.ts';
import { openEdges } from '../rank/victims.ts';
import { honestGraph } from '../testing/graphs.ts';
import { type Attack, mountAttack } from './attack.ts';
import { type AttackModel, nearestTo } from './attack-edges.ts';
import { drawLabels, withoutLabelled } from './draw-labels.ts';
import { growRegion, type SybilRegion } from './region.ts';

const MODELS: AttackModel[] = [
  { kind: 'random' },
  { kind: 'aimed', seeds: [3, 17], share: 0.05 },
  { kind: 'triangle-closing' },
  { kind: 'community', share: 0.1 },
];
const REGIONS: SybilRegion[] = [
  { kind: 'replica' },
  { kind: 'preferential-attachment', share: 0.2 },
  { kind: 'erdos-renyi', share: 0.2 },
];

const between = (graph: Graph, honestCount: number): [number, number][] => {
  const { sources, targets } = edgesOf(graph);
  return [...sources]
    .map((from, edge): [number, number] => [from, targets[edge] as number])
    .filter(([from, to]) => from < honestCount && to >= honestCount);
};

for (const edges of MODELS)
  for (const region of REGIONS)
    test(`${edges.kind} attack edges with a ${region.kind} region`, () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, edgeCount) => {
          const honest = honestGraph(1);
          const attack: Attack = { region, edges, edgeCount };
          const attacked = mountAttack(honest, attack, createPrng(seed));
          assert.deepEqual(attacked, mountAttack(honest, attack, createPrng(seed)));
          const { graph, kinds, victims } = attacked;
          assert.deepEqual(
            [...kinds],
            [...kinds].map((_, node) => (node < honest.nodeCount ? HONEST : SYBIL)),
          );
          const crossing = between(graph, honest.nodeCount);
          assert.equal(crossing.length, edgeCount);
          assert.equal(attacked.attackEdgeCount, edgeCount);
          const regionGraph = growRegion(honest, region, createPrng(seed).fork('region'));
          assert.equal(edgeCountOf(graph), edgeCountOf(honest) + edgeCountOf(regionGraph) + edgeCount);
          assert.deepEqual(
            [...victims].flatMap((is, node) => (is === 1 ? [node] : [])),
            [...new Set(crossing.map(([victim]) => victim))].sort((a, b) => a - b),
          );
          if (edges.kind === 'aimed') {
            const near = new Set(nearestTo(honest, edges.seeds, edges.share));
            assert.ok(crossing.every(([victim]) => near.has(victim)));
          }
          if (edges.kind === 'community')
            assert.ok(new Set(crossing.map(([victim]) => victim)).size <= 0.1 * honest.nodeCount);
        }),
        { numRuns: 10 },
      );
    });

test("the nearest of all are in the seed's own community, and the seed is among them", () => {
  const near = nearestTo(honestGraph(1), [42], 0.1);
  assert.equal(near.length, 40);
  assert.ok(near.includes(42));
  const own = near.filter((node) => node < 100).length;
  assert.ok(own >= 25, `${own} of 40`);
});

test('about half of all triangle-closing attack edges close one, of random ones few', () => {
  const honest = honestGraph(1);
  const closing = (kind: 'random' | 'triangle-closing'): number => {
    const attack: Attack = { region: { kind: 'erdos-renyi', share: 1 }, edges: { kind }, edgeCount: 200 };
    const { graph, honestCount } = mountAttack(honest, attack, createPrng(8));
    return between(graph, honestCount).filter(([victim, sybil]) => {
      for (let arc = graph.offsets[sybil] as number; arc < (graph.offsets[sybil + 1] as number); arc += 1) {
        const friend = graph.targets[arc] as number;
        if (friend < honestCount && arcBetween(graph, victim, friend) >= 0) return true;
      }
      return false;
    }).length;
  };
  assert.ok(closing('triangle-closing') >= 150);
  assert.ok(closing('random') <= 20);
});

test('regions have the size and density that they say, and a replica is the honest graph', () => {
  const honest = honestGraph(2);
  assert.equal(growRegion(honest, { kind: 'replica' }, createPrng(1)), honest);
  const mean = edgeCountOf(honest) / honest.nodeCount;
  for (const region of REGIONS.slice(1)) {
    const grown = growRegion(honest, region, createPrng(1));
    assert.equal(grown.nodeCount, 80);
    assert.ok(Math.abs(edgeCountOf(grown) / grown.nodeCount - mean) < 0.6);
  }
  assert.equal(connectedComponents(growRegion(honest, REGIONS[1] as SybilRegion, createPrng(1))).count, 1);
  assert.ok(openEdges(honest).some((open, node) => open < degreeOf(honest, node)));
});

test('labels are distinct, and exactly the share of noise is wrong', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 50 }), (seed, percent) => {
      const kinds = new Uint8Array(300).fill(SYBIL, 150);
      const labels = drawLabels(kinds, { honest: 100, sybils: 60, noise: percent / 100 }, createPrng(seed));
      assert.deepEqual([labels.honest.length, labels.sybils.length], [100, 60]);
      assert.equal(new Set([...labels.honest, ...labels.sybils]).size, 160);
      assert.equal(labels.honest.filter((node) => kinds[node] === SYBIL).length, percent);
      assert.equal(
        labels.sybils.filter((node) => kinds[node] === HONEST).length,
        Math.round((60 * percent) / 100),
      );
      const judged = withoutLabelled(kinds, labels, 2);
      assert.equal(judged.filter((kind) => kind === 2).length, 160);
    }),
  );
});
