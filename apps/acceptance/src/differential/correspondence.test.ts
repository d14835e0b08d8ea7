/** Two servers say the same when every byte is the same, but for names, which must be used alike. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpCode } from '@concordat/keeper';
import { requestFrame } from '@concordat/keeper/frames';
import type { Writer } from '@concordat/wire';
import { createCorrespondence, relate } from './correspondence.ts';
import { type Field, type Message, readMessage } from './messages.ts';
import type { RequestCall } from './steps.ts';

const reply = (...fields: readonly Field[]): Message => ({ kind: 'reply', fields });
const zxid = (value: number): Field => ({ name: 'zxid', kind: 'zxid', value: BigInt(value) });
const time = (value: number): Field => ({ name: 'ctime', kind: 'time', value: BigInt(value) });
const session = (value: number): Field => ({ name: 'ephemeralOwner', kind: 'session', value: BigInt(value) });

test('zxids correspond as long as equality and order do', () => {
  const to = createCorrespondence();
  const related = (left: number, right: number): boolean =>
    relate(to, [reply(zxid(left))], [reply(zxid(right))]) === null;
  assert.ok(related(10, 100) && related(30, 300) && related(20, 200) && related(10, 100));
  assert.ok(!related(10, 101), 'one zxid, two names');
  assert.ok(!related(11, 100), 'two zxids, one name');
  assert.ok(!related(25, 150), 'another order');
  assert.ok(!related(0, 1) && !related(1, 0) && related(0, 0) && related(-1, -1) && !related(-1, 0));
  assert.ok(related(25, 250), 'what did not fit has left nothing behind');
});

test('sessions correspond one to one; no session is no session', () => {
  const to = createCorrespondence();
  const related = (left: number, right: number): boolean =>
    relate(to, [reply(session(left))], [reply(session(right))]) === null;
  assert.ok(related(7, 70) && related(8, 80) && related(7, 70) && related(0, 0));
  assert.ok(!related(7, 80) && !related(9, 70) && !related(0, 90) && !related(9, 0));
});

test('a transaction keeps its time, on either side', () => {
  const to = createCorrespondence();
  const related = (left: readonly Field[], right: readonly Field[]): boolean =>
    relate(to, [reply(...left)], [reply(...right)]) === null;
  assert.ok(related([zxid(1), time(5)], [zxid(1), time(9)]));
  assert.ok(related([zxid(1), time(5)], [zxid(1), time(9)]));
  assert.ok(!related([zxid(1), time(6)], [zxid(1), time(9)]));
  assert.ok(!related([zxid(1), time(5)], [zxid(1), time(8)]));
});

test('a message more, a field more or another kind is a difference', () => {
  const to = createCorrespondence();
  assert.match(relate(to, [reply(zxid(1))], []) ?? '', /1 messages and 0/);
  assert.match(relate(to, [reply(zxid(1), zxid(2))], [reply(zxid(1))]) ?? '', /field zxid more/);
  assert.match(relate(to, [reply()], [{ kind: 'event', fields: [] }]) ?? '', /reply and event/);
});

test('no byte of an answer can differ unnoticed', () => {
  const calls: readonly (readonly [RequestCall, (to: Writer) => void])[] = [
    [{ call: 'watched', op: OpCode.exists, path: '/', watch: false }, (to) => stat(to)],
    [{ call: 'watched', op: OpCode.getData, path: '/', watch: false }, (to) => [to.text('data'), stat(to)]],
    [
      { call: 'path', op: OpCode.getACL, path: '/' },
      (to) => [to.i32(1), to.i32(31), to.text('world'), to.text('anyone'), stat(to)],
    ],
    [{ call: 'multi', parts: [] }, (to) => multiResult(to)],
    [{ call: 'bare', op: OpCode.ping }, (to) => to.i32(7)],
  ];
  for (const [call, body] of calls) {
    // Reply headers are xid, zxid (two halves) and err: a request's two numbers and what follows.
    const bytes = requestFrame(5, 0, (to) => [to.i32(9), to.i32(0), body(to)]);
    const to = createCorrespondence();
    assert.equal(relate(to, [readMessage(bytes, call)], [readMessage(bytes, call)]), null);
    for (let at = 0; at < bytes.length; at++) {
      const other = Uint8Array.from(bytes);
      other[at] = (other[at] ?? 0) ^ 1;
      assert.notEqual(relate(to, [readMessage(bytes, call)], [readMessage(other, call)]), null, `byte ${at}`);
    }
  }
});

/** Seventeen numbers, all of them different. */
function stat(to: Writer): void {
  for (let i = 0; i < 17; i++) to.i32(i % 2 === 0 && i !== 12 ? 0 : i + 1);
}

function multiResult(to: Writer): void {
  for (const [op, last] of [
    [OpCode.check, 0],
    [-1, 1],
  ] as const) {
    to.i32(op);
    to.bool(last === 1);
    to.i32(0);
  }
}
