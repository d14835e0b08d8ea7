import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isValidPath, isWithin, nameOf, parentOf } from './paths.ts';

test('paths are valid exactly where ZooKeeper says so', () => {
  for (const path of ['/', '/a', '/a/b', '/a.b', '/...', '/a/..b', '/\u00e9', '/ ', '/\ufb00'])
    assert.ok(isValidPath(path), path);
  const invalid = [
    '',
    'a',
    'a/b',
    '/a/',
    '//',
    '//a',
    '/a//b',
    '/.',
    '/..',
    '/a/.',
    '/a/./b',
    '/a/../b',
    '/\0',
  ];
  const controls = [
    '/a\u0001',
    '/\u001f',
    '/\u007f',
    '/\u009f',
    '/\ue000',
    '/\uf8ff',
    '/\ufff0',
    '/\uffff',
    '/\ud83d\ude00',
  ];
  for (const path of [...invalid, ...controls]) assert.ok(!isValidPath(path), JSON.stringify(path));
});

test('parents, names and subtrees', () => {
  assert.equal(parentOf('/a/b'), '/a');
  assert.equal(parentOf('/a'), '/');
  assert.equal(parentOf('/'), '/');
  assert.equal(nameOf('/a/b'), 'b');
  assert.ok(isWithin('/a', '/a') && isWithin('/a/b', '/a') && isWithin('/a', '/'));
  assert.ok(!isWithin('/ab', '/a') && !isWithin('/', '/a'));
});
