/** Who clients are, by certificate and by SASL, what they may do before they have said so, and those who cheat. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { utf8 } from '@concordat/wire';
import { bodies } from '../client/requests.ts';
import { digestsOf, loginSecret } from '../credentials/digest-md5.ts';
import { ErrorCode, OpCode, Perms } from '../jute/protocol.ts';
import { createTestWorld, type RawClient, type TestWorld } from '../testing/raw-client.ts';
import { type Acl, MAX_IDENTITIES } from '../tree/acl.ts';
import type { GatewayConfig } from './state.ts';

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('md5').update(bytes).digest());
const PASSWORDS: Readonly<Record<string, string>> = { bob: 'secret', root: 'powerful' };
const sasl = {
  md5,
  secretOf: (user: string): Uint8Array | null => {
    const password = PASSWORDS[user];
    return password === undefined ? null : loginSecret(md5, user, password);
  },
  superUser: 'root',
};

const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('latin1');

/** Sends a token and returns the error and the answer. */
function step(client: RawClient, token: string): readonly [err: number, token: string | null] {
  const { err, body } = client.call(OpCode.sasl, bodies.sasl(utf8(token)));
  const answer = body.buffer();
  return [err, answer === null ? null : text(answer)];
}

const CNONCE = '0a4f113b';

/** What a client with this name and password answers to a challenge. */
function responseTo(
  challenge: string,
  user: string,
  password: string,
  more = '',
  authzid: string | null = null,
) {
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const { client, server } = digestsOf(md5, loginSecret(md5, user, password), {
    nonce,
    cnonce: CNONCE,
    authzid,
  });
  const token =
    `username="${user}",realm="zk-sasl-md5",nonce="${nonce}",cnonce="${CNONCE}",nc=00000001,qop=auth,` +
    `digest-uri="zookeeper/zk-sasl-md5",response=${client}${more}`;
  return { token, proof: `rspauth=${server}` };
}

function login(client: RawClient, user: string, password: string): number {
  const [err, challenge] = step(client, '');
  assert.equal(err, ErrorCode.ok);
  const { token, proof } = responseTo(challenge ?? '', user, password);
  const [outcome, answer] = step(client, token);
  if (outcome === ErrorCode.ok) assert.equal(answer, proof);
  return outcome;
}

const worldWith = (overrides: Partial<GatewayConfig>): TestWorld => createTestWorld(overrides);
const only = (scheme: string, id: string): readonly Acl[] => [{ perms: Perms.all, scheme, id }];
const createFor = (path: string, acl: readonly Acl[]) => bodies.create(path, null, { acl });

function whoAmI(client: RawClient): string[] {
  const { body } = client.call(OpCode.whoAmI);
  return Array.from({ length: body.int() }, () => `${body.string()}:${body.string()}`);
}

const isClosed = ({ loopback }: TestWorld, { id }: RawClient): boolean => !loopback.state.connections.has(id);

test('a login with SASL is an identity of lists, and of `auth`', () => {
  const world = worldWith({ sasl });
  const bob = world.open().connect();
  const other = world.open().connect();
  assert.equal(bob.err(OpCode.create, createFor('/mine', only('auth', ''))), ErrorCode.invalidACL);
  assert.equal(login(bob, 'bob', 'secret'), ErrorCode.ok);
  assert.deepEqual(whoAmI(bob), ['ip:10.0.0.1', 'sasl:bob', 'domain:red']);
  assert.equal(bob.err(OpCode.create, createFor('/mine', only('auth', ''))), ErrorCode.ok);
  assert.equal(bob.err(OpCode.create, createFor('/his', only('sasl', 'bob'))), ErrorCode.ok);
  for (const path of ['/mine', '/his']) {
    assert.equal(bob.err(OpCode.getData, bodies.watched(path)), ErrorCode.ok);
    assert.equal(other.err(OpCode.getData, bodies.watched(path)), ErrorCode.noAuth);
  }
});

