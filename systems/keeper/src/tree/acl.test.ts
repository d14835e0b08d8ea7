import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReader, createWriter } from '@concordat/wire';
import { Perms } from '../jute/protocol.ts';
import { createJuteReader } from '../jute/reader.ts';
import {
  type Acl,
  isPermitted,
  maskAcl,
  OPEN_ACL,
  type Principal,
  readAcl,
  readStoredAcl,
  resolveAcl,
  writeStoredAcl,
} from './acl.ts';

const asker = (...identities: readonly (readonly [string, string])[]): Principal => ({
  domain: 'red',
  identities: identities.map(([scheme, id]) => ({ scheme, id })),
});
const entry = (scheme: string, id: string, perms: number = Perms.all): Acl => ({ perms, scheme, id });
const can = (acl: readonly Acl[], principal: Principal, perms: number = Perms.write, path = '/a'): boolean =>
  isPermitted(acl, perms, principal, path);

test('an empty list permits, a list permits what an entry of a matching identity says', () => {
  assert.ok(can([], asker()));
  assert.ok(can(OPEN_ACL, asker()));
  assert.ok(!can([entry('world', 'anyone', Perms.read)], asker()));
  assert.ok(can([entry('digest', 'u:h')], asker(['digest', 'u:h'])));
  assert.ok(!can([entry('digest', 'u:h')], asker(['digest', 'v:h'])));
  assert.ok(!can([entry('digest', 'u:h', Perms.read)], asker(['digest', 'u:h'])));
});

test('addresses match by prefix, bit for bit', () => {
  const from = asker(['ip', '10.1.130.7']);
  const matching = ['10.1.130.7', '10.0.0.0/8', '10.1.128.0/17', '0.0.0.0/0', '10.1.130.6/31'];
  for (const id of matching) assert.ok(can([entry('ip', id)], from), id);
  for (const id of ['10.1.130.6', '11.0.0.0/8', '10.1.0.0/17', '10.1.130.5/31', 'nonsense'])
    assert.ok(!can([entry('ip', id)], from), id);
  assert.ok(!can([entry('ip', '0.0.0.0/0')], asker(['ip', '::1'])));
});

test('a domain is known without anyone saying so, and super rules its own subtree only', () => {
  assert.ok(can([entry('domain', 'red')], asker()));
  assert.ok(!can([entry('domain', 'blue')], asker(['domain', 'blue'])));
  const chief = asker(['super', '']);
  const closed = [entry('digest', 'u:h')];
  assert.ok(can(closed, chief, Perms.write, '/domains/red'));
  assert.ok(can(closed, chief, Perms.write, '/domains/red/a/b'));
  assert.ok(!can(closed, chief, Perms.write, '/domains/redder'));
  assert.ok(!can(closed, chief, Perms.write, '/domains/blue'));
  assert.ok(!can(closed, chief, Perms.write, '/a'));
});

test('lists are resolved or refused as ZooKeeper does', () => {
  const user = asker(['ip', '10.0.0.1'], ['digest', 'u:h'], ['digest', 'v:h']);
  assert.equal(resolveAcl(null, user), null);
  assert.equal(resolveAcl([], user), null);
  assert.equal(resolveAcl([entry('world', 'anyone'), entry('world', 'anyone')], user), OPEN_ACL);
  assert.deepEqual(resolveAcl([entry('auth', '', Perms.read)], user), [
    entry('digest', 'u:h', Perms.read),
    entry('digest', 'v:h', Perms.read),
  ]);
  assert.equal(resolveAcl([entry('auth', '')], asker(['ip', '10.0.0.1'])), null);
  for (const [scheme, id] of [
    ['world', 'me'],
    ['digest', 'u'],
    ['digest', 'u:h:x'],
    ['ip', '300.1.1.1'],
    ['ip', '1.2.3.4/33'],
    ['domain', ''],
    ['super', ''],
    ['x509', 'a'],
    ['sasl', 'a@b@c'],
    ['sasl', 'a/b/c@d'],
  ] as const)
    assert.equal(resolveAcl([entry(scheme, id)], user), null, `${scheme}:${id}`);
  for (const [scheme, id] of [
    ['x509', 'CN=a,O=b'],
    ['x509', ''],
    ['sasl', 'bob'],
    ['sasl', 'bob/host@REALM'],
    ['sasl', 'a/b/c'],
  ] as const)
    assert.deepEqual(resolveAcl([entry(scheme, id)], user), [entry(scheme, id)]);
  const proven = asker(['x509', 'CN=a'], ['ip', '10.0.0.1'], ['sasl', 'bob'], ['super', '']);
  assert.deepEqual(resolveAcl([entry('auth', '')], proven), [entry('x509', 'CN=a'), entry('sasl', 'bob')]);
  assert.ok(!can([entry('sasl', 'bob')], asker(['sasl', 'super'])), 'a name like any other');
  assert.equal(resolveAcl([entry('digest', `u:${'x'.repeat(40_000)}`)], user), null);
});

test('hashes are masked for those who may not administer', () => {
  assert.deepEqual(maskAcl([entry('digest', 'u:h'), entry('ip', '1.2.3.4')]), [
    entry('digest', 'u:x'),
    entry('ip', '1.2.3.4'),
  ]);
});

test('stored lists come back, and only in one form', () => {
  const writer = createWriter();
  const back = (acl: readonly Acl[]): readonly Acl[] | null => {
    writeStoredAcl(writer, acl);
    const reader = createReader(writer.finish());
    return reader.finish(readStoredAcl(reader));
  };
  assert.equal(back(OPEN_ACL), OPEN_ACL);
  assert.deepEqual(back([entry('digest', 'u:h', 3)]), [entry('digest', 'u:h', 3)]);
  assert.equal(back([entry('world', 'anyone')]), null, 'the open list spelt out is a second spelling');
});

test('the null id that kazoo writes for `auth` is an empty one; a null scheme is malformed', () => {
  const int = (value: number): number[] => [
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ];
  const auth = [...'auth'].map((letter) => letter.charCodeAt(0));
  const reader = createJuteReader();
  reader.reset(Uint8Array.from([...int(1), ...int(31), ...int(4), ...auth, ...int(-1)]));
  assert.deepEqual(readAcl(reader), [{ perms: 31, scheme: 'auth', id: '' }]);
  assert.ok(reader.done());
  reader.reset(Uint8Array.from([...int(1), ...int(31), ...int(-1), ...int(-1)]));
  readAcl(reader);
  assert.ok(reader.failed);
});
