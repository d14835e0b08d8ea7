/** The baselines' draws at a size that runs everywhere, and on real ratings where they are at hand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { degreeOf, undirectedForm } from '@concordat/graph';
import { ATTACK_KINDS } from '../attack/attack-edges.ts';
import { HONEST, SYBIL, UNJUDGED } from '../evaluate/roc.ts';
import { seedPageRank } from '../rank/acl.ts';
import {
  FURTHER_CONTENDERS,
  REPLICA_CONTENDERS,
  ratingDraw,
  ratingNetwork,
  replicaDraw,
} from './baselines.ts';
import { honestGraph } from './graphs.ts';
import { textbookPush } from './textbook-push.ts';
import { whitelistDraw } from './whitelist-figures.ts';

test('a draw is the same again, judges every contender, and more attack edges are harder', () => {
  const honest = honestGraph(1);
  const contenders = [...REPLICA_CONTENDERS, ...FURTHER_CONTENDERS];
  const few = replicaDraw(honest, 50, 1, contenders);
  assert.deepEqual(replicaDraw(honest, 50, 1, contenders), few);
  assert.deepEqual(
    Object.keys(few),
    contenders.map(({ name }) => name),
  );
  for (const name of ['SybilRank', 'SCAR-C', 'ACL, all seeds', 'consensus']) {
    assert.ok((few[name] ?? 0) > 0.95, `${name}: ${few[name]}`);
    assert.ok((replicaDraw(honest, 1500, 1, contenders)[name] ?? 1) < (few[name] ?? 0));
  }
});

test('a network of ratings keeps accounts with a positive rating, in both graphs under the same numbers', () => {
  const edges = {
    nodeCount: 5,
    isDirected: true,
    sources: Uint32Array.of(0, 1, 4, 3),
    targets: Uint32Array.of(1, 4, 1, 0),
    weights: null,
  };
  const kinds = Uint8Array.of(HONEST, UNJUDGED, HONEST, SYBIL, SYBIL);
  const network = ratingNetwork(edges, Float64Array.of(5, -2, 1, -10), kinds);
  // Account 2 has no rating, account 3 only gave a bad one: 0, 1 and 4 remain.
  assert.deepEqual([...network.kinds], [HONEST, UNJUDGED, SYBIL]);
  assert.deepEqual([...network.trust.targets, ...(network.trust.weights ?? [])], [1, 1, 5, 1]);
  assert.deepEqual([...network.distrust.targets, ...(network.distrust.weights ?? [])], [2, 2]);
});

test('on ratings every contender is judged, and negative ones by the trusted tell most', () => {
  // 60 honest accounts rate 4 others each; 40 frauds are rated well by one honest account and badly by another.
  const rows: [number, number, number][] = [];
  for (let node = 0; node < 60; node += 1)
    for (const step of [1, 7, 19, 31]) rows.push([node, (node + step) % 60, 3]);
  for (let fraud = 60; fraud < 100; fraud += 1)
    rows.push([fraud % 60, fraud, 1], [(3 * fraud) % 60, fraud, -10], [fraud, (fraud + 1) % 60, 10]);
  const edges = {
    nodeCount: 100,
    isDirected: true,
    sources: Uint32Array.from(rows, ([from]) => from),
    targets: Uint32Array.from(rows, ([, to]) => to),
    weights: null,
  };
  const kinds = new Uint8Array(100).fill(SYBIL, 60);
  const network = ratingNetwork(
    edges,
    Float64Array.from(rows, ([, , value]) => value),
    kinds,
  );
  assert.ok([...kinds.keys()].every((node) => degreeOf(undirectedForm(network.trust), node) > 0));
  const areas = ratingDraw(network, 1);
  assert.equal(Object.keys(areas).length, 8);
  for (const area of Object.values(areas)) assert.ok(area >= 0 && area <= 1);
  assert.equal(areas['trusted balance'], 1);
  // What frauds say about others earns them edges only where direction is not looked at.
  assert.ok((areas['TrustRank'] ?? 0) > (areas['SybilRank'] ?? 1) + 0.1);
});

for (const kind of ATTACK_KINDS)
  test(`a draw of a whitelist under ${kind} attack edges is the same again, and within its bound`, () => {
    const honest = honestGraph(2);
    const draw = whitelistDraw(honest, kind, 100, 20, 1, { leastSize: 200 });
    assert.deepEqual(whitelistDraw(honest, kind, 100, 20, 1, { leastSize: 200 }), draw);
    assert.ok(draw.honest >= 150 && draw.precision > 0.95, JSON.stringify(draw));
    assert.ok(draw.sybilVolumePerUnit < draw.boundPerUnit);
  });

test('textbook pushes leave no residual above the tolerance: both kinds agree within it', () => {
  const graph = honestGraph(4);
  const [textbook, ours] = [
    textbookPush(graph, [3, 50], 0.05, 1e-7),
    seedPageRank(graph, [3, 50], 0.05, 1e-7),
  ];
  for (const [node, value] of textbook.entries())
    assert.ok(Math.abs(value - (ours[node] as number)) <= 1e-7 * degreeOf(graph, node));
});