test('a wrong password, a wrong name and a wrong order end the connection', () => {
  const world = worldWith({ sasl });
  for (const [user, password] of [
    ['bob', 'Secret'],
    ['nobody', ''],
    ['nobody', 'secret'],
  ] as const) {
    const client = world.open().connect();
    assert.equal(login(client, user, password), ErrorCode.authFailed, user);
    assert.equal(isClosed(world, client), true);
  }
  const hasty = world.open().connect();
  const guess = responseTo('nonce=""', 'bob', 'secret').token;
  assert.match(step(hasty, guess)[1] ?? '', /nonce=/, 'asked before it says anything');
  assert.equal(step(hasty, guess)[0], ErrorCode.authFailed);
  const impostor = world.open().connect();
  const [, challenge] = step(impostor, '');
  const claim = responseTo(challenge ?? '', 'bob', 'secret', ',authzid="root"', 'root');
  assert.equal(step(impostor, claim.token)[0], ErrorCode.authFailed, 'nobody speaks for somebody else');
  const modest = world.open().connect();
  const [, again] = step(modest, '');
  const own = responseTo(again ?? '', 'bob', 'secret', ',authzid="bob"', 'bob');
  assert.deepEqual(step(modest, own.token), [ErrorCode.ok, own.proof], 'Java names itself twice');
  assert.equal(world.loopback.state.tally.authRefused, 5);
});

test('what was heard on one connection is worth nothing on another, and nothing twice', () => {
  const world = worldWith({ sasl });
  const [bob, thief] = [world.open().connect(), world.open().connect()];
  const [, challenge] = step(bob, '');
  const [, other] = step(thief, '');
  assert.notEqual(challenge, other);
  const { token } = responseTo(challenge ?? '', 'bob', 'secret');
  assert.equal(step(thief, token)[0], ErrorCode.authFailed);
  assert.equal(step(bob, token)[0], ErrorCode.ok);
  assert.equal(step(bob, token)[0], ErrorCode.authFailed, 'an exchange is over when it is over');
  assert.equal(isClosed(world, bob), true);
});

test('tokens that are absurd end their own connection alone', () => {
  const world = worldWith({ sasl });
  const good = world.open().connect();
  const absurd = [
    'x'.repeat(900_000),
    '='.repeat(4000),
    'username="'.repeat(400),
    '\\'.repeat(4000),
    ',a=b'.repeat(1000),
  ];
  for (const token of absurd) {
    const client = world.open().connect();
    step(client, '');
    assert.deepEqual(step(client, token), [ErrorCode.authFailed, null]);
    assert.equal(isClosed(world, client), true);
  }
  const cut = world.open().connect();
  assert.equal(
    cut.err(OpCode.sasl, (to) => to.i32(1000)),
    ErrorCode.authFailed,
  );
  const never = world.open().connect();
  step(never, '');
  assert.equal(step(never, '')[0], ErrorCode.authFailed, 'it does not begin anew');
  assert.ok(isClosed(world, cut) && isClosed(world, never));
  assert.equal(login(good, 'bob', 'secret'), ErrorCode.ok);
});

test('a connection has so many identities, however often it authenticates', () => {
  const world = worldWith({ sasl });
  const client = world.open().connect();
  assert.equal(login(client, 'bob', 'secret'), ErrorCode.ok);
  for (let i = 0; i < 1000; i++)
    assert.equal(client.err(OpCode.auth, bodies.auth('digest', utf8('one:x'))), ErrorCode.ok, 'the same one');
  const added = MAX_IDENTITIES - whoAmI(client).length + 1;
  for (let i = 0; i < added; i++)
    assert.equal(client.err(OpCode.auth, bodies.auth('digest', utf8(`u${i}:x`))), ErrorCode.ok);
  assert.equal(whoAmI(client).length, MAX_IDENTITIES + 1, 'and the domain');
  assert.equal(client.err(OpCode.auth, bodies.auth('digest', utf8('more:x'))), ErrorCode.authFailed);
  assert.equal(isClosed(world, client), true);
});

test('without users SASL ends at once and proves nothing, as in a ZooKeeper without it', () => {
  const client = createTestWorld().open().connect();
  assert.deepEqual(step(client, 'anything'), [ErrorCode.ok, null]);
  assert.deepEqual(whoAmI(client), ['ip:10.0.0.1', 'domain:red']);
});

