/** How many filter nodes there must be, and who is asked by whom. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_MEMBERS } from '@concordat/kernel';
import fc from 'fast-check';
import { faultModelProblem, quorumsOf } from '../../fault-model.ts';
import { designatedFor, filterId, filterOf, filterShape, firstAsked } from './filters.ts';

const models = fc
  .record({ u: fc.nat(10), r: fc.nat(10) })
  .filter((model) => faultModelProblem(model) === null);

test("UpRight's table: 3 filter nodes for (1, 0), 4 for (1, 1), 6 for (2, 1), 7 for (2, 2); quorums of 2, 3, 4 and 5", () => {
  const counts = [
    { u: 1, r: 0 },
    { u: 1, r: 1 },
    { u: 2, r: 1 },
    { u: 2, r: 2 },
  ].map((model) => {
    const { filters, sound, transferable } = quorumsOf(model);
    return [filters, sound, transferable];
  });
  assert.deepEqual(counts, [
    [3, 2, 2],
    [4, 2, 3],
    [6, 3, 4],
    [7, 3, 5],
  ]);
});

test('a matrix of three times as many rows as liars is refused, and every smaller one', () => {
  for (const f of [1, 2, 3]) {
    const quorums = quorumsOf({ u: f, r: f });
    assert.equal(quorums.filters, 3 * f + 1);
    assert.ok(filterShape(quorums));
    for (let filters = 1; filters <= 3 * f; filters++)
      assert.throws(() => filterShape(quorums, filters), /a matrix needs/);
  }
});

test('what convinces one convinces all, and u silent nodes cannot keep it from anybody', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { filters, sound, transferable, u, r } = quorumsOf(model);
      assert.ok(sound > r && sound > u, 'one neither lies nor fails');
      assert.ok(transferable - r >= sound, 'what liars spoil is not missed');
      assert.ok(filters - u >= transferable, 'those that answer are enough');
      assert.ok(2 * transferable - filters > r, 'two things under one number cannot both convince');
    }),
  );
});

test('clients ask enough nodes first, theirs among them, and spread over all', () => {
  fc.assert(
    fc.property(models, fc.nat(1000), (model, client) => {
      const quorums = quorumsOf(model);
      const submitter = { domain: 0, client };
      const asked = firstAsked(quorums, submitter);
      assert.equal(new Set(asked).size, quorums.transferable);
      assert.ok(asked.includes(designatedFor(quorums, submitter)));
      assert.ok(asked.every((filter) => filter < quorums.filters));
    }),
  );
  const quorums = quorumsOf({ u: 1, r: 1 });
  const designated = Array.from({ length: 8 }, (_, client) => designatedFor(quorums, { domain: 0, client }));
  assert.deepEqual(designated, [1, 2, 3, 0, 1, 2, 3, 0]);
});

test('filter nodes are no members, whatever members join', () => {
  const quorums = quorumsOf({ u: 1, r: 1 });
  assert.ok(filterId(0) > MAX_MEMBERS);
  for (let id = 0; id <= MAX_MEMBERS; id++) assert.equal(filterOf(quorums, id), null);
  assert.deepEqual(
    [0, 3].map((filter) => filterOf(quorums, filterId(filter))),
    [0, 3],
  );
  assert.equal(filterOf(quorums, filterId(4)), null);
});
