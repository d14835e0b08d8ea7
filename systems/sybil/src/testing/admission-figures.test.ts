/** The figures of schemes that admit, at a size that runs everywhere: counts, never times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admissionDraw, SCHEMES, type Scheme, votesDraw } from './admission-figures.ts';
import { honestGraph } from './graphs.ts';

const honest = honestGraph(1);

for (const scheme of Object.keys(SCHEMES) as Scheme[])
  test(`a draw of ${scheme} is the same again, and parts the honest from their replica`, () => {
    const steps = scheme === 'SybilGuard' ? 20 : null;
    const figures = admissionDraw(honest, 20, scheme, 1, steps);
    assert.deepEqual(admissionDraw(honest, 20, scheme, 1, steps), figures);
    assert.ok(figures.area > 0.85, `${figures.area}`);
    // All Sybils are 20 for each edge.
    assert.ok(figures.honest > 0 && figures.sybilsPerEdge < 15, JSON.stringify(figures));
  });

test('long routes meet those of everybody', () => {
  const [short, long] = [20, 2000].map((steps) => admissionDraw(honest, 20, 'SybilGuard', 1, steps));
  assert.ok((long?.sybilsPerEdge ?? 0) > (short?.sybilsPerEdge ?? 0));
});

test('all honest votes are counted, and of Sybils about one for each attack edge, over few links as over all', () => {
  for (const limit of [null, 3]) {
    const draws = [1, 2, 3, 4, 5].map((draw) => votesDraw(honest, 20, [50, 200], limit, draw));
    for (const figures of draws) assert.equal(figures.honest, 1);
    const bogus = draws.reduce((sum, figures) => sum + figures.sybilsPerEdge / draws.length, 0);
    assert.ok(bogus > 0.9 && bogus < 2, `${bogus}`);
  }
});
