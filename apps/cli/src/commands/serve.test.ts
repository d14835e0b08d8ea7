/** What the options of a daemon mean. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOUR_LETTER_WORDS } from '@concordat/keeper';
import { wordsIn } from './serve.ts';

test('a list of words is read as ZooKeeper reads its whitelist, but for words that do not exist', () => {
  assert.deepEqual([...wordsIn('*')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn('stat, *')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn(' ruok,srvr , ')], ['ruok', 'srvr']);
  assert.deepEqual([...wordsIn('')], []);
  assert.throws(() => wordsIn('ruok,statt'), { code: 'unknown-word', message: /statt/ });
});
