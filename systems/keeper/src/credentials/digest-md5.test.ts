/** DIGEST-MD5 by RFC 2831's own example and by what clients get wrong. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '@concordat/wire';
import {
  challengeOf,
  digestsOf,
  isSameDigest,
  loginSecret,
  MAX_TOKEN_BYTES,
  proofOf,
  readDigestResponse,
} from './digest-md5.ts';

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('md5').update(bytes).digest());
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const ELWOOD = { realm: 'elwood.innosoft.com', uri: 'imap/elwood.innosoft.com' };
/** RFC 2831, section 4. */
const RESPONSE =
  'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,' +
  'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",' +
  'response=d388dad90d4bbd760a152321f2143af7,qop=auth';

test("the RFC's example: its challenge, its response, its proof", () => {
  assert.equal(
    text(challengeOf('OA6MG9tEQGm2hh', ELWOOD)),
    'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",charset=utf-8,algorithm=md5-sess',
  );
  const response = readDigestResponse(utf8(RESPONSE), ELWOOD);
  assert.ok(response !== null);
  assert.deepEqual([response.user, response.nonce, response.authzid], ['chris', 'OA6MG9tEQGm2hh', null]);
  const digests = digestsOf(md5, loginSecret(md5, 'chris', 'secret', ELWOOD.realm), response, ELWOOD);
  assert.equal(digests.client, response.digest);
  assert.equal(text(proofOf(digests.server)), 'rspauth=ea40f60335c427b5527b84dbabcdfffd');
  const wrong = digestsOf(md5, loginSecret(md5, 'chris', 'Secret', ELWOOD.realm), response, ELWOOD);
  assert.notEqual(wrong.client, response.digest);
});

test('a response with anything else than it should have is none', () => {
  const read = (bytes: Uint8Array) => readDigestResponse(bytes, ELWOOD);
  const changed = (from: string | RegExp, to: string) => read(utf8(RESPONSE.replace(from, to)));
  const harmless: (readonly [string, string])[] = [
    ['charset=utf-8,', ''],
    ['charset=utf-8,', ' ,, charset = UTF-8 ,'],
    [',qop=auth', ''],
    ['qop=auth', 'qop="auth"'],
    ['qop=auth', 'qop=auth,maxbuf=65536,unheard-of="x, \\"y"'],
    ['"chris"', '"ch\\ris"'],
  ];
  for (const [from, to] of harmless) assert.equal(changed(from, to)?.user, 'chris', to);
  const broken: (readonly [string, string])[] = [
    ['elwood', 'Elwood'],
    ['imap/elwood', 'smtp/elwood'],
    ['nc=00000001', 'nc=00000002'],
    ['qop=auth', 'qop=auth-int'],
    ['charset=utf-8', 'charset=latin-2'],
    ['username="chris",', ''],
    ['"chris"', '""'],
    ['"chris"', '"chris'],
    ['"chris"', '"chris"x'],
    ['cnonce="OA6MHXh6VqTrRk",', ''],
    ['response=d388', 'response=388'],
    ['qop=auth', 'qop=auth,qop=auth'],
    ['qop=auth', 'qop=auth,'.padEnd(MAX_TOKEN_BYTES, 'x')],
    ['qop=auth', 'qop'],
    ['"chris"', '"\\'],
    [RESPONSE, ''],
  ];
  for (const [from, to] of broken) assert.equal(changed(from, to), null, to.slice(0, 40));
  for (let end = 0; end < RESPONSE.length - ',qop=auth'.length; end++)
    assert.equal(read(utf8(RESPONSE.slice(0, end))), null, `${end}`);
  assert.equal(
    read(Uint8Array.from(utf8(RESPONSE), (byte, i) => (i === 24 ? 0xff : byte))),
    null,
    'no UTF-8',
  );
  const named = read(utf8(RESPONSE.replace('"chris"', '"zoé",authzid="zoé"')));
  assert.deepEqual([named?.user, named?.speaksFor], ['zoé', 'zoé']);
  assert.equal(named?.authzid, 'zo\u00c3\u00a9', 'hashed as it was sent');
  const rest = RESPONSE.replace('"chris"', '"zoé"');
  assert.equal(read(utf8(rest))?.user, 'zoé');
  assert.equal(read(Uint8Array.from(Buffer.from(rest.replace('charset=utf-8,', ''), 'latin1')))?.user, 'zoé');
});

test('names and passwords are hashed in ISO 8859-1 where that can express them, each on its own', () => {
  const hashOf = (...parts: readonly Buffer[]) =>
    new Uint8Array(createHash('md5').update(Buffer.concat(parts)).digest());
  const latin = (part: string): Buffer => Buffer.from(part, 'latin1');
  assert.deepEqual(loginSecret(md5, 'zoé', 'pä'), hashOf(latin('zoé:zk-sasl-md5:pä')));
  assert.deepEqual(loginSecret(md5, 'zoé', '€'), hashOf(latin('zoé:zk-sasl-md5:'), Buffer.from('€')));
});

test('digests are compared whole', () => {
  assert.ok(isSameDigest('abc', 'abc'));
  for (const other of ['abd', 'xbc', 'ab', 'abcd', '']) assert.ok(!isSameDigest('abc', other), other);
});
