import assert from 'node:assert/strict';
import { it } from 'node:test';
import { drawCounterexample } from './drawing.ts';
import type { Operation } from './history.ts';
import { checkLinearizable } from './linearizable.ts';
import { type RegisterInput, type RegisterOutput, registers } from './registers.ts';

it('draws the answer that nothing explains in red, and what was explained with its place', () => {
  const history: Operation<RegisterInput, RegisterOutput>[] = [
    {
      session: 0,
      invokedAt: 0,
      input: { kind: 'write', key: 'x', value: '<a>' },
      outcome: { at: 5, output: true },
    },
    { session: 2, invokedAt: 3, input: { kind: 'write', key: 'x', value: 'b' }, outcome: null },
    { session: 1, invokedAt: 10, input: { kind: 'read', key: 'x' }, outcome: { at: 12, output: 'c' } },
  ];
  const { counterexample } = checkLinearizable(registers, history);
  assert.ok(counterexample);
  const svg = drawCounterexample(registers, counterexample);
  assert.equal(svg.match(/class="stuck"/g)?.length, 1);
  assert.match(svg, /class="taken">.*>1 {2}session 0, 0 to 5: write x &lt;a&gt;/);
  assert.match(svg, /class="stuck">.*>! {2}session 1, 10 to 12: read x -&gt; &quot;c&quot;/);
  assert.match(svg, /class="taken">.*>2 {2}session 2, 3 to \?: write x b unanswered/);
  assert.doesNotMatch(svg, /<a>/);
});
