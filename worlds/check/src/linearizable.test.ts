import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import type { History, Operation } from './history.ts';
import { checkLinearizable, explainCounterexample } from './linearizable.ts';
import { type RegisterInput, type RegisterOutput, registers } from './registers.ts';

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const read = (session: number, from: number, to: number, value: string): RegisterOperation => ({
  session,
  invokedAt: from,
  input: { kind: 'read', key: 'x' },
  outcome: { at: to, output: value },
});
const write = (session: number, from: number, to: number | null, value: string): RegisterOperation => ({
  session,
  invokedAt: from,
  input: { kind: 'write', key: 'x', value },
  outcome: to === null ? null : { at: to, output: true },
});
const swap = (
  session: number,
  from: number,
  to: number | null,
  expected: string,
  value: string,
  did = true,
) => ({
  session,
  invokedAt: from,
  input: { kind: 'compare-and-set' as const, key: 'x', expected, value },
  outcome: to === null ? null : { at: to, output: did },
});

const verdictOf = (history: History<RegisterInput, RegisterOutput>) =>
  checkLinearizable(registers, history).verdict;

/** All orders that keep real time, tried one by one: slow, short and obviously right. */
function isLinearizableByForce(history: readonly RegisterOperation[], state = ''): boolean {
  if (history.every(({ outcome }) => outcome === null)) return true;
  return history.some((candidate, index) => {
    const isFirst = history.every(({ outcome }) => outcome === null || outcome.at >= candidate.invokedAt);
    if (!isFirst) return false;
    const after = registers.step(state, candidate.input, candidate.outcome?.output ?? null);
    return after !== null && isLinearizableByForce(history.toSpliced(index, 1), after);
  });
}

/** A run of a real register: each operation takes effect at a moment inside its interval; some answers are lost. */
function simulate(seed: number, operations: number, sessions: number, loss: number): RegisterOperation[] {
  const random = createPrng(seed);
  const store = new Map<string, string>();
  const planned = Array.from({ length: sessions }, (_, session) => {
    let now = random.below(10);
    return Array.from({ length: Math.ceil(operations / sessions) }, (_, i) => {
      const invokedAt = now + 1 + random.below(5);
      const effectAt = invokedAt + random.below(20);
      now = effectAt + random.below(20);
      const key = `k${random.below(3)}`;
      const value = `${session}.${i}`;
      const input: RegisterInput = random.chance(0.5) ? { kind: 'read', key } : { kind: 'write', key, value };
      return { session, invokedAt, effectAt, at: now, input };
    });
  }).flat();
  planned.sort((a, b) => a.effectAt - b.effectAt);
  return planned.map(({ session, invokedAt, at, input }) => {
    const value = store.get(input.key) ?? '';
    const isLost = random.chance(loss);
    // A lost operation may or may not have happened.
    if (input.kind === 'write' && !(isLost && random.chance(0.5))) store.set(input.key, input.value);
    const output = input.kind === 'read' ? value : true;
    return { session, invokedAt, input, outcome: isLost ? null : { at, output } };
  });
}

