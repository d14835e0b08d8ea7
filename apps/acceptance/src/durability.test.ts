/** A reply counts as late enough only after writes and syncs of its own request, on enough servers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OP } from '@concordat/bench';
import { acknowledgedWrites, judge } from './durability.ts';
import type { Call } from './strace.ts';

const SOCKET = 'TCP:[127.0.0.1:2181->127.0.0.1:5000]';
const acknowledged = { marker: 'mark-1-end', receivedAt: 10, answeredAt: 20 };

const call = (name: string, target: string, enteredAt: number, bytes: Buffer = Buffer.alloc(0)): Call => ({
  name,
  target,
  fd: 3,
  result: bytes.length,
  enteredAt,
  leftAt: enteredAt + 1,
  bytes,
});
const logged = (at: number): Call => call('write', '/log', at, Buffer.from('..mark-1-end..'));
const synced = (at: number, file = '/log'): Call => call('fdatasync', file, at);

test('a server counts when the request is in a file that was synced before the reply', () => {
  assert.equal(judge(acknowledged, [[logged(11), synced(13)]]).durable, 1);
  const two = judge(acknowledged, [
    [logged(11), synced(13)],
    [logged(12), synced(18)],
  ]);
  assert.deepEqual([two.durable, two.synced], [2, 2]);
});

test('it does not count when the sync began before the write was done, or ended after the reply', () => {
  assert.equal(judge(acknowledged, [[logged(11), synced(11.5)]]).durable, 0);
  assert.equal(judge(acknowledged, [[logged(11), synced(19.5)]]).durable, 0);
  assert.equal(judge(acknowledged, [[logged(11)]]).durable, 0);
});

test('it does not count when another file was synced, the sync failed, or the bytes went to a peer', () => {
  assert.equal(judge(acknowledged, [[logged(11), synced(13, '/other')]]).durable, 0);
  assert.equal(judge(acknowledged, [[logged(11), { ...synced(13), result: -1 }]]).durable, 0);
  const sent = call('write', SOCKET, 11, Buffer.from('mark-1-end'));
  assert.equal(judge(acknowledged, [[sent, synced(13, SOCKET)]]).durable, 0);
});

test('a sync that began before the request came proves nothing about it', () => {
  assert.equal(judge(acknowledged, [[synced(9)]]).synced, 0);
  assert.equal(judge(acknowledged, [[synced(12)]]).synced, 1);
});

function frame(...fields: (number | string)[]): Buffer {
  const body = Buffer.concat(
    fields.map((field) => {
      if (typeof field === 'string') return Buffer.from(field);
      const int = Buffer.alloc(4);
      int.writeInt32BE(field);
      return int;
    }),
  );
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

test('requests and replies are matched by xid across split and merged reads and writes', () => {
  const handshake = frame('hello hello hello');
  const request = frame(1, OP.setData, 'mark-7-end');
  const refused = frame(2, OP.setData, 'mark-8-end');
  const read = frame(3, OP.getData, 'mark-9-end');
  const asked = Buffer.concat([handshake, request, refused, read]);
  const replies = Buffer.concat([frame(1, 0, 5, 0), frame(2, 0, 6, -103), frame(3, 0, 6, 0)]);
  const calls = [
    call('read', SOCKET, 1, asked.subarray(0, handshake.length + 6)),
    call('write', SOCKET, 2, handshake),
    call('read', SOCKET, 3, asked.subarray(handshake.length + 6)),
    call('read', SOCKET.replace('5000', '5001'), 3, Buffer.from('noise')),
    call('writev', SOCKET, 8, replies),
  ];
  assert.deepEqual(acknowledgedWrites(calls, 2181, 5000), [
    { marker: 'mark-7-end', receivedAt: 4, answeredAt: 8 },
  ]);
});
