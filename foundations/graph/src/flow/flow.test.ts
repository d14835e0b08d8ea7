/** Flows against every cut of tiny graphs, paths against a breadth-first search, and payments against both. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import {
  arcsLeaving,
  createPathSearch,
  directedFlowNetwork,
  type FlowNetwork,
  findPath,
  flowNetwork,
  type Graph,
  maxFlow,
  preferentialAttachment,
  sendAmount,
  twinsOf,
  undoRoutes,
} from '../index.ts';
import { graphOf, smallGraphs } from '../testing/small-graphs.ts';

/** The smallest capacity that leaves any set which holds the sources and no sink: by max-flow min-cut what can flow. */
function smallestCut(
  { graph, residuals }: FlowNetwork,
  sources: readonly number[],
  sinks: readonly number[],
): number {
  let best = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** graph.nodeCount; set += 1) {
    const has = (node: number): boolean => ((set >> node) & 1) === 1;
    if (!sources.every(has) || sinks.some(has)) continue;
    let cut = 0;
    for (let node = 0; node < graph.nodeCount; node += 1)
      for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
        if (has(node) && !has(graph.targets[arc] as number)) cut += residuals[arc] as number;
    best = Math.min(best, cut);
  }
  return best;
}

const capacitiesOf = (graph: Graph, draws: readonly number[]): Float64Array =>
  Float64Array.from(graph.targets, (_, arc) => draws[arc % draws.length] as number);
const capacityDraws = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 });

/** What leaves each node, less what comes: from capacities to residuals. */
function netOf({ graph, residuals }: FlowNetwork, capacities: Float64Array): number[] {
  const net = new Array<number>(graph.nodeCount).fill(0);
  for (let node = 0; node < graph.nodeCount; node += 1)
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      net[node]! += (capacities[arc] as number) - (residuals[arc] as number);
  return net;
}

test('twins lead back, and are twins of each other', () => {
  fc.assert(
    fc.property(smallGraphs(12, false), (graph) => {
      const twins = twinsOf(graph);
      for (let node = 0; node < graph.nodeCount; node += 1)
        for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1) {
          const twin = twins[arc] as number;
          assert.equal(graph.targets[twin], node);
          assert.equal(twins[twin], arc);
        }
    }),
  );
});

test('a maximum flow is a minimum cut, nothing is lost on the way, and its side is such a cut', () => {
  fc.assert(
    fc.property(
      fc.boolean().chain((isDirected) => smallGraphs(8, isDirected)),
      capacityDraws,
      fc.nat(2 ** 16),
      (graph, draws, roles) => {
        const given = capacitiesOf(graph, draws);
        const network = graph.isDirected
          ? directedFlowNetwork(graph, given)
          : flowNetwork(graph, given.slice());
        const capacities = network.residuals.slice();
        const nodes = [...Array(graph.nodeCount).keys()];
        const sources = nodes.filter((node) => node === 0 || ((roles >> (2 * node)) & 3) === 1);
        const sinks = nodes.filter(
          (node) => !sources.includes(node) && (node === 1 || ((roles >> (2 * node)) & 3) === 2),
        );
        if (sinks.length === 0) return;
        const expected = smallestCut(network, sources, sinks);
        const { value, sourceSide } = maxFlow(network, sources, sinks);
        assert.equal(value, expected);
        const net = netOf(network, capacities);
        for (const node of nodes)
          if (!sources.includes(node) && !sinks.includes(node)) assert.equal(net[node], 0);
        assert.equal(
          sources.reduce((sum, node) => sum + (net[node] as number), 0),
          value,
        );
        assert.ok(network.residuals.every((left) => left >= 0));
        assert.ok(sourceSide !== null && sources.every((node) => sourceSide[node] === 1));
        assert.ok(sinks.every((node) => sourceSide?.[node] === 0));
        const leaving = arcsLeaving(network, sourceSide);
        assert.equal(
          leaving.reduce((sum, arc) => sum + (capacities[arc] as number), 0),
          value,
        );
        assert.ok(leaving.every((arc) => network.residuals[arc] === 0));
      },
    ),
    { numRuns: 300 },
  );
});

test('a flow stops at its limit', () => {
  fc.assert(
    fc.property(
      smallGraphs(7, false),
      capacityDraws,
      fc.integer({ min: 1, max: 6 }),
      (graph, draws, limit) => {
        const network = flowNetwork(graph, capacitiesOf(graph, draws));
        const expected = Math.min(limit, smallestCut(network, [0], [1]));
        const { value, sourceSide } = maxFlow(network, [0], [1], limit);
        assert.equal(value, expected);
        assert.equal(sourceSide === null, value === limit);
      },
    ),
  );
});