describe('linearizability', () => {
  it('accepts a read of either value while a write is under way', () => {
    for (const value of ['', 'a']) {
      assert.equal(verdictOf([write(0, 0, 10, 'a'), read(1, 5, 6, value)]), 'ok');
    }
  });
  it('rejects a stale read after the write was answered', () => {
    assert.equal(verdictOf([write(0, 0, 10, 'a'), read(1, 11, 12, '')]), 'violated');
  });
  it('takes intervals as closed: equal times are concurrent', () => {
    assert.equal(verdictOf([write(0, 0, 10, 'a'), read(1, 10, 12, '')]), 'ok');
  });
  it('rejects new-old inversion between two readers', () => {
    const history = [write(0, 0, 100, 'a'), read(1, 10, 20, 'a'), read(2, 30, 40, '')];
    assert.equal(verdictOf(history), 'violated');
  });
  it('lets an unanswered write happen late, or never', () => {
    assert.equal(verdictOf([write(0, 0, null, 'a'), read(1, 10, 20, ''), read(1, 30, 40, 'a')]), 'ok');
    assert.equal(verdictOf([write(0, 0, null, 'a'), read(1, 10, 20, ''), read(1, 30, 40, '')]), 'ok');
    const unhappened = [write(0, 0, null, 'a'), read(1, 10, 20, 'a'), read(1, 30, 40, '')];
    assert.equal(verdictOf(unhappened), 'violated');
    assert.equal(verdictOf([read(1, 0, 5, 'a'), write(0, 10, null, 'a')]), 'violated');
  });
  it('keeps an unanswered write for when it is needed', () => {
    const history = [
      write(0, 0, null, 'a'),
      write(1, 10, 20, 'b'),
      write(1, 30, 40, 'c'),
      read(1, 50, 60, 'a'),
      swap(2, 70, 80, 'a', 'd'),
    ];
    assert.equal(verdictOf(history), 'ok');
  });
  it('judges compare-and-set by what it answered', () => {
    assert.equal(verdictOf([write(0, 0, 1, 'a'), swap(1, 2, 3, 'a', 'b'), read(0, 4, 5, 'b')]), 'ok');
    assert.equal(verdictOf([write(0, 0, 1, 'a'), swap(1, 2, 3, 'x', 'b')]), 'violated');
    const both = [write(0, 0, 1, 'a'), swap(1, 2, 9, 'a', 'b'), swap(2, 3, 9, 'a', 'c')];
    assert.equal(verdictOf(both), 'violated');
  });
  it('finds the first answer that nothing explains, and says so', () => {
    const history = [
      write(0, 0, 1, 'a'),
      write(0, 2, 3, 'b'),
      read(1, 4, 5, 'a'),
      write(0, 6, 7, 'c'),
      read(1, 8, 9, 'a'),
    ];
    const { counterexample } = checkLinearizable(registers, history);
    assert.ok(counterexample);
    assert.equal(counterexample.stuck, history[2]);
    assert.deepEqual(counterexample.linearized, history.slice(0, 2));
    assert.deepEqual(counterexample.window, [history[2]]);
    assert.match(explainCounterexample(registers, counterexample), /session 1, 4 to 5: read x -> "a"/);
  });
  it('says unknown when the budget runs out, never a guess', () => {
    const crowd = Array.from({ length: 12 }, (_, i) => write(i, 0, 100, `${i}`));
    const history = [...crowd, read(20, 200, 201, 'nobody wrote this')];
    assert.equal(checkLinearizable(registers, history, { stepBudget: 1000 }).verdict, 'unknown');
    assert.equal(checkLinearizable(registers, history).verdict, 'violated');
  });
  it('judges a violation in one part although another part ran out of budget', () => {
    const elsewhere = { ...read(0, 0, 1, 'z'), input: { kind: 'read' as const, key: 'y' } };
    assert.equal(verdictOf([write(0, 0, 1, 'a'), elsewhere]), 'violated');
  });
});

describe('linearizability, against brute force and at size', () => {
  const operation = fc.record({
    session: fc.nat(2),
    invokedAt: fc.nat(12),
    lasts: fc.option(fc.nat(6), { freq: 4 }),
    kind: fc.constantFrom('read' as const, 'write' as const, 'compare-and-set' as const),
    value: fc.constantFrom('a', 'b'),
    expected: fc.constantFrom('', 'a', 'b'),
    did: fc.boolean(),
  });
  const toOperation = (
    draw: typeof operation extends fc.Arbitrary<infer T> ? T : never,
  ): RegisterOperation => {
    const { session, invokedAt, lasts, kind, value, expected, did } = draw;
    const input: RegisterInput = { kind, key: 'x', value, expected };
    const output = kind === 'read' ? expected : kind === 'write' ? true : did;
    return { session, invokedAt, input, outcome: lasts === null ? null : { at: invokedAt + lasts, output } };
  };
  it('agrees with trying all orders', () => {
    const seen = { ok: 0, violated: 0 };
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 7 }), (draws) => {
        const history = draws.map(toOperation);
        const expected = isLinearizableByForce(history) ? 'ok' : 'violated';
        seen[expected]++;
        assert.equal(verdictOf(history), expected);
      }),
      { numRuns: 1500, seed: 7 },
    );
    assert.ok(seen.ok > 100 && seen.violated > 100, 'both verdicts were exercised');
  });
  it('accepts runs of a correct store, with lost answers', () => {
    for (let seed = 0; seed < 30; seed++)
      assert.equal(verdictOf(simulate(seed, 200, 8, 0.05)), 'ok', `seed ${seed}`);
  });
  it('accepts tens of thousands of operations, some unanswered', () => {
    assert.equal(verdictOf(simulate(1, 30_000, 10, 0.001)), 'ok');
  });
  it('finds one wrong answer near the end of tens of thousands', () => {
    const history = simulate(2, 30_000, 10, 0);
    const last = history.findLastIndex(({ input }) => input.kind === 'read');
    const { outcome } = history[last]!;
    const broken = history.with(last, { ...history[last]!, outcome: { at: outcome!.at, output: '0.0' } });
    assert.equal(verdictOf(broken), 'violated');
  });
});
