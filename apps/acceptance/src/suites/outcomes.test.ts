/** Reports of other programs' test runners, as they look, are read without losing a failure. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromCppUnit, fromGo, fromJunit, fromLines } from './outcomes.ts';

const results = (outcomes: readonly { readonly test: string; readonly result: string }[]): string[] =>
  outcomes.map(({ test: name, result }) => `${name} ${result}`);

test('JUnit: a body, an empty element, a failure, an error and a skip', () => {
  const xml = `<testsuites><testsuite tests="5"><testcase classname="a.B" name="one" time="1.0" />
<testcase classname="a.B" name="two"><system-out>x &gt; y</system-out></testcase>
<testcase classname="a.B" name="three[&quot;x&quot; &gt; 1]"><failure message="assert 1 &lt; 0
 never">trace</failure></testcase><testcase classname="a.B" name="four"><error message="no">x</error></testcase>
<testcase classname="a.B" name="five"><skipped type="s" message="not here">x</skipped></testcase></testsuite></testsuites>`;
  assert.deepEqual(results(fromJunit(xml)), [
    'a.B.one passed',
    'a.B.two passed',
    'a.B.three["x" > 1] failed',
    'a.B.four failed',
    'a.B.five skipped',
  ]);
  assert.equal(fromJunit(xml)[2]?.detail, 'assert 1 < 0 never');
  assert.equal(fromJunit(xml)[4]?.detail, 'not here');
});

test('JUnit: a test that is there twice came to the worst', () => {
  const once = '<testcase classname="a" name="b"/>';
  const failed = '<testcase classname="a" name="b"><failure message="x"/></testcase>';
  assert.deepEqual(results(fromJunit(once + failed + once)), ['a.b failed']);
});

test('go: what passed, failed, was skipped or never ended; what only holds others does not count', () => {
  const event = (Action: string, Test: string, Output?: string): string =>
    JSON.stringify({ Action, Test, Output });
  const lines = [
    ...[event('run', 'TestA'), event('pass', 'TestA'), event('run', 'TestB'), 'no json'],
    event('output', 'TestB', '    zk_test.go:7: it is wrong\n'),
    event('output', 'TestB', '    zk_test.go:8: [ZKERR] a log of a server\n'),
    ...[event('fail', 'TestB'), event('run', 'TestC'), event('skip', 'TestC')],
    ...[
      event('run', 'TestD'),
      event('run', 'TestD/part'),
      event('pass', 'TestD/part'),
      event('pass', 'TestD'),
    ],
    event('run', 'TestE'),
  ];
  assert.deepEqual(results(fromGo(lines)), [
    'TestA passed',
    'TestB failed',
    'TestC skipped',
    'TestD/part passed',
    'TestE failed',
  ]);
  assert.equal(fromGo(lines)[1]?.detail, 'zk_test.go:7: it is wrong');
});

test('CppUnit: OK amid what a test prints itself; an assertion; an abort', () => {
  const lines = [
    ' ZooKeeper server started',
    'Running ',
    'Zookeeper_multi::testCreate : elapsed 9 : OK',
    'Zookeeper_multi::testFail : assertion : elapsed 12',
    'Zookeeper_multi::testTalks some words',
    'more words : elapsed 40 : OK',
    'Zookeeper_multi::testAborts zktest: tests/X.cc:22: Assertion failed',
  ];
  const absent = 'ERROR: No test named <Zookeeper_multi::testAbsent> found in test <All Tests>.';
  assert.deepEqual(fromCppUnit([absent]), []);
  assert.deepEqual(results(fromCppUnit(lines)), [
    'Zookeeper_multi::testCreate passed',
    'Zookeeper_multi::testFail failed',
    'Zookeeper_multi::testTalks passed',
    'Zookeeper_multi::testAborts failed',
  ]);
});

test('lines of our own programs', () => {
  assert.deepEqual(results(fromLines(['ok one', 'not ok two: why: because', 'noise'])), [
    'one passed',
    'two failed',
  ]);
});
