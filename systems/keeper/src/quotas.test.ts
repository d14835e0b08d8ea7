/** Quotas as clients see them. Counts, errors and Stats were compared with ZooKeeper 3.8.0 that enforces quotas. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from './client/requests.ts';
import { readMultiAnswer } from './client/responses.ts';
import { CreateMode, ErrorCode, OpCode } from './jute/protocol.ts';
import { bytesOf, createTestWorld, type RawClient } from './testing/raw-client.ts';

const QUOTA = '/zookeeper/quota';
const limitsOf = (path: string): string => `${QUOTA}${path}/zookeeper_limits`;
const statsOf = (path: string): string => `${QUOTA}${path}/zookeeper_stats`;

const connected = (): RawClient => createTestWorld().open().connect();

function textAt(client: RawClient, path: string): string {
  const reply = client.call(OpCode.getData, bodies.watched(path));
  assert.equal(reply.err, ErrorCode.ok, path);
  return new TextDecoder().decode(reply.body.buffer() ?? new Uint8Array(0));
}

/** As `setquota` of `zkCli.sh`: what leads there, the limits, and a node for the use. */
function setQuota(client: RawClient, path: string, limits: string, use = 'count=77,bytes=99'): void {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    client.err(OpCode.create, bodies.create(`${QUOTA}${end < 0 ? path : path.slice(0, end)}`, null));
    if (end < 0) break;
  }
  client.create(limitsOf(path), limits);
  client.create(statsOf(path), use);
}

const create = (client: RawClient, path: string, data = ''): number =>
  client.err(OpCode.create, bodies.create(path, bytesOf(data)));
const set = (client: RawClient, path: string, data: string, version = -1): number =>
  client.err(OpCode.setData, bodies.setData(path, bytesOf(data), version));
const remove = (client: RawClient, path: string): number => client.err(OpCode.delete, bodies.versioned(path));

test('the use is counted when its node comes to be, and with each write from then on', () => {
  const client = connected();
  client.create('/q', '1234');
  client.create('/q/a', '12');
  client.create('/q/a/b', '123');
  setQuota(client, '/q', 'count=50,bytes=1000');
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=9');
  create(client, '/q/c', '12345');
  assert.equal(textAt(client, statsOf('/q')), 'count=4,bytes=14');
  set(client, '/q/a', '');
  assert.equal(textAt(client, statsOf('/q')), 'count=4,bytes=12');
  set(client, '/q', '123456');
  assert.equal(textAt(client, statsOf('/q')), 'count=4,bytes=14');
  remove(client, '/q/a/b');
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=11');
  client.call(OpCode.create, bodies.create('/q/none', null));
  assert.equal(textAt(client, statsOf('/q')), 'count=4,bytes=11');
  create(client, '/other', 'x');
  create(client, '/qq', 'x');
  assert.equal(textAt(client, statsOf('/q')), 'count=4,bytes=11');
});

test('the use changes without a version, a zxid or an event', () => {
  const client = connected();
  client.create('/q');
  setQuota(client, '/q', 'count=50,bytes=1000');
  const before = client.stat(statsOf('/q'));
  client.call(OpCode.getData, bodies.watched(statsOf('/q'), true));
  client.create('/q/a', '123');
  assert.deepEqual(client.log(), []);
  assert.deepEqual(client.stat(statsOf('/q')), { ...before, dataLength: 'count=2,bytes=3'.length });
});

