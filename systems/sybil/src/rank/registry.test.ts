/** What holds for every ranking: it finds a Sybil region, does not depend on names, and refuses what it cannot use. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { mountAttack } from '../attack/attack.ts';
import { drawLabels } from '../attack/draw-labels.ts';
import { areaUnderRoc, SYBIL } from '../evaluate/roc.ts';
import { ROUTE_RANKINGS } from '../routes/rankings.ts';
import { graphOf, graphs, honestGraph, renamed } from '../testing/graphs.ts';
import { type Labels, objectionTo, type Ranking, type RankOptions } from './ranking.ts';
import { RANKINGS, rankingNamed } from './registry.ts';

/** The inputs that `ranking` asks for, made of an undirected graph: arcs both ways, no victims, nobody distrusted. */
function inputsFor(ranking: Ranking, graph: Graph, labels: Labels): [Graph, Labels, RankOptions] {
  return [
    ranking.needs.isDirected ? { ...graph, isDirected: true } : graph,
    labels,
    {
      victims: new Float64Array(graph.nodeCount).fill(0.2),
      distrust: graphOf(graph.nodeCount, [], true),
    },
  ];
}

test('names are unique, and found', () => {
  const all = [...RANKINGS, ...ROUTE_RANKINGS];
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const ranking of all) assert.equal(rankingNamed(ranking.name), ranking);
  assert.equal(rankingNamed('no such'), null);
});

for (const ranking of RANKINGS)
  describe(ranking.name, () => {
    test('ranks a replica behind few attack edges below the honest region', () => {
      const honest = honestGraph(1);
      const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount: 20 } as const;
      const attacked = mountAttack(honest, attack, createPrng(1));
      const labels = drawLabels(attacked.kinds, { honest: 40, sybils: 40, noise: 0 }, createPrng(2));
      const [graph, , options] = inputsFor(ranking, attacked.graph, labels);
      // Of signed methods' ratings: every Sybil has cheated somebody, and every fifth honest account a Sybil's slander.
      const complaints = [...attacked.kinds.keys()].filter(
        (node) => attacked.kinds[node] === SYBIL || node % 5 === 0,
      );
      const distrust = graphOf(
        graph.nodeCount,
        complaints.map((node) =>
          node < attacked.honestCount
            ? [node + attacked.honestCount, node]
            : [node - attacked.honestCount, node],
        ),
        true,
      );
      const inputs = [graph, labels, { ...options, distrust }] as const;
      assert.equal(objectionTo(ranking, ...inputs), null);
      const area = areaUnderRoc(ranking.rank(...inputs), attacked.kinds);
      assert.ok(area > 0.9, `area under ROC is ${area}`);
    });

    test('scores are numbers, and depend on labels and edges alone, not on names', () => {
      fc.assert(
        fc.property(graphs(10), fc.infiniteStream(fc.nat()), (graph, keys) => {
          const order = Array.from(
            { length: graph.nodeCount },
            (_, node) => [keys.next().value, node] as const,
          );
          const names = order.sort((a, b) => a[0] - b[0]).map(([, node]) => node);
          const [honest, sybil] = [0, 1];
          const plain = ranking.rank(...inputsFor(ranking, graph, { honest: [honest], sybils: [sybil] }));
          const labels = { honest: [names[honest] as number], sybils: [names[sybil] as number] };
          const other = ranking.rank(...inputsFor(ranking, renamed(graph, names), labels));
          for (const [node, score] of plain.entries()) {
            assert.ok(!Number.isNaN(score));
            // Local community breaks ties by order of arrival, and ACL leaves residuals that depend on the order of pushes.
            if (['local-community', 'acl', 'consensus', 'directed-consensus'].includes(ranking.name))
              continue;
            assert.ok(Math.abs(score - (other[names[node] as number] as number)) < 1e-9);
          }
        }),
        { numRuns: 50 },
      );
    });

    test('refuses what it cannot use, by name', () => {
      const [graph, labels, options] = inputsFor(ranking, honestGraph(1), { honest: [1], sybils: [2] });
      const reject = (pattern: RegExp, ...inputs: [Graph, Labels, RankOptions]): void => {
        const found = objectionTo(ranking, ...inputs) ?? '';
        assert.match(found, pattern);
        assert.ok(found.startsWith(`${ranking.name}: `));
      };
      assert.equal(objectionTo(ranking, graph, labels, options), null);
      reject(/label 400 is not a node/, graph, { honest: [400], sybils: [2] }, options);
      reject(/label -1 is not a node/, graph, { honest: [1], sybils: [-1] }, options);
      reject(/label 0.5 is not a node/, graph, { honest: [1], sybils: [0.5] }, options);
      reject(/twice among the honest/, graph, { honest: [1, 1], sybils: [2] }, options);
      reject(/directed graph/, { ...graph, isDirected: !graph.isDirected }, labels, options);
      reject(/restart NaN/, graph, labels, { ...options, restart: Number.NaN });
      reject(/confidence 0.4/, graph, labels, { ...options, confidence: 0.4 });
      reject(/steps/, graph, labels, { ...options, steps: -1 });
      reject(/coupling Infinity/, graph, labels, { ...options, coupling: Number.POSITIVE_INFINITY });
      if (ranking.needs.honest) reject(/known to be honest/, graph, { honest: [], sybils: [2] }, options);
      if (ranking.needs.sybils) reject(/known to be Sybils/, graph, { honest: [1], sybils: [] }, options);
      if (ranking.needs.victims) {
        reject(/victim probability/, graph, labels, { ...options, victims: new Float64Array(3) });
        reject(/not in \[0, 1\]/, graph, labels, { victims: new Float64Array(400).fill(Number.NaN) });
      }
      if (ranking.needs.distrust) reject(/needs negative ratings/, graph, labels, {});
    });
  });
