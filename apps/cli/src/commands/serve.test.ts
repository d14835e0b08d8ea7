/** What the options of a daemon mean. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOUR_LETTER_WORDS } from '@concordat/keeper';
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