test('a hard limit refuses, a soft one does not', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  client.create('/q', '1234');
  setQuota(client, '/q', 'count=2,bytes=6=;byteHardLimit=10;countHardLimit=3');
  assert.equal(create(client, '/q/a', '12'), ErrorCode.ok);
  const soft = (): unknown => measureOf(world)['zk_quota_over_soft_limit_count'];
  assert.equal(soft(), '0');
  assert.equal(create(client, '/q/b', '1'), ErrorCode.ok, 'above both soft limits');
  assert.equal(soft(), '1');
  assert.equal(create(client, '/q/c'), ErrorCode.quotaExceeded);
  assert.equal(create(client, '/q/b'), ErrorCode.nodeExists, 'what is there is found before');
  assert.equal(set(client, '/q/b', '12345'), ErrorCode.quotaExceeded);
  assert.equal(set(client, '/q/b', '12345', 9), ErrorCode.quotaExceeded, 'found before the wrong version');
  assert.equal(set(client, '/q/b', '1234'), ErrorCode.ok, 'up to the limit');
  assert.equal(set(client, '/q/b', '4321'), ErrorCode.ok);
  const sequential = bodies.create('/q/s-', null, { mode: CreateMode.persistentSequential });
  assert.equal(client.err(OpCode.create, sequential), ErrorCode.quotaExceeded);
  const ttl = bodies.create('/q/t', null, { mode: CreateMode.persistentTtl, ttlMs: 5 });
  assert.equal(client.err(OpCode.createTTL, ttl), ErrorCode.quotaExceeded);
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=10');
  assert.equal(remove(client, '/q/a'), ErrorCode.ok);
  assert.equal(create(client, '/q/c'), ErrorCode.ok);
  assert.equal(measureOf(world)['zk_quota_exceeded_errors'], '5');
  assert.equal(measureOf(world)['zk_quota_count'], '1');
});

function measureOf(world: ReturnType<typeof createTestWorld>): Record<string, string> {
  const asker = world.open();
  world.loopback.connect(asker.id);
  world.loopback.deliver(asker.id, { type: 'client-word', word: 'mntr' });
  const [message] = world.inboxes.get(asker.id) ?? [];
  assert.equal(message?.type, 'client-raw');
  const lines = new TextDecoder().decode(message.bytes).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split('\t') as [string, string]));
}

test('a multi counts as it goes, and not at all if it fails', () => {
  const client = connected();
  client.create('/q');
  setQuota(client, '/q', 'countHardLimit=3');
  const multi = (...paths: string[]) =>
    client.call(OpCode.multi, bodies.multi(paths.map((path) => [OpCode.create, bodies.create(path, null)])));
  const errors = readMultiAnswer(multi('/free', '/q/a', '/q/b', '/q/c', '/q/d').body).map(({ err }) => err);
  assert.deepEqual(errors, [0, 0, 0, ErrorCode.quotaExceeded, ErrorCode.runtimeInconsistency]);
  assert.equal(textAt(client, statsOf('/q')), 'count=1,bytes=0');
  assert.equal(client.err(OpCode.exists, bodies.watched('/free')), ErrorCode.noNode);
  assert.equal(readMultiAnswer(multi('/q/a', '/q/b').body).length, 2);
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=0');
});

test('nodes that end with their session or by themselves are counted out', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  client.create('/q');
  setQuota(client, '/q', 'count=9');
  other.create('/q/e', '12', CreateMode.ephemeral);
  const ttl = bodies.create('/q/t', bytesOf('123'), { mode: CreateMode.persistentTtl, ttlMs: 5 });
  client.call(OpCode.createTTL, ttl);
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=5');
  other.err(OpCode.closeSession);
  assert.equal(textAt(client, statsOf('/q')), 'count=2,bytes=3');
  for (let i = 0; i < 122; i++) {
    world.loopback.pass(500);
    client.send(OpCode.ping, undefined, -2);
  }
  assert.equal(textAt(client, statsOf('/q')), 'count=1,bytes=0');
});

test('only the innermost quota counts', () => {
  const client = connected();
  client.create('/q');
  client.create('/q/a', '12');
  setQuota(client, '/q', 'countHardLimit=2');
  setQuota(client, '/q/a', 'countHardLimit=3');
  assert.equal(create(client, '/q/a/x', '1'), ErrorCode.ok);
  assert.equal(textAt(client, statsOf('/q')), 'count=2,bytes=2');
  assert.equal(textAt(client, statsOf('/q/a')), 'count=2,bytes=3');
  assert.equal(create(client, '/q/b'), ErrorCode.quotaExceeded);
});

