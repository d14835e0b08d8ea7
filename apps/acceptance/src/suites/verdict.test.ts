/** Nothing fails, and nothing that is excused passes, without being told; the page is what the run recorded. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE, page, readExceptions, readProducts, readResults } from './results.ts';
import { SUITES } from './suites.ts';
import { EXCEPTIONS_AT_MOST, judge, listedFor } from './verdict.ts';

const outcome = (name: string, result: 'passed' | 'skipped' | 'failed') => ({
  test: name,
  result,
  detail: '',
});

test('a failure that is not listed, one that is, and lists that are wrong', () => {
  const verdict = judge(
    [outcome('a', 'passed'), outcome('b', 'failed'), outcome('c', 'failed'), outcome('d', 'skipped')],
    ['a', 'b', 'absent'],
  );
  assert.equal(verdict.passed, 1);
  assert.deepEqual(verdict.excepted, [outcome('b', 'failed')]);
  assert.deepEqual(verdict.unexpected, [outcome('c', 'failed')]);
  assert.deepEqual(verdict.skipped, [outcome('d', 'skipped')]);
  assert.deepEqual(verdict.outdated, ['a', 'absent']);
});

test('there are few exceptions, each argued, each of a suite that exists', () => {
  const exceptions = readExceptions();
  assert.ok(exceptions.length <= EXCEPTIONS_AT_MOST);
  for (const { reason, tests } of exceptions) {
    for (const suite of Object.keys(tests)) assert.ok(SUITES.some(({ name }) => name === suite));
    assert.ok(reason.length > 40, 'a sentence');
  }
});

test('what was recorded failed only where it may, and the page tells it', () => {
  const exceptions = readExceptions();
  for (const { suite, concordat, excluded } of readResults()) {
    assert.deepEqual(excluded, SUITES.find(({ name }) => name === suite)?.excluded, suite);
    if (concordat !== null)
      assert.deepEqual([...concordat.failed].sort(), [...listedFor(suite, exceptions)].sort(), suite);
  }
  assert.equal(readFileSync(PAGE, 'utf8'), page(readResults(), exceptions, readProducts()));
});

test('what passed alone and not with the others is told, of either target', () => {
  const counts = { version: '1', passed: 2, skipped: [], failed: [] };
  const row = { suite: 'x', title: 'X', excluded: [] };
  const told = page(
    [{ ...row, concordat: { ...counts, alone: ['a'] }, apache: { ...counts, alone: ['b'] } }],
    [],
    [],
  );
  assert.match(told, /^- failed among the others and passed alone, which a busy machine explains: `a`$/m);
  assert.match(told, /^- failed among the others and passed alone on Apache ZooKeeper: `b`$/m);
});
