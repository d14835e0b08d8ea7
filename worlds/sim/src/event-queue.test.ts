import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEventQueue } from './event-queue.ts';

test('events come out by time, and in order of arrival at the same time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 600 }), (times) => {
      const queue = createEventQueue<number>();
      times.forEach((at, index) => {
        queue.push(at, index);
      });
      const popped = times.map(() => queue.pop());
      const expected = times.map((_, index) => index).sort((a, b) => times[a]! - times[b]! || a - b);
      assert.deepEqual(popped, expected);
      assert.equal(queue.pop(), undefined);
      assert.equal(queue.nextAt(), Number.POSITIVE_INFINITY);
    }),
  );
});

test('pushes and pops may alternate', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 300 }), (steps) => {
      const queue = createEventQueue<readonly [number, number]>();
      const model: (readonly [number, number])[] = [];
      steps.forEach((at, index) => {
        if (at === null) {
          model.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
          assert.deepEqual(queue.pop(), model.shift());
        } else {
          queue.push(at, [at, index]);
          model.push([at, index]);
        }
        assert.equal(queue.size(), model.length);
      });
    }),
  );
});