test('a quota counts and holds while both its nodes are there', () => {
  const client = connected();
  client.err(OpCode.create, bodies.create(`${QUOTA}/q`, null));
  client.create(limitsOf('/q'), 'countHardLimit=0');
  assert.equal(create(client, '/q'), ErrorCode.ok, 'nothing tells the use');
  client.create(statsOf('/q'));
  assert.equal(textAt(client, statsOf('/q')), 'count=1,bytes=0');
  assert.equal(create(client, '/q/a'), ErrorCode.quotaExceeded);
  assert.equal(remove(client, limitsOf('/q')), ErrorCode.ok);
  assert.equal(create(client, '/q/a'), ErrorCode.ok, 'nothing limits it');
  assert.equal(textAt(client, statsOf('/q')), 'count=1,bytes=0', 'nor is it counted');
  client.create(limitsOf('/q'), 'countHardLimit=2');
  assert.equal(create(client, '/q/b'), ErrorCode.ok, 'and not counted anew');
  assert.equal(remove(client, statsOf('/q')), ErrorCode.ok);
  client.create(statsOf('/q'), 'count=0');
  assert.equal(textAt(client, statsOf('/q')), 'count=3,bytes=0');
});

test('a quota on a path that is not there begins with nothing', () => {
  const client = connected();
  setQuota(client, '/ghost', 'countHardLimit=1', '');
  assert.equal(textAt(client, statsOf('/ghost')), 'count=0,bytes=0');
  assert.equal(create(client, '/ghost'), ErrorCode.ok);
  assert.equal(create(client, '/ghost/x'), ErrorCode.quotaExceeded);
});

test('fields that nobody knows are kept, what is no number or no list of fields is refused', () => {
  const client = connected();
  client.create('/q');
  setQuota(client, '/q', 'count=5,bytes=9=;more=9223372036854775807');
  assert.equal(
    set(client, statsOf('/q'), 'count=1,bytes=2;foo=-9223372036854775808;bar==;'),
    ErrorCode.badArguments,
  );
  assert.equal(
    set(client, statsOf('/q'), 'count=1;bytes=2;foo=-9223372036854775808;bar==,;'),
    ErrorCode.badArguments,
  );
  assert.equal(set(client, statsOf('/q'), 'count=1;bytes=2;foo=-9223372036854775808;bar==7,;'), ErrorCode.ok);
  create(client, '/q/a', '1');
  assert.equal(textAt(client, statsOf('/q')), 'count=2,bytes=3=;bar=-1;foo=-9223372036854775808');
  for (const text of [
    'count',
    'count=',
    '=5',
    'count=x',
    'count=9223372036854775808',
    ',count=5',
    ' ',
    'a=1=',
    'x'.repeat(9),
  ])
    assert.equal(
      set(client, limitsOf('/q'), text),
      text === 'a=1=' ? ErrorCode.ok : ErrorCode.badArguments,
      text,
    );
  assert.equal(set(client, limitsOf('/q'), `count=${'0'.repeat(2000)}1`), ErrorCode.badArguments);
  assert.equal(client.err(OpCode.setData, bodies.setData(limitsOf('/q'), null)), ErrorCode.badArguments);
  assert.equal(
    client.err(OpCode.create, bodies.create(`${QUOTA}/zookeeper_limits`, bytesOf('count=1'))),
    ErrorCode.badArguments,
  );
  assert.equal(
    create(client, '/zookeeper_limits', 'whatever'),
    ErrorCode.ok,
    'elsewhere it is a name as any other',
  );
});

test('who has much counted again and again is throttled, and pays for what failed', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  client.create('/q');
  for (let i = 0; i < 200; i++) client.create(`/q/${i}`);
  setQuota(client, '/q', 'count=5');
  const again = bodies.multi([
    [OpCode.delete, bodies.versioned(statsOf('/q'))],
    [OpCode.create, bodies.create(statsOf('/q'), bytesOf(''))],
    [OpCode.check, bodies.versioned('/q', 7)],
  ]);
  const errors: number[] = [];
  for (let i = 0; i < 300; i++) {
    const results = readMultiAnswer(client.call(OpCode.multi, again).body).map(({ err }) => err);
    errors.push(results.find((err) => err !== ErrorCode.ok) ?? 0);
  }
  // 201 nodes cost 5 ms each time, the first time outside the multi, and a second may be owed.
  assert.equal(errors.filter((err) => err === ErrorCode.badVersion).length, 200);
  assert.equal(errors.filter((err) => err === ErrorCode.throttledOp).length, 100);
  remove(client, statsOf('/q'));
  assert.equal(create(client, statsOf('/q')), ErrorCode.throttledOp);
  world.loopback.pass(10);
  assert.equal(create(client, statsOf('/q')), ErrorCode.ok);
  assert.equal(textAt(client, statsOf('/q')), 'count=201,bytes=0');
});
