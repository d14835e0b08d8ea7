import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createClock } from './clock.ts';
import { createTimers } from './timers.ts';

test('timers fire like a plain table of due times would have it', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    action: fc.constantFrom('set', 'set', 'cancel', 'pass'),
    span: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const timers = createTimers();
      const model = new Map<string, number>();
      let now = 0;
      for (const { name, action, span } of steps) {
        if (action === 'set') {
          timers.set(name, now + span);
          model.set(name, now + span);
        } else if (action === 'cancel') {
          timers.cancel(name);
          model.delete(name);
        } else {
          now += span;
          const due = timers
            .due(now)
            .filter((timer) => timers.fire(timer))
            .map((timer) => timer.name);
          const expected = [...model].filter(([, at]) => at <= now).map(([timer]) => timer);
          assert.deepEqual([...due].sort(), expected.sort());
          for (const timer of due) model.delete(timer);
        }
        assert.ok(
          timers.next() <= Math.min(...model.values(), Number.POSITIVE_INFINITY),
          'none is overslept',
        );
      }
    }),
  );
});

test('a due timer that is moved or cancelled within the turn does not fire', () => {
  const timers = createTimers();
  timers.set('moved', 1);
  timers.set('cancelled', 1);
  timers.set('kept', 1);
  const due = timers.due(5);
  timers.set('moved', 5);
  timers.cancel('cancelled');
  assert.deepEqual(
    due.map((timer) => timers.fire(timer)),
    [false, false, true],
  );
  assert.deepEqual(
    timers.due(5).map(({ name }) => name),
    ['moved'],
  );
});

test('a clock that is set back slows down and catches up; it never turns round', () => {
  let wall = 1000;
  let monotonic = 0;
  const clock = createClock({ wall: () => wall, monotonic: () => monotonic });
  const pass = (span: number): number => {
    wall += span;
    monotonic += span;
    return clock.now();
  };
  assert.equal(pass(100), 1100);
  wall -= 50;
  assert.equal(pass(20), 1110, 'half speed');
  assert.equal(clock.ahead(), 40);
  assert.equal(pass(30), 1125);
  assert.equal(pass(50), 1150, 'caught up');
  assert.equal(clock.ahead(), 0);
  wall += 10_000;
  assert.equal(pass(0), 11_150, 'steps forward are followed');
});
