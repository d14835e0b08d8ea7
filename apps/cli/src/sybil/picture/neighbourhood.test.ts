/** What a picture shows: the account first, the cut whole while it fits, both sides, never more than asked for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph, type Graph, plantedCommunities } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { mountAttack } from '@concordat/sybil';
import { neighbourhoodOf, type Scene } from './neighbourhood.ts';

/** 400 honest accounts, their replica, and so many edges between them; the account is a Sybil, the seeds are honest. */
function scene(attackEdges: number): Scene {
  const shape = { communityCount: 4, communitySize: 100, degreeInside: 10, degreeOutside: 2 };
  const honest = plantedCommunities(shape, createPrng(3, 'honest')).graph;
  const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount: attackEdges } as const;
  const { graph, kinds } = mountAttack(honest, attack, createPrng(3, 'attack'));
  return { graph, account: 777, seeds: Array.from({ length: 30 }, (_, at) => at * 13), side: kinds };
}

const acrossOf = (
  { side }: Scene,
  nodes: readonly number[],
  edges: readonly (readonly [number, number])[],
): number => edges.filter(([a, b]) => side[nodes[a] as number] !== side[nodes[b] as number]).length;

test('a cut that fits is there whole, with seeds and both sides', () => {
  for (const limit of [100, 300, 5000]) {
    const given = scene(20);
    const { nodes, edges, cutEdges, hiddenCutEdges, hiddenAccounts } = neighbourhoodOf(given, limit, 5000);
    assert.equal(nodes[0], 777);
    assert.equal(new Set(nodes).size, nodes.length);
    assert.equal(nodes.length, Math.min(limit, given.graph.nodeCount));
    assert.equal(hiddenAccounts, given.graph.nodeCount - nodes.length);
    assert.deepEqual([cutEdges, hiddenCutEdges, acrossOf(given, nodes, edges)], [20, 0, 20]);
    const seeds = nodes.filter((node) => given.seeds.includes(node)).length;
    assert.ok(seeds >= 10, `${seeds} seeds at ${limit}`);
    for (const kind of [0, 1])
      assert.ok(nodes.filter((node) => given.side[node] === kind).length > nodes.length / 4);
  }
});

test('a cut that needs more room than was asked for gets it', () => {
  const given = scene(300);
  const { nodes, edges, hiddenCutEdges } = neighbourhoodOf(given, 100, 5000);
  assert.deepEqual([hiddenCutEdges, acrossOf(given, nodes, edges)], [0, 300]);
  const ends = new Set<number>();
  for (const [a, b] of edges)
    if (given.side[nodes[a] as number] !== given.side[nodes[b] as number]) ends.add(a).add(b);
  assert.ok(
    nodes.length > ends.size && nodes.length <= ends.size + 32,
    `${nodes.length} for ${ends.size} ends`,
  );
});

test('of a cut that is too large the rest is counted, and there is still room for what is around', () => {
  const given = scene(2000);
  const { nodes, edges, cutEdges, hiddenCutEdges } = neighbourhoodOf(given, 200, 200);
  assert.equal(nodes.length, 200);
  assert.equal(cutEdges, 2000);
  assert.equal(acrossOf(given, nodes, edges), cutEdges - hiddenCutEdges);
  assert.ok(hiddenCutEdges > 0 && hiddenCutEdges < 2000);
});

test('edges are those of the graph among the nodes, each once', () => {
  const { graph, ...rest } = scene(20);
  const { nodes, edges } = neighbourhoodOf({ graph, ...rest }, 120, 5000);
  const shown = new Set(nodes);
  let expected = 0;
  for (const node of nodes)
    for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
      if (shown.has(graph.targets[arc] as number)) expected += 1;
  assert.equal(2 * edges.length, expected);
  assert.equal(new Set(edges.map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`)).size, edges.length);
});

test('an account without friends is a picture of itself', () => {
  const list = {
    nodeCount: 3,
    isDirected: false,
    sources: Uint32Array.of(0),
    targets: Uint32Array.of(1),
    weights: null,
  };
  const graph: Graph = buildGraph(list).graph;
  const { nodes, edges } = neighbourhoodOf(
    { graph, account: 2, seeds: [0], side: new Uint8Array(3) },
    50,
    50,
  );
  assert.deepEqual([nodes, edges], [[2], []]);
});