test('a certificate is an identity from the first request on, and nobody can claim one', () => {
  const subjects = ['CN=bob,O=Red', null, `CN=${'x'.repeat(5000)}`, 'CN=root'];
  let next = 0;
  const world = worldWith({ subjectOf: () => subjects[next++] ?? null, superSubject: 'CN=root' });
  const [bob, nobody, absurd, root] = subjects.map(() => world.open().connect());
  assert.ok(bob && nobody && absurd && root);
  assert.deepEqual(whoAmI(bob), ['ip:10.0.0.1', 'x509:CN=bob,O=Red', 'domain:red']);
  assert.deepEqual(whoAmI(root), ['ip:10.0.0.1', 'x509:CN=root', 'super:CN=root', 'domain:red']);
  for (const client of [nobody, absurd]) assert.deepEqual(whoAmI(client), ['ip:10.0.0.1', 'domain:red']);
  assert.equal(bob.err(OpCode.create, createFor('/a', only('auth', ''))), ErrorCode.ok);
  assert.equal(bob.err(OpCode.create, createFor('/b', only('x509', 'CN=bob,O=Red'))), ErrorCode.ok);
  assert.equal(bob.err(OpCode.create, createFor('/c', only('x509', 'bob'))), ErrorCode.invalidACL);
  for (const path of ['/a', '/b']) {
    assert.equal(absurd.err(OpCode.getData, bodies.watched(path)), ErrorCode.noAuth);
    assert.equal(
      root.err(OpCode.getData, bodies.watched(path)),
      ErrorCode.noAuth,
      'super only below /domains/red',
    );
  }
  assert.equal(bob.err(OpCode.auth, bodies.auth('x509', utf8(''))), ErrorCode.ok);
  assert.equal(nobody.err(OpCode.auth, bodies.auth('x509', utf8('CN=bob,O=Red'))), ErrorCode.authFailed);
  assert.equal(isClosed(world, nobody), true);
});

test('who must prove to be somebody can do nothing before, not even say that it is alive', () => {
  const requiredSchemes = new Set(['sasl', 'digest']);
  const world = worldWith({ sasl, requiredSchemes });
  const attempts: (readonly [number, Parameters<RawClient['call']>[1]])[] = [
    [OpCode.create, bodies.create('/a', null)],
    [OpCode.getData, bodies.watched('/')],
    [OpCode.whoAmI, undefined],
    [OpCode.closeSession, undefined],
    [OpCode.sync, bodies.path('/')],
  ];
  for (const [op, body] of attempts) {
    const client = world.open().connect();
    client.send(op, body, 7);
    client.send(OpCode.create, bodies.create('/b', null), 8);
    assert.deepEqual(client.log(), [`7 ${ErrorCode.sessionClosedRequireAuth}`, 'closed'], `${op}`);
  }
  const silent = world.open().connect();
  silent.send(OpCode.ping, undefined, -2);
  assert.deepEqual(silent.log(), [`-2 ${ErrorCode.sessionClosedRequireAuth}`, 'closed']);
  const failed = world.open().connect();
  assert.equal(login(failed, 'bob', 'wrong'), ErrorCode.sessionClosedRequireAuth);
  const bob = world.open().connect();
  assert.equal(login(bob, 'bob', 'secret'), ErrorCode.ok);
  assert.equal(
    bob.err(OpCode.exists, bodies.watched('/b')),
    ErrorCode.noNode,
    'nothing of what came before was done',
  );
  const user = world.open().connect();
  assert.equal(user.err(OpCode.auth, bodies.auth('digest', utf8('u:x'))), ErrorCode.ok);
  assert.equal(user.err(OpCode.create, bodies.create('/a', null)), ErrorCode.ok);
});

test('the super user of SASL rules its own domain', () => {
  const world = worldWith({ sasl });
  const root = world.open().connect();
  const bob = world.open().connect();
  assert.equal(login(bob, 'bob', 'secret'), ErrorCode.ok);
  for (const path of ['/domains', '/domains/red'])
    assert.equal(bob.err(OpCode.create, bodies.create(path, null)), ErrorCode.ok);
  assert.equal(bob.err(OpCode.create, createFor('/domains/red/a', only('sasl', 'bob'))), ErrorCode.ok);
  assert.equal(bob.err(OpCode.create, createFor('/b', only('sasl', 'bob'))), ErrorCode.ok);
  assert.equal(login(root, 'root', 'powerful'), ErrorCode.ok);
  assert.equal(root.err(OpCode.setData, bodies.setData('/domains/red/a', utf8('x'))), ErrorCode.ok);
  assert.equal(root.err(OpCode.setData, bodies.setData('/b', utf8('x'))), ErrorCode.noAuth);
});
