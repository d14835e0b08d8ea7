/** The figures of SybilGuard and SybilLimit at a size that runs everywhere: counts, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { honestGraph } from './graphs.ts';
import { guardFigures, limitFigures, routeCase } from './route-figures.ts';

const besieged = routeCase(honestGraph(1), 20, 5, 1);

test('a draw is the same again, and has an honest region, its replica and distinct honest verifiers', () => {
  const { routing, honestCount, verifiers } = besieged;
  assert.equal(routing.graph.nodeCount, 2 * honestCount);
  assert.equal(new Set(verifiers).size, 5);
  assert.ok(verifiers.every((verifier) => verifier < honestCount));
  assert.deepEqual(routeCase(honestGraph(1), 20, 5, 1), besieged);
});

test('both schemes part the regions, and SybilLimit finds r by the square root of edges', () => {
  const guard = guardFigures(besieged, 1, 20);
  const limit = limitFigures(besieged, 1);
  for (const { area, honestShare, sybilsPerEdge } of [guard, limit]) {
    assert.ok(area > 0.9 && honestShare > 0.8, `${area} ${honestShare}`);
    // All Sybils are 20 for each edge.
    assert.ok(sybilsPerEdge < 15, `${sybilsPerEdge}`);
  }
  assert.equal(limit.instanceCounts.length, 5);
  const edges = besieged.routing.graph.targets.length / 4;
  for (const count of limit.instanceCounts)
    assert.ok(count >= Math.sqrt(edges) && count <= 8 * Math.sqrt(edges), `${count} of ${edges}`);
  // Long routes meet everybody's.
  assert.ok(guardFigures(besieged, 1, 2000).sybilsPerEdge > guard.sybilsPerEdge);
});
