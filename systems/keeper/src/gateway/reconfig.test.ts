/** reconfig where it is allowed: ZooKeeper's syntax, checks and their order, and an answer that changes nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from '../client/requests.ts';
import { readStat } from '../client/responses.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { bytesOf, createTestService, createTestWorld, type TestWorld } from '../testing/raw-client.ts';
import { sha1 } from '../tree/sha1.ts';
import { digestOf } from './auth.ts';
import { type WishedServers, wishedIn } from './reconfig.ts';

const JOIN = 'server.4=10.0.0.5:7000:7001:participant;0.0.0.0:2181';

interface Desk extends TestWorld {
  readonly filed: WishedServers[];
  readonly now: { isOpen: boolean; answer: number };
}

function createDesk(): Desk {
  const filed: WishedServers[] = [];
  const now = { isOpen: false, answer: ErrorCode.reconfigInProgress as number };
  const world = createTestWorld({
    service: createTestService({ membership: 'server.0=10.0.0.1:7000' }),
    superDigest: digestOf(sha1, 'super:secret'),
    reconfig: {
      epoch: () => 3,
      isOpen: () => now.isOpen,
      file: (wished) => {
        filed.push(wished);
        return now.answer;
      },
    },
  });
  return { ...world, filed, now };
}

/** What `reconfig` answers a super user, or anybody. */
function ask(desk: Desk, isSuper: boolean, [joining, leaving, version]: readonly [string, string, number]) {
  const client = desk.open().connect();
  if (isSuper) client.call(OpCode.auth, bodies.auth('digest', bytesOf('super:secret')), -4);
  return client.call(OpCode.reconfig, bodies.reconfig(joining, leaving, null, version));
}

test('what a super user wishes is filed, nothing is ordered, and it is in progress until it is so', () => {
  const desk = createDesk();
  const { zxid } = desk.service.keeper.meta.get();
  assert.equal(ask(desk, true, [JOIN, '2', 3]).err, ErrorCode.reconfigInProgress);
  assert.deepEqual(desk.filed, [
    { joins: [{ id: 4, address: '10.0.0.5:7000', isObserver: false }], leaves: [2], members: null },
  ]);
  // Its session, and no transaction more.
  assert.equal(desk.service.keeper.meta.get().zxid, zxid + 1);
  desk.now.answer = ErrorCode.ok;
  const reply = ask(desk, true, [JOIN, '2', -1]);
  assert.equal(reply.err, ErrorCode.ok);
  assert.equal(new TextDecoder().decode(reply.body.buffer() ?? undefined), 'server.0=10.0.0.1:7000');
  assert.equal(readStat(reply.body).version, 0);
});

test('it is refused in the order in which ZooKeeper looks', () => {
  const desk = createDesk();
  desk.now.isOpen = true;
  assert.equal(ask(desk, false, ['some thing', '', 9]).err, ErrorCode.reconfigInProgress);
  desk.now.isOpen = false;
  assert.equal(ask(desk, false, ['some thing', '', 9]).err, ErrorCode.badVersion);
  assert.equal(ask(desk, false, ['some thing', '', 3]).err, ErrorCode.badArguments);
  assert.equal(ask(desk, false, ['server.x=10.0.0.5:7000:7001', '', 3]).err, ErrorCode.marshallingError);
  assert.equal(ask(desk, false, ['', 'x', 3]).err, ErrorCode.marshallingError);
  assert.equal(ask(desk, false, [JOIN, '', -1]).err, ErrorCode.noAuth);
  assert.deepEqual(desk.filed, []);
  desk.now.answer = ErrorCode.newConfigNoQuorum;
  assert.equal(ask(desk, true, ['', '2', -1]).err, ErrorCode.newConfigNoQuorum);
  assert.equal(desk.open().connect().err(OpCode.reconfig), ErrorCode.marshallingError);
});

test('it takes its turn: after the writes before it, before the reads behind it', () => {
  const desk = createDesk();
  const client = desk.open().connect();
  desk.loopback.isHeld = true;
  client.send(OpCode.create, bodies.create('/a', null), 1);
  client.send(OpCode.reconfig, bodies.reconfig('', '2', null, -1), 2);
  client.send(OpCode.exists, bodies.watched('/a'), 3);
  assert.deepEqual(client.log(), []);
  desk.loopback.expose();
  assert.deepEqual(client.log(), ['1 0', `2 ${ErrorCode.noAuth}`, '3 0']);
});

test('lists of servers are read as ZooKeeper writes them, and nothing else is', () => {
  const wished = (joining: string) => wishedIn({ joining, leaving: null, members: null });
  const joins = [
    { id: 5, address: '[::1]:1', isObserver: true },
    { id: 6, address: 'host:1', isObserver: false },
  ];
  assert.deepEqual(wished('server.5=[::1]:1:2:OBSERVER;3, server.6=host:1:2'), {
    joins,
    leaves: [],
    members: null,
  });
  const malformed = [
    ...['', ' ', 'some thing', 'server.1', 'server.1=', 'server.1=h:1', 'server.1=h:1:2:3:4'],
    ...['server.1=h:1:2:leader', 'server.1=h:1:70000', 'server.1=h:1:2;', 'server.1=h:1:2;a:b'],
    ...['server.1=h:1:2=3', 'server.1=h:1:2;3;4', 'server.1=h:1:2,server.1=g:1:2', 'server.1=h:1:2|g:1:2'],
    Array.from({ length: 200 }, (_, i) => `server.${i}=h:1:2`).join(','),
  ];
  for (const text of malformed) assert.equal(wished(text), ErrorCode.badArguments, text);
  assert.equal(wished('server.x=h:1:2'), ErrorCode.marshallingError);
  for (const leaving of ['a', '-1', '1;2', '1,,x'])
    assert.equal(wishedIn({ joining: null, leaving, members: null }), ErrorCode.marshallingError);
  const all = wishedIn({ joining: 'nothing', leaving: null, members: 'server.1=h:1:2' });
  assert.deepEqual(all, { joins: [], leaves: [], members: [{ id: 1, address: 'h:1', isObserver: false }] });
  assert.equal(wishedIn({ joining: null, leaving: null, members: '' }), ErrorCode.badArguments);
});
