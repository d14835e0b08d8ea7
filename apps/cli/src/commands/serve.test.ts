/** What the options of a daemon mean. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FOUR_LETTER_WORDS, GATEWAY_LIMITS } from '@concordat/keeper';
import { LIMIT_NAMES, limitsIn } from './limits.ts';
import { wordsIn } from './serve.ts';

test('a list of words is read as ZooKeeper reads its whitelist, but for words that do not exist', () => {
  assert.deepEqual([...wordsIn('*')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn('stat, *')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn(' ruok,srvr , ')], ['ruok', 'srvr']);
  assert.deepEqual([...wordsIn('')], []);
  assert.throws(() => wordsIn('ruok,statt'), { code: 'unknown-word', message: /statt/ });
});

test('limits have the names of ZooKeeper, and must fit each other', () => {
  assert.deepEqual(limitsIn([]), GATEWAY_LIMITS);
  const changed = limitsIn([
    'maxClientCnxns=0',
    'jute.maxbuffer=4096',
    'largeRequestThreshold=-1',
    'maxCnxns=7',
  ]);
  assert.deepEqual(changed, { ...GATEWAY_LIMITS, maxPerAddress: 0, maxFrameBytes: 4096, maxConnections: 7 });
  for (const wrong of [
    'maxClientCnxns',
    'maxClientCnxns=-1',
    'maxClientCnxns=many',
    'maxClients=1',
    'constructor=1',
  ])
    assert.throws(() => limitsIn([wrong]), {
      code: 'bad-limit',
      message: new RegExp(`--limit: ${wrong} is no limit`),
    });
  assert.throws(() => limitsIn(['jute.maxbuffer=9999999']), {
    code: 'bad-limit',
    message: /at most 1048576 bytes/,
  });
  assert.throws(() => limitsIn(['requestThrottleLimit=0']), { code: 'bad-limit' });
});

test('the page for operators lists the limits with their defaults', () => {
  const page = readFileSync(new URL('../../../../docs/operate/ZOOKEEPER.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('## Limits'), page.indexOf('## Metrics'));
  const rows = [...section.matchAll(/^\| `([\w.]+)` \| (-?\d+) \|/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ]);
  assert.deepEqual(
    rows,
    Object.entries(LIMIT_NAMES).map(([name, limit]) => [name, GATEWAY_LIMITS[limit]]),
  );
});
