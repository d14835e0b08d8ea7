/** What each write and read does, as clients see it. Expectations were compared with ZooKeeper 3.8.0. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Writer } from '@concordat/wire';
import { bodies } from './client/requests.ts';
import { readMultiAnswer, readStat } from './client/responses.ts';
import { CreateMode, ErrorCode, OpCode } from './jute/protocol.ts';
import { bytesOf, createTestWorld, type RawClient } from './testing/raw-client.ts';
import { readAcl } from './tree/acl.ts';

const connected = (): RawClient => createTestWorld().open().connect();

test('a fresh tree looks like ZooKeeper\u2019s', () => {
  const client = connected();
  const children = client.call(OpCode.getChildren, bodies.watched('/')).body.strings();
  assert.deepEqual(children, ['zookeeper']);
  const inner = client.call(OpCode.getChildren, bodies.watched('/zookeeper')).body.strings();
  assert.deepEqual(inner, ['config', 'quota']);
  assert.equal(client.stat('/').cversion, -1);
  assert.equal(client.stat('/zookeeper').cversion, -2);
  assert.equal(client.stat('/zookeeper/config').aversion, -1);
});

test('create, set, delete: versions, cversion and pzxid count as in ZooKeeper', () => {
  const client = connected();
  client.create('/a', 'x');
  const born = client.stat('/a');
  assert.deepEqual([born.czxid, born.mzxid, born.pzxid, born.version, born.cversion], [2, 2, 2, 0, 0]);
  client.create('/a/b');
  client.create('/a/c');
  assert.equal(client.err(OpCode.delete, bodies.versioned('/a/b')), 0);
  const parent = client.stat('/a');
  // Two creations and one deletion: three changes of the children, the last at zxid 5.
  assert.deepEqual([parent.cversion, parent.numChildren, parent.pzxid, parent.mzxid], [3, 1, 5, 2]);
  const set = client.call(OpCode.setData, bodies.setData('/a', bytesOf('yy'), 0));
  const stat = readStat(set.body);
  assert.deepEqual([set.zxid, stat.version, stat.mzxid, stat.dataLength, stat.pzxid], [6, 1, 6, 2, 5]);
});

test('a node without data is not a node with empty data', () => {
  const client = connected();
  client.call(OpCode.create, bodies.create('/none', null));
  client.create('/empty');
  assert.equal(client.call(OpCode.getData, bodies.watched('/none')).body.buffer(), null);
  assert.equal(client.call(OpCode.getData, bodies.watched('/empty')).body.buffer()?.length, 0);
});

test('errors come in ZooKeeper\u2019s order of precedence', () => {
  const client = connected();
  client.create('/a');
  client.create('/a/b');
  client.create('/e', '', CreateMode.ephemeral);
  const create = (path: string, options = {}) =>
    client.err(OpCode.create, bodies.create(path, null, options));
  assert.equal(create('/a'), ErrorCode.nodeExists);
  assert.equal(create('/x/y'), ErrorCode.noNode);
  assert.equal(create('/e/y'), ErrorCode.noChildrenForEphemerals);
  assert.equal(create('a'), ErrorCode.badArguments);
  assert.equal(create('/a//b'), ErrorCode.noNode, 'the missing parent is found before the bad path');
  assert.equal(create('/a/'), ErrorCode.badArguments);
  assert.equal(create('/c', { mode: 9 }), ErrorCode.badArguments);
  assert.equal(create('/c', { mode: CreateMode.persistentTtl }), ErrorCode.badArguments);
  assert.equal(
    create('/x/y', { acl: [] }),
    ErrorCode.invalidACL,
    'the bad list is found before the missing parent',
  );
  assert.equal(client.err(OpCode.delete, bodies.versioned('/a')), ErrorCode.notEmpty);
  assert.equal(client.err(OpCode.delete, bodies.versioned('/a', 7)), ErrorCode.badVersion);
  assert.equal(client.err(OpCode.delete, bodies.versioned('/nope')), ErrorCode.noNode);
  for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])
    assert.equal(client.err(OpCode.delete, bodies.versioned(path)), ErrorCode.badArguments);
  assert.equal(client.err(OpCode.setData, bodies.setData('/a', null, 4)), ErrorCode.badVersion);
  assert.equal(client.err(OpCode.setData, bodies.setData('/zookeeper/config', null)), ErrorCode.noAuth);
  assert.equal(client.err(OpCode.getData, bodies.watched('/nope')), ErrorCode.noNode);
  assert.equal(client.err(77), ErrorCode.unimplemented);
  assert.equal(client.err(OpCode.reconfig, bodies.reconfig('', '1', '', -1)), ErrorCode.reconfigDisabled);
  assert.equal(client.err(OpCode.reconfig), ErrorCode.marshallingError);
  assert.equal(client.err(OpCode.create), ErrorCode.marshallingError);
  assert.equal(client.err(OpCode.getData), ErrorCode.marshallingError);
});

test('failed transactions count, reads and syncs do not', () => {
  const client = connected();
  client.err(OpCode.delete, bodies.versioned('/nope'));
  assert.equal(client.call(OpCode.exists, bodies.watched('/')).zxid, 2);
  assert.equal(client.call(OpCode.sync, bodies.path('/')).zxid, 2);
  assert.equal(client.call(OpCode.ping, undefined, -2).zxid, 2);
});

test('sequence numbers count creations under the parent, whatever their names', () => {
  const client = connected();
  client.create('/q');
  assert.equal(client.create('/q/a-', '', CreateMode.persistentSequential), '/q/a-0000000000');
  client.create('/q/plain');
  client.err(OpCode.delete, bodies.versioned('/q/plain'));
  assert.equal(client.create('/q/b-', '', CreateMode.ephemeralSequential), '/q/b-0000000002');
  assert.equal(client.create('/q/', '', CreateMode.persistentSequential), '/q/0000000003');
});

test('ephemerals belong to their session and end with it', () => {
  const world = createTestWorld();
  const [owner, other] = [world.open().connect(), world.open().connect()];
  owner.create('/e', '', CreateMode.ephemeral);
  assert.deepEqual(other.stat('/e').ephemeralOwner, owner.answer?.session);
  const list = owner.call(OpCode.getEphemerals, bodies.path('/')).body.strings();
  assert.deepEqual(list, ['/e']);
  assert.deepEqual(other.call(OpCode.getEphemerals, bodies.path('/')).body.strings(), []);
  assert.equal(owner.err(OpCode.closeSession), 0);
  assert.deepEqual(owner.log(), [], 'the reply and the end were read together');
  assert.equal(other.err(OpCode.exists, bodies.watched('/e')), ErrorCode.noNode);
});

test('create2 answers with the Stat; containers vanish once emptied, and only then', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  const reply = client.call(
    OpCode.createContainer,
    bodies.create('/c', null, { mode: CreateMode.container }),
  );
  assert.equal(reply.body.string(), '/c');
  assert.deepEqual(readStat(reply.body).ephemeralOwner, { high: 0, low: 0 });
  const pass = (): void => {
    for (let i = 0; i < 70; i++) {
      world.loopback.pass(1000);
      client.send(OpCode.ping, undefined, -2);
    }
  };
  pass();
  assert.equal(client.err(OpCode.exists, bodies.watched('/c')), 0, 'it never had a child');
  client.create('/c/x');
  pass();
  assert.equal(client.err(OpCode.exists, bodies.watched('/c')), 0, 'it has a child');
  client.err(OpCode.delete, bodies.versioned('/c/x'));
  pass();
  assert.equal(client.err(OpCode.exists, bodies.watched('/c')), ErrorCode.noNode);
});

test('a multi happens as a whole, under one zxid', () => {
  const client = connected();
  const reply = client.call(
    OpCode.multi,
    bodies.multi([
      [OpCode.create, bodies.create('/m', null)],
      [OpCode.create, bodies.create('/m/a', null)],
      [OpCode.check, bodies.versioned('/m', 0)],
      [OpCode.setData, bodies.setData('/m', bytesOf('v'))],
      [OpCode.delete, bodies.versioned('/m/a')],
    ]),
  );
  const results = readMultiAnswer(reply.body);
  assert.ok(reply.body.done());
  assert.deepEqual(
    results.map(({ op }) => op),
    [OpCode.create, OpCode.create, OpCode.check, OpCode.setData, OpCode.delete],
  );
  assert.equal(results[3]?.stat?.numChildren, 1, 'a Stat is as of its own operation');
  const stat = client.stat('/m');
  assert.deepEqual([reply.zxid, stat.czxid, stat.mzxid, stat.pzxid, stat.cversion], [2, 2, 2, 2, 2]);
});

test('a multi that fails leaves nothing behind and marks every operation', () => {
  const world = createTestWorld();
  const [client, watcher] = [world.open().connect(), world.open().connect()];
  client.create('/m', 'old');
  watcher.call(OpCode.exists, bodies.watched('/m/a', true));
  watcher.call(OpCode.getData, bodies.watched('/m', true));
  const before = world.service.digest();
  const reply = client.call(
    OpCode.multi,
    bodies.multi([
      [OpCode.create, bodies.create('/m/a', null)],
      [OpCode.setData, bodies.setData('/m', bytesOf('new'))],
      [OpCode.check, bodies.versioned('/m', 9)],
      [OpCode.delete, bodies.versioned('/nope')],
    ]),
  );
  assert.equal(reply.err, 0, 'the header of a failed multi says Ok');
  assert.deepEqual(
    readMultiAnswer(reply.body).map(({ op, err }) => [op, err]),
    [
      [OpCode.error, ErrorCode.ok],
      [OpCode.error, ErrorCode.ok],
      [OpCode.error, ErrorCode.badVersion],
      [OpCode.error, ErrorCode.runtimeInconsistency],
    ],
  );
  assert.deepEqual(watcher.log(), []);
  assert.equal(client.err(OpCode.exists, bodies.watched('/m/a')), ErrorCode.noNode);
  assert.deepEqual([client.stat('/m').version, client.stat('/m').cversion], [0, 0]);
  assert.notDeepEqual(world.service.digest(), before, 'the failed transaction was counted');
  assert.equal(client.call(OpCode.multi, bodies.multi([])).err, 0);
});

test('a multi within a path that a former operation made, and one that may not be in it', () => {
  const client = connected();
  const sequential = bodies.create('/s-', null, { mode: CreateMode.persistentSequential });
  client.call(
    OpCode.multi,
    bodies.multi([
      [OpCode.create, sequential],
      [OpCode.create, sequential],
    ]),
  );
  const names = client.call(OpCode.getChildren, bodies.watched('/')).body.strings();
  assert.deepEqual(names, ['s-0000000000', 's-0000000001', 'zookeeper']);
  const acl = bodies.multi([[OpCode.setACL, bodies.path('/')]]);
  assert.equal(client.err(OpCode.multi, acl), ErrorCode.marshallingError);
});

test('multiRead answers each read for itself', () => {
  const client = connected();
  client.create('/a', 'x');
  const reply = client.call(
    OpCode.multiRead,
    bodies.multi([
      [OpCode.getData, bodies.watched('/a')],
      [OpCode.getChildren, bodies.watched('/nope')],
      [OpCode.getChildren, bodies.watched('/')],
    ]),
  );
  const { body } = reply;
  assert.deepEqual([body.int(), body.bool(), body.int()], [OpCode.getData, false, 0]);
  assert.deepEqual(body.buffer(), bytesOf('x'));
  readStat(body);
  assert.deepEqual([body.int(), body.bool(), body.int(), body.int()], [-1, false, -101, -101]);
  assert.deepEqual([body.int(), body.bool(), body.int()], [OpCode.getChildren, false, 0]);
  assert.deepEqual(body.strings(), ['a', 'zookeeper']);
  assert.deepEqual([body.int(), body.bool(), body.int(), body.done()], [-1, true, -1, true]);
});

test('lists of who may do what are kept, checked and masked', () => {
  const world = createTestWorld();
  const [owner, other] = [world.open().connect(), world.open().connect()];
  assert.equal(owner.call(OpCode.auth, bodies.auth('digest', bytesOf('u:p')), -4).err, 0);
  const mine = [{ perms: 31, scheme: 'auth', id: '' }];
  owner.call(OpCode.create, bodies.create('/mine', bytesOf('s'), { acl: mine }));
  assert.equal(other.err(OpCode.getData, bodies.watched('/mine')), ErrorCode.noAuth);
  assert.equal(other.err(OpCode.create, bodies.create('/mine/x', null)), ErrorCode.noAuth);
  assert.equal(other.err(OpCode.exists, bodies.watched('/mine')), 0, 'exists asks for no permission');
  const acl = readAcl(owner.call(OpCode.getACL, bodies.path('/mine')).body);
  assert.deepEqual(acl, [{ perms: 31, scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' }]);
  const shared = [...(acl ?? []), { perms: 1, scheme: 'domain', id: 'red' }];
  assert.equal(other.err(OpCode.setACL, bodies.setAcl('/mine', shared)), ErrorCode.noAuth);
  assert.equal(readStat(owner.call(OpCode.setACL, bodies.setAcl('/mine', shared, 0)).body).aversion, 1);
  assert.equal(owner.err(OpCode.setACL, bodies.setAcl('/mine', shared, 0)), ErrorCode.badVersion);
  assert.equal(other.err(OpCode.getData, bodies.watched('/mine')), 0);
  const masked = readAcl(other.call(OpCode.getACL, bodies.path('/mine')).body);
  assert.equal(masked?.[0]?.id, 'u:x');
});

test('getAllChildrenNumber counts the whole subtree; whoAmI names identities without hashes', () => {
  const client = connected();
  for (const path of ['/a', '/a/b', '/a/b/c', '/a/d']) client.create(path);
  assert.equal(client.call(OpCode.getAllChildrenNumber, bodies.path('/a')).body.int(), 3);
  assert.equal(client.call(OpCode.getAllChildrenNumber, bodies.path('/')).body.int(), 7);
  client.call(OpCode.auth, bodies.auth('digest', bytesOf('u:p')), -4);
  const { body } = client.call(OpCode.whoAmI);
  const pairs = Array.from({ length: body.int() }, () => `${body.string()}:${body.string()}`);
  assert.deepEqual(pairs, ['ip:10.0.0.1', 'digest:u', 'domain:red']);
});

test('createTTL is for modes that live for a time, except within a multi; others cannot be', () => {
  const client = connected();
  const create = (op: number, path: string, mode: number) =>
    [op, (to: Writer) => [bodies.create(path, null, { mode })(to), to.u53(1_000)]] as const;
  assert.equal(client.err(...create(OpCode.createTTL, '/ttl', CreateMode.persistentTtl)), ErrorCode.ok);
  assert.equal(
    client.err(...create(OpCode.createTTL, '/x/y', CreateMode.persistent)),
    ErrorCode.badArguments,
  );
  const multi = bodies.multi([create(OpCode.createTTL, '/a', CreateMode.persistent)]);
  const results = readMultiAnswer(client.call(OpCode.multi, multi).body);
  assert.deepEqual(results, [{ op: OpCode.create, err: 0, stat: null }]);
});

test('a TTL node without its TTL gives up a multi, unless an operation before it has failed', () => {
  const client = connected();
  const hollow = [OpCode.create, bodies.create('/ttl', null, { mode: CreateMode.persistentTtl })] as const;
  const made = [OpCode.create, bodies.create('/made', null)] as const;
  const missing = [OpCode.delete, bodies.versioned('/none', -1)] as const;
  assert.equal(client.err(OpCode.multi, bodies.multi([made, hollow])), ErrorCode.marshallingError);
  assert.equal(client.err(OpCode.exists, bodies.watched('/made')), ErrorCode.noNode);
  const results = readMultiAnswer(client.call(OpCode.multi, bodies.multi([missing, hollow])).body);
  assert.deepEqual(
    results.map(({ err }) => err),
    [ErrorCode.noNode, ErrorCode.runtimeInconsistency],
  );
});

test('a reconfig that is refused counts as a transaction that failed', () => {
  const client = connected();
  const before = client.call(OpCode.exists, bodies.watched('/')).zxid;
  const { err, zxid } = client.call(OpCode.reconfig, bodies.reconfig('', '1', '', -1));
  assert.deepEqual([err, zxid], [ErrorCode.reconfigDisabled, before + 1]);
});
