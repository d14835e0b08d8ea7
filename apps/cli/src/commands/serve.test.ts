/** What the options of a daemon mean. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FOUR_LETTER_WORDS, GATEWAY_LIMITS } from '@concordat/keeper';
import { LIMIT_NAMES, limitsIn } from './limits.ts';
import { identitiesIn, securePortIn, wordsIn } from './serve.ts';

test('a list of words is read as ZooKeeper reads its whitelist, but for words that do not exist', () => {
  assert.deepEqual([...wordsIn('*')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn('stat, *')], FOUR_LETTER_WORDS);
  assert.deepEqual([...wordsIn(' ruok,srvr , ')], ['ruok', 'srvr']);
  assert.deepEqual([...wordsIn('')], []);
  assert.throws(() => wordsIn('ruok,statt'), { code: 'unknown-word', message: /statt/ });
});

test('options of the port with TLS stand and fall together', () => {
  const files = { clientsTlsKey: 'key.pem', clientsTlsCert: 'cert.pem' };
  const at = { clientsTls: '0.0.0.0:2281', ...files };
  const address = { host: '0.0.0.0', port: 2281 };
  const secure = { address, key: 'key.pem', cert: 'cert.pem', ca: null, certificates: 'none' };
  assert.deepEqual(securePortIn({}), {});
  assert.deepEqual(securePortIn(at), { secure });
  assert.deepEqual(securePortIn({ ...at, clientsTlsCa: 'ca.pem' }), {
    secure: { ...secure, ca: 'ca.pem', certificates: 'needed' },
  });
  const wanted = { ...at, clientsTlsCa: 'ca.pem', clientsTlsCertificates: 'wanted' } as const;
  assert.equal(securePortIn(wanted).secure?.certificates, 'wanted');
  assert.throws(() => securePortIn(files), { code: 'no-address' });
  assert.throws(() => securePortIn({ clientsTls: at.clientsTls, clientsTlsKey: 'key.pem' }), {
    code: 'no-certificate',
  });
  assert.throws(() => securePortIn({ ...at, clientsTlsCertificates: 'needed' }), { code: 'no-authority' });
});

test('what no client could ever prove is a mistake', () => {
  assert.deepEqual(identitiesIn({}), {});
  assert.deepEqual(identitiesIn({ superX509: 'CN=root,O=Red' }), { superSubject: 'CN=root,O=Red' });
  const users = { saslUsers: 'users', superSasl: 'root', requireAuth: ' sasl, digest' };
  const requiredSchemes = new Set(['sasl', 'digest']);
  assert.deepEqual(identitiesIn(users), { saslUsers: 'users', superUser: 'root', requiredSchemes });
  assert.throws(() => identitiesIn({ superSasl: 'root' }), { code: 'no-users' });
  assert.throws(() => identitiesIn({ requireAuth: 'sasl' }), { code: 'no-users' });
  assert.throws(() => identitiesIn({ requireAuth: 'x509' }), { code: 'no-authority' });
  for (const requireAuth of ['', ',', 'ip', 'world,digest'])
    assert.throws(() => identitiesIn({ requireAuth }), { code: 'unknown-scheme' });
  for (const superX509 of ['', 'root', 'CN=a,'])
    assert.throws(() => identitiesIn({ superX509 }), { code: 'bad-name' });
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
