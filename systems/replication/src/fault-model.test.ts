import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { faultModelProblem, quorumsOf } from './fault-model.ts';

const models = fc
  .record({ u: fc.integer({ min: 0, max: 10 }), r: fc.integer({ min: 0, max: 10 }) })
  .filter((model) => faultModelProblem(model) === null);

test('two agreement quorums share a member that does not lie', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { members, agreement, vouching } = quorumsOf(model);
      assert.ok(2 * agreement - members >= vouching);
      assert.ok(vouching > model.r);
    }),
  );
});

test('u failures can withhold neither agreement, vouching nor notice', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { members, agreement, vouching, noticed } = quorumsOf(model);
      for (const quorum of [agreement, vouching, noticed]) assert.ok(members - model.u >= quorum);
    }),
  );
});

test('what an agreement quorum stored, r + 1 members that survive u failures still hold', () => {
  fc.assert(
    fc.property(models, (model) => {
      const { agreement, vouching } = quorumsOf(model);
      assert.ok(agreement - model.u >= vouching);
    }),
  );
});

test('r = 0 is crash tolerance: majorities of 2u + 1', () => {
  for (let u = 0; u <= 5; u++) {
    const q = quorumsOf({ u, r: 0 });
    assert.deepEqual([q.members, q.agreement, q.vouching], [2 * u + 1, u + 1, 1]);
  }
});

test('u = r = f is Byzantine tolerance: 2f + 1 of 3f + 1', () => {
  for (let f = 0; f <= 5; f++) {
    const q = quorumsOf({ u: f, r: f });
    assert.deepEqual(
      [q.members, q.agreement, q.vouching, q.executors],
      [3 * f + 1, 2 * f + 1, f + 1, 2 * f + 1],
    );
  }
});

test("UpRight's table: (1,0) 3, (1,1) 4, (2,1) 6 order nodes; 3, 3 and 5 execute", () => {
  const counts = [
    { u: 1, r: 0 },
    { u: 1, r: 1 },
    { u: 2, r: 1 },
  ].map((model) => [quorumsOf(model).members, quorumsOf(model).executors]);
  assert.deepEqual(counts, [
    [3, 3],
    [4, 3],
    [6, 5],
  ]);
});

test('impossible models are named', () => {
  assert.match(faultModelProblem({ u: 0, r: 1 }) ?? '', /at most u/);
  assert.match(faultModelProblem({ u: -1, r: 0 }) ?? '', /non-negative/);
  assert.match(faultModelProblem({ u: 11, r: 11 }) ?? '', /members/);
});
