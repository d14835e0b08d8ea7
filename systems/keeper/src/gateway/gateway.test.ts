/** The gateway with raw frames: order of replies and events, watches, leases, reconnection, limits (rules 4, 5 and 8). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, connectFrame, requestFrame } from '../client/requests.ts';
import { CreateMode, ErrorCode, OpCode } from '../jute/protocol.ts';
import { bytesOf, createTestWorld, TEST_START, type TestWorld } from '../testing/raw-client.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import { clientFrame } from './message.ts';
import { measure } from './metrics.ts';
import { FOUR_LETTER_WORDS } from './words.ts';

const ping = (): ReturnType<typeof clientFrame> => clientFrame(requestFrame(-2, OpCode.ping));

test('writes of one turn travel in one body, whoever sent them', () => {
  const world = createTestWorld();
  const clients = [world.open().connect(), world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll(
    clients.flatMap(({ id }) =>
      ['a', 'b'].map(
        (name, xid) =>
          [id, clientFrame(requestFrame(xid, OpCode.create, bodies.create(`/${id}${name}`, null)))] as const,
      ),
    ),
  );
  assert.equal(world.loopback.held.length, 1);
  world.loopback.isHeld = false;
  world.loopback.expose();
  for (const client of clients) assert.deepEqual(client.log(), ['0 0', '1 0']);
});

test('replies come in the order of requests, and pings after the writes before them', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  world.loopback.isHeld = true;
  client.send(OpCode.create, bodies.create('/a', bytesOf('1')), 1);
  client.send(OpCode.getData, bodies.watched('/a', true), 2);
  client.send(OpCode.setData, bodies.setData('/a', bytesOf('2')), 3);
  client.send(OpCode.getData, bodies.watched('/a'), 4);
  client.send(OpCode.ping, undefined, -2);
  assert.deepEqual(client.log(), []);
  assert.equal(world.loopback.held.length, 1, 'the second write must not overtake the watch before it');
  world.loopback.expose();
  assert.deepEqual(client.log(), ['1 0', '2 0']);
  world.loopback.expose();
  assert.deepEqual(client.log(), ['event 3 /a', '3 0', '4 0', '-2 0']);
});

test('a session that waits for a write does not hold up the reads of another', () => {
  const world = createTestWorld();
  const [writer, reader] = [world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  writer.send(OpCode.create, bodies.create('/a', null));
  reader.send(OpCode.exists, bodies.watched('/a'), 5);
  assert.deepEqual(reader.log(), ['5 -101']);
});

test('a storm of returning clients is cut into bodies that others can bear', () => {
  const world = createTestWorld({ limits: { ...GATEWAY_LIMITS, maxPerAddress: 0, maxAttaching: 1000 } });
  const before = Array.from({ length: 300 }, (_, i) => world.open(i).connect());
  world.loopback.isHeld = true;
  for (const { id } of before) world.loopback.disconnect(id);
  const frames = before.map(({ answer }, i) => {
    const { id } = world.open(1000 + i);
    world.loopback.connect(id);
    assert.ok(answer !== null);
    return [id, clientFrame(connectFrame({ lastZxidSeen: 0, ...answer }))] as const;
  });
  world.loopback.deliverAll(frames);
  assert.equal(world.loopback.held.length, 3);
  world.loopback.expose();
  for (const [id] of frames) assert.equal(world.inboxes.get(id)?.length, 1);
});

test('pipelined writes of one session are ordered without waiting for each other', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  world.loopback.isHeld = true;
  for (let xid = 1; xid <= 3; xid++) client.send(OpCode.create, bodies.create(`/${xid}`, null), xid);
  assert.equal(world.loopback.held.length, 3);
  world.loopback.expose();
  assert.deepEqual(client.log(), ['1 0', '2 0', '3 0']);
});

test('one-shot watches fire once, before any reply that knows of the change', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  other.create('/a');
  client.call(OpCode.getData, bodies.watched('/a', true));
  client.call(OpCode.getChildren, bodies.watched('/a', true));
  client.call(OpCode.exists, bodies.watched('/a/x', true));
  client.log();
  other.call(OpCode.setData, bodies.setData('/a', bytesOf('2')));
  other.call(OpCode.setData, bodies.setData('/a', bytesOf('3')));
  other.create('/a/x');
  other.create('/a/y');
  assert.deepEqual(client.log(), ['event 3 /a', 'event 1 /a/x', 'event 4 /a']);
  client.call(OpCode.getData, bodies.watched('/a', true));
  client.send(OpCode.setData, bodies.setData('/a', bytesOf('4')), 77);
  assert.deepEqual(client.log(), ['event 3 /a', '77 0']);
});

test('within a batch events and replies are merged by zxid', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  other.create('/a');
  client.call(OpCode.getData, bodies.watched('/a', true));
  world.loopback.isHeld = true;
  world.loopback.deliverAll([
    [client.id, clientFrame(requestFrame(7, OpCode.create, bodies.create('/b', null)))],
    [other.id, clientFrame(requestFrame(8, OpCode.setData, bodies.setData('/a', null)))],
    [client.id, clientFrame(requestFrame(9, OpCode.create, bodies.create('/c', null)))],
  ]);
  client.log();
  world.loopback.expose();
  const log = client.log();
  assert.deepEqual([...log].sort(), ['7 0', '9 0', 'event 3 /a']);
  assert.ok(log.indexOf('7 0') < log.indexOf('9 0'));
});

test('a deleted node tells data and child watchers one event, and its parent\u2019s watchers another', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  other.create('/a');
  other.create('/a/b');
  client.call(OpCode.getData, bodies.watched('/a/b', true));
  client.call(OpCode.getChildren, bodies.watched('/a/b', true));
  client.call(OpCode.getChildren, bodies.watched('/a', true));
  other.call(OpCode.delete, bodies.versioned('/a/b'));
  assert.deepEqual(client.log(), ['event 2 /a/b', 'event 4 /a']);
});

test('watches of failed reads are not set, but absence can be watched', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  client.call(OpCode.getData, bodies.watched('/a', true));
  client.call(OpCode.getChildren, bodies.watched('/a', true));
  other.create('/a');
  assert.deepEqual(client.log(), []);
  client.call(OpCode.exists, bodies.watched('/b', true));
  other.create('/b');
  assert.deepEqual(client.log(), ['event 1 /b']);
});

test('a watcher who may not read the node is told nothing, and its watch is used up', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  other.create('/a');
  client.call(OpCode.exists, bodies.watched('/a', true));
  other.call(OpCode.setACL, bodies.setAcl('/a', [{ perms: 30, scheme: 'world', id: 'anyone' }]));
  other.call(OpCode.setData, bodies.setData('/a', null));
  assert.deepEqual(client.log(), []);
  assert.equal(client.err(OpCode.checkWatches, bodies.typed('/a', 2)), ErrorCode.noWatcher);
});

test('persistent watches stay, recursive ones see the subtree and no child events', () => {
  const world = createTestWorld();
  const [plain, deep, other] = [world.open().connect(), world.open().connect(), world.open().connect()];
  other.create('/a');
  assert.equal(plain.call(OpCode.addWatch, bodies.typed('/a', 0)).body.int(), 0);
  assert.equal(deep.err(OpCode.addWatch, bodies.typed('/a', 1)), 0);
  assert.equal(deep.err(OpCode.addWatch, bodies.typed('/a', 2)), ErrorCode.marshallingError);
  deep.log();
  other.create('/a/b');
  other.call(OpCode.setData, bodies.setData('/a/b', null));
  other.call(OpCode.setData, bodies.setData('/a', null));
  other.call(OpCode.delete, bodies.versioned('/a/b'));
  assert.deepEqual(plain.log(), ['event 4 /a', 'event 3 /a', 'event 4 /a']);
  assert.deepEqual(deep.log(), ['event 1 /a/b', 'event 3 /a/b', 'event 3 /a', 'event 2 /a/b']);
  for (const op of [OpCode.checkWatches, OpCode.removeWatches])
    assert.equal(deep.err(op, bodies.typed('/a', 9)), ErrorCode.marshallingError, 'no type of watch');
  assert.equal(deep.err(OpCode.removeWatches, bodies.typed('/a', 3)), 0);
  assert.equal(deep.err(OpCode.removeWatches, bodies.typed('/a', 3)), ErrorCode.noWatcher);
  other.create('/a/c');
  assert.deepEqual(deep.log(), []);
});

test('setWatches fires what changed since, and sets the rest', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  for (const path of ['/kept', '/changed', '/grown', '/gone']) other.create(path);
  const { zxid } = client.call(OpCode.exists, bodies.watched('/'));
  other.call(OpCode.setData, bodies.setData('/changed', null));
  other.create('/grown/x');
  other.create('/born');
  other.call(OpCode.delete, bodies.versioned('/gone'));
  const lists = [
    ['/kept', '/changed', '/gone'],
    ['/born', '/unborn'],
    ['/kept', '/grown', '/gone'],
  ];
  client.log();
  client.send(OpCode.setWatches, bodies.setWatches(zxid, ...lists), -8);
  assert.deepEqual(client.log(), [
    'event 3 /changed',
    'event 2 /gone',
    'event 1 /born',
    'event 4 /grown',
    'event 2 /gone',
    '-8 0',
  ]);
  other.create('/unborn');
  other.create('/kept/x');
  other.call(OpCode.setData, bodies.setData('/kept', null));
  assert.deepEqual(client.log(), ['event 1 /unborn', 'event 4 /kept', 'event 3 /kept']);
});

test('a client that comes back with its password keeps its session, and the old connection is closed', () => {
  const world = createTestWorld();
  const first = world.open().connect();
  first.create('/e', '', CreateMode.ephemeral);
  assert.ok(first.answer !== null);
  const second = world.open().connect(first.answer);
  assert.deepEqual(second.answer?.session, first.answer.session);
  assert.notDeepEqual(second.answer?.password, first.answer.password, 'the next password');
  assert.deepEqual(first.log(), ['closed']);
  assert.equal(second.err(OpCode.exists, bodies.watched('/e')), 0);
  // Until the second connection makes a request, the first password is still good; from then on it is not.
  world.loopback.pass(250);
  const third = world.open().connect(first.answer);
  assert.equal(third.answer?.timeoutMs, 0, 'the request above ended it');
  assert.deepEqual(third.log(), ['closed']);
});

test('wrong passwords and unknown sessions get the answer that means expired', () => {
  const world = createTestWorld();
  const first = world.open().connect();
  assert.ok(first.answer !== null);
  for (const from of [
    { session: first.answer.session, password: new Uint8Array(16) },
    { session: { high: 0x0100_0000, low: 99 } },
    { session: { high: 0, low: 99 } },
  ]) {
    const client = world.open().connect(from);
    assert.deepEqual(client.answer, {
      timeoutMs: 0,
      session: { high: 0, low: 0 },
      password: new Uint8Array(16),
    });
    assert.deepEqual(client.log(), ['closed']);
  }
  assert.equal(first.err(OpCode.exists, bodies.watched('/')), 0);
});

test('timeouts are negotiated', () => {
  const world = createTestWorld();
  assert.equal(world.open().connect({ timeoutMs: 1 }).answer?.timeoutMs, 4000);
  assert.equal(world.open().connect({ timeoutMs: 7000 }).answer?.timeoutMs, 7000);
  assert.equal(world.open().connect({ timeoutMs: 10 ** 8 }).answer?.timeoutMs, 40_000);
  assert.equal(world.open().connect({ timeoutMs: -5 }).answer?.timeoutMs, 4000);
});

test('a client ahead of this gateway waits, and is refused after its timeout', () => {
  const world = createTestWorld();
  const other = world.open().connect();
  const early = world.open().connect({ lastZxidSeen: 4, timeoutMs: 4000 });
  const never = world.open().connect({ lastZxidSeen: 1000, timeoutMs: 4000 });
  assert.equal(early.answer, null);
  other.create('/a');
  other.create('/b');
  assert.deepEqual(early.log(), []);
  other.create('/c');
  assert.equal(early.log().length, 1, 'it is attached now');
  for (let i = 0; i < 20; i++) world.loopback.pass(250);
  assert.deepEqual(never.log(), ['closed']);
  assert.equal(world.loopback.notes.filter(({ kind }) => kind === 'keeper-zxid-ahead').length, 1);
});

test('who is silent expires, who pings does not', () => {
  const world = createTestWorld();
  const [silent, alive] = [
    world.open().connect({ timeoutMs: 4000 }),
    world.open().connect({ timeoutMs: 4000 }),
  ];
  silent.create('/e', '', CreateMode.ephemeral);
  for (let i = 0; i < 40; i++) {
    world.loopback.pass(250);
    if (i % 4 === 0) world.loopback.deliver(alive.id, ping());
  }
  assert.deepEqual(silent.log(), ['closed']);
  assert.equal(alive.err(OpCode.exists, bodies.watched('/e')), ErrorCode.noNode);
});

test('a gateway that is cut off stops answering within a third of the timeout, and closes', () => {
  const world = createTestWorld();
  const [short, long] = [
    world.open().connect({ timeoutMs: 4000 }),
    world.open().connect({ timeoutMs: 40_000 }),
  ];
  world.loopback.passAlone(1300);
  assert.equal(short.err(OpCode.exists, bodies.watched('/')), 0);
  world.loopback.passAlone(100);
  world.loopback.deliver(short.id, ping());
  assert.deepEqual(short.log(), ['closed']);
  assert.equal(long.err(OpCode.exists, bodies.watched('/')), 0);
  const idle = world.open().connect({ timeoutMs: 4000 });
  idle.log();
  world.loopback.passAlone(1500);
  assert.deepEqual(idle.log(), ['closed'], 'also without a ping');
});

test('a pause of the process costs nobody the connection, and nobody is answered before the log has moved', () => {
  const world = createTestWorld();
  const [reader, idle, late] = [0, 1, 2].map(() => world.open().connect({ timeoutMs: 4000 })) as [
    ReturnType<typeof world.open>,
    ReturnType<typeof world.open>,
    ReturnType<typeof world.open>,
  ];
  world.loopback.isHeld = true;
  world.loopback.standStill(3000);
  reader.send(OpCode.exists, bodies.watched('/'), 5);
  reader.send(OpCode.ping, undefined, -2);
  world.loopback.passAlone(250);
  assert.deepEqual([reader.log(), idle.log()], [[], []]);
  world.loopback.isHeld = false;
  world.loopback.pass(250);
  assert.deepEqual([reader.log(), idle.log()], [['5 0', '-2 0'], []]);
  // A pause, but the log does not go on after it.
  world.loopback.isHeld = true;
  world.loopback.standStill(3000);
  late.send(OpCode.exists, bodies.watched('/'), 6);
  world.loopback.passAlone(1900);
  assert.deepEqual([late.log(), idle.log()], [[], []]);
  world.loopback.passAlone(250);
  assert.deepEqual([late.log(), idle.log()], [['closed'], ['closed']]);
});

test('who comes to a gateway that is cut off is sent away as soon, to look for another', () => {
  const world = createTestWorld();
  world.open().connect();
  world.loopback.isHeld = true;
  const late = world.open().connect({ timeoutMs: 4000 });
  world.loopback.passAlone(1000);
  assert.deepEqual(late.log(), [], 'the log may only be slow');
  world.loopback.passAlone(700);
  assert.deepEqual(late.log(), ['closed']);
  world.loopback.isHeld = false;
  world.loopback.expose();
  assert.notEqual(world.open().connect({ timeoutMs: 4000 }).answer, null, 'the gateway takes others then');
});

test('a jump of the state fires one-shot watches, and closes whoever must not miss anything', () => {
  const world = createTestWorld();
  const [watcher, always, busy, other] = [0, 1, 2, 3].map(() => world.open().connect()) as [
    ReturnType<typeof world.open>,
    ReturnType<typeof world.open>,
    ReturnType<typeof world.open>,
    ReturnType<typeof world.open>,
  ];
  other.create('/changed');
  other.create('/same');
  watcher.call(OpCode.getData, bodies.watched('/changed', true));
  watcher.call(OpCode.getData, bodies.watched('/same', true));
  watcher.call(OpCode.exists, bodies.watched('/born', true));
  always.call(OpCode.addWatch, bodies.typed('/', 1));
  const { loopback, service } = world;
  loopback.isHeld = true;
  busy.send(OpCode.create, bodies.create('/born', null));
  other.send(OpCode.setData, bodies.setData('/changed', null));
  for (const client of [watcher, always, busy, other]) client.log();
  loopback.jump();
  assert.deepEqual(watcher.log(), ['event 3 /changed', 'event 1 /born']);
  assert.deepEqual(always.log(), ['closed']);
  assert.deepEqual(busy.log(), ['closed'], 'whether its write happened is unknown');
  assert.deepEqual(other.log(), ['closed']);
  loopback.isHeld = false;
  assert.equal(watcher.err(OpCode.checkWatches, bodies.typed('/same', 2)), 0);
  assert.equal(service.keeper.tree.nodes.has('/born'), true);
});

test('floods, oversized watches lists, silence and nonsense close the connection, not the gateway', () => {
  const limits = { ...GATEWAY_LIMITS, maxOutstanding: 10, maxWatches: 3, maxConnections: 6 };
  const world = createTestWorld({ limits });
  const { loopback } = world;
  const flood = world.open().connect();
  loopback.isHeld = true;
  for (let i = 0; i < 12; i++) flood.send(OpCode.create, bodies.create(`/f${i}`, null));
  loopback.isHeld = false;
  loopback.expose();
  assert.deepEqual(flood.log(), ['closed']);
  const watcher = world.open().connect();
  for (const path of ['/a', '/b', '/c', '/d']) watcher.send(OpCode.exists, bodies.watched(path, true));
  assert.equal(watcher.log().at(-1), 'closed');
  const nonsense = world.open();
  loopback.connect(nonsense.id);
  loopback.deliver(nonsense.id, clientFrame(Uint8Array.of(1, 2, 3)));
  assert.deepEqual(nonsense.log(), ['closed']);
  const short = world.open().connect();
  loopback.deliver(short.id, clientFrame(Uint8Array.of(0, 0, 0, 1)));
  assert.deepEqual(short.log(), ['closed']);
  const silent = world.open();
  loopback.connect(silent.id);
  for (let i = 0; i < 45; i++) loopback.pass(250);
  assert.deepEqual(silent.log(), ['closed']);
  const crowd = Array.from({ length: 7 }, () => world.open());
  for (const { id } of crowd) loopback.connect(id);
  assert.deepEqual(crowd.at(-1)?.log(), ['closed']);
  assert.deepEqual(crowd[0]?.log(), []);
});

test('authentication: unknown schemes close, addresses and digests count', () => {
  const world = createTestWorld({ superDigest: 'super:gG7s8t3oDEtIqF6DM9LlI/R+9Ss=' });
  world.addresses.set(world.open(5).id, '::ffff:192.168.7.1');
  const home = world.open(5).connect();
  const acl = [{ perms: 31, scheme: 'ip', id: '192.168.0.0/16' }];
  assert.equal(home.err(OpCode.create, bodies.create('/home', null, { acl })), 0);
  assert.equal(home.err(OpCode.getData, bodies.watched('/home')), 0);
  const other = world.open(6).connect();
  assert.equal(other.err(OpCode.getData, bodies.watched('/home')), ErrorCode.noAuth);
  other.send(OpCode.auth, bodies.auth('kerberos', bytesOf('x')), -4);
  assert.deepEqual(other.log(), ['-4 -115', 'closed']);
  const chief = world.open(7).connect();
  assert.equal(chief.call(OpCode.auth, bodies.auth('digest', bytesOf('super:test')), -4).err, 0);
  assert.equal(chief.err(OpCode.getData, bodies.watched('/home')), ErrorCode.noAuth, 'not its subtree');
});

test('a gateway whose clock went back claims a higher epoch all the same', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  client.create('/a');
  assert.ok(client.answer !== null);
  const later = createTestWorld({ service: world.service });
  assert.equal(later.loopback.state.life.epoch, TEST_START + 1, 'one above that of the life before');
  const back = later.open().connect(client.answer);
  assert.equal(back.err(OpCode.exists, bodies.watched('/a')), 0);
  // The former life is alive but deposed: whatever it still orders is refused, and it lets its clients go.
  client.send(OpCode.setData, bodies.setData('/a', null));
  assert.deepEqual(client.log(), ['closed']);
});

test('clients before 3.4 get no read-only flag', () => {
  const world = createTestWorld();
  const { id } = world.open();
  world.loopback.connect(id);
  const frame = connectFrame({
    lastZxidSeen: 0,
    timeoutMs: 10_000,
    session: { high: 0, low: 0 },
    password: new Uint8Array(16),
  });
  world.loopback.deliver(id, clientFrame(frame.slice(0, -1)));
  const [answer] = world.inboxes.get(id) ?? [];
  assert.equal(answer?.type === 'client-frame' && answer.bytes.length, 36);
});

const askWord = (world: TestWorld, word: string): string => {
  const { id } = world.open();
  world.loopback.connect(id);
  world.loopback.deliver(id, { type: 'client-word', word });
  const [answer, end] = world.inboxes.get(id) ?? [];
  assert.equal(end, null, 'the connection is closed');
  return answer?.type === 'client-raw' ? new TextDecoder().decode(answer.bytes) : '';
};

test('words that are not allowed are refused in the words of ZooKeeper', () => {
  const world = createTestWorld({ words: new Set(['ruok', 'srvr']) });
  assert.equal(askWord(world, 'ruok'), 'imok');
  assert.match(askWord(world, 'srvr'), /^Zookeeper version/);
  for (const word of FOUR_LETTER_WORDS.filter((name) => name !== 'ruok' && name !== 'srvr'))
    assert.equal(askWord(world, word), `${word} is not executed because it is not in the whitelist.\n`);
  assert.equal(askWord(world, 'nope'), '');
});

test('mntr has the lines of monitor', () => {
  const world = createTestWorld();
  world.open().connect().create('/a');
  const lines = askWord(world, 'mntr').trimEnd().split('\n');
  for (const line of lines) assert.match(line, /^zk_[a-z0-9_]+\t\S.*$/);
  const names = lines.map((line) => line.split('\t')[0]?.slice(3));
  const fields = Object.keys(measure(world.loopback.state, world.loopback.now));
  assert.deepEqual(names, ['version', 'server_state', ...fields]);
  assert.ok(lines.includes('zk_cnt_updatelatency\t1') && lines.includes('zk_avg_latency\t0.0'));
  // Words themselves are packets, too: the handshake, the request and this one.
  assert.ok(lines.includes('zk_packets_received\t3'));
});

test('a gateway that is cut off says by all words of its state that it does not serve', () => {
  const world = createTestWorld();
  world.open().connect();
  assert.match(askWord(world, 'srvr'), /^Mode: /m);
  world.loopback.passAlone(3100);
  const sentence = 'This ZooKeeper instance is not currently serving requests\n';
  for (const word of FOUR_LETTER_WORDS) {
    const answer = askWord(world, word);
    if (word === 'isro') assert.equal(answer, 'null');
    else if (['ruok', 'envi', 'gtmk', 'stmk'].includes(word)) assert.notEqual(answer, sentence, word);
    else assert.equal(answer, sentence, word);
  }
});

test('four-letter words have the text that clients parse', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  client.call(OpCode.exists, bodies.watched('/a', true));
  client.create('/e', '', CreateMode.ephemeral);
  const ask = (word: string): string => askWord(world, word);
  assert.equal(ask('ruok'), 'imok');
  assert.equal(ask('isro'), 'rw');
  assert.equal(ask('nope'), '');
  // The expressions by which go-zookeeper reads `srvr`.
  const srvr = ask('srvr').split('\n');
  assert.match(
    srvr[0] ?? '',
    /^Zookeeper version: [A-Za-z0-9.-]+, built on \d\d\/\d\d\/\d{4} \d\d:\d\d [A-Za-z0-9:+-]+$/,
  );
  assert.match(srvr[1] ?? '', /^Latency min\/avg\/max: \d+\/[0-9.]+\/\d+$/);
  const fields = ['Received: \\d+', 'Sent: \\d+', 'Connections: \\d+', 'Outstanding: 0', 'Zxid: 0x2'];
  for (const [at, field] of [...fields, 'Mode: standalone', 'Node count: 5'].entries())
    assert.match(srvr[at + 2] ?? '', new RegExp(`^${field}$`));
  assert.match(ask('mntr'), /^zk_ephemerals_count\t1$/m);
  assert.match(ask('mntr'), /^zk_watch_count\t1$/m);
  assert.match(ask('wchs'), /^1 connections watching 1 paths\nTotal watches:1\n$/);
  assert.match(ask('wchp'), /^\/a\n\t0x100000000000001\n/);
  assert.match(ask('wchc'), /^0x100000000000001\n\t\/a\n/);
  assert.match(ask('dump'), /0x100000000000001:\n\t\/e\n/);
  // All that ZooKeeper tells of a connection with a session, in its order.
  const counted =
    /queued=0,recved=3,sent=3,sid=0x100000000000001,lop=CREA,est=\d+,to=10000,lcxid=0x2,lzxid=0x2/;
  const [line = '', asker = ''] = ask('cons').split('\n');
  assert.match(line, counted);
  assert.match(line, /^ \/10\.0\.0\.1:\d+\[1\]\(.*,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)$/);
  assert.match(asker, /\(queued=0,recved=1,sent=0\)$/);
  assert.doesNotMatch(ask('stat'), /sid=/);
  assert.equal(ask('dirs'), 'datadir_size: 0\nlogdir_size: 0\n');
  assert.deepEqual([ask('gtmk'), ask('stmk'), ask('hash')], ['0', '0', '']);
  assert.match(ask('conf'), /^minSessionTimeout=4000$/m);
  assert.match(ask('stat'), /^Clients:$/m);
  assert.equal(ask('srst'), 'Server stats reset.\n');
  assert.match(ask('srvr'), /^Received: 1$/m);
});