/** Steps from `source` to `target` along arcs with `least` left, or 0. */
function stepsBetween(
  { graph, residuals }: FlowNetwork,
  source: number,
  target: number,
  least: number,
): number {
  const steps = new Map([[source, 0]]);
  for (const [node, step] of steps)
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      if ((residuals[arc] as number) >= least && !steps.has(graph.targets[arc] as number))
        steps.set(graph.targets[arc] as number, step + 1);
  return steps.get(target) ?? 0;
}

test('a path found is a shortest one along arcs with room, and one is found where there is one', () => {
  fc.assert(
    fc.property(
      smallGraphs(14, false),
      capacityDraws,
      fc.integer({ min: 1, max: 4 }),
      (graph, draws, least) => {
        const network = flowNetwork(graph, capacitiesOf(graph, draws));
        const search = createPathSearch(network);
        // Marks of former searches mean nothing, also where their numbers start again.
        search.mark = 0xffff_ffe0;
        for (let source = 0; source < graph.nodeCount; source += 1)
          for (let target = 0; target < graph.nodeCount; target += 1) {
            if (source === target) continue;
            const expected = stepsBetween(network, source, target, least);
            assert.equal(findPath(search, source, target, least), expected);
            let node = source;
            for (const arc of search.path.subarray(0, expected)) {
              assert.ok(arc >= (graph.offsets[node] as number) && arc < (graph.offsets[node + 1] as number));
              assert.ok((network.residuals[arc] as number) >= least);
              node = graph.targets[arc] as number;
            }
            if (expected > 0) assert.equal(node, target);
            const bounded = findPath(search, source, target, least, { maxHops: 2, maxVisits: 1000 });
            assert.equal(bounded, expected <= 2 ? expected : 0);
          }
      },
    ),
  );
});

test('an amount is sent if and only if a maximum flow carries it; else nothing changes, and undoing changes it back', () => {
  fc.assert(
    fc.property(
      smallGraphs(8, false),
      capacityDraws,
      fc.integer({ min: 1, max: 6 }),
      (graph, draws, amount) => {
        const network = flowNetwork(graph, capacitiesOf(graph, draws));
        const before = network.residuals.slice();
        const search = createPathSearch(network);
        const fits = smallestCut(network, [0], [1]) >= amount;
        const routes = sendAmount(search, 0, 1, amount);
        assert.equal(routes !== null, fits);
        if (routes !== null) {
          assert.equal(
            routes.reduce((sum, route) => sum + route.amount, 0),
            amount,
          );
          assert.deepEqual(netOf(network, before).slice(0, 2), [amount, -amount]);
          assert.ok(network.residuals.every((left) => left >= 0));
          undoRoutes(search, routes);
        }
        assert.deepEqual(network.residuals, before);
      },
    ),
    { numRuns: 300 },
  );
});

test('a search visits little of a large graph, and gives up where it is told', () => {
  const graph = preferentialAttachment({ nodeCount: 100_000, edgesPerNode: 5 }, createPrng(8));
  const search = createPathSearch(flowNetwork(graph, new Float64Array(graph.targets.length).fill(3)));
  const random = createPrng(1);
  let visited = 0;
  for (let draw = 0; draw < 100; draw += 1) {
    const [from, to] = [random.below(50_000), 50_000 + random.below(50_000)];
    assert.ok(findPath(search, from, to, 1) > 0);
    visited += search.visited;
  }
  assert.ok(visited / 100 < 5000, `${visited / 100} nodes for a path`);
  assert.equal(findPath(search, 99_998, 99_999, 1, { maxHops: 20, maxVisits: 3 }), 0);
});

test('an amount that needs more paths than allowed is refused whole', () => {
  const graph = graphOf(4, [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ]);
  const network = flowNetwork(graph, new Float64Array(8).fill(1));
  const search = createPathSearch(network);
  const limits = { maxHops: 9, maxVisits: 100, maxPaths: 1 };
  assert.equal(sendAmount(search, 0, 3, 2, limits), null);
  assert.deepEqual([...network.residuals], new Array(8).fill(1));
  assert.equal(sendAmount(search, 0, 3, 2)?.length, 2);
});
