/** The judge of messages: it must find one that is lost, one at another offset, one that is there twice and one that is out of order. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLog, countDisordered, readAcknowledged, readConsumed } from './message-log.ts';

const acknowledged = readAcknowledged([
  '{"timestamp":1,"name":"startup_complete"}',
  '{"timestamp":2,"name":"producer_send_success","key":null,"value":"7","offset":0,"topic":"t","partition":1}',
  'a line of a log',
  '{"timestamp":3,"name":"producer_send_success","key":null,"value":"8","offset":1,"topic":"t","partition":1}',
  '{"timestamp":4,"name":"producer_send_error","key":null,"value":"9","topic":"t","exception":"x"}',
]);

const consumed = (value: string, offset: number): string =>
  `{"timestamp":5,"name":"record_data","key":null,"value":"${value}","topic":"t","partition":1,"offset":${offset}}`;

test('acknowledged messages are all there, one of them read twice', () => {
  const lines = [consumed('7', 0), consumed('8', 1), consumed('7', 0), consumed('9', 2)];
  assert.equal(acknowledged.length, 2);
  assert.deepEqual(checkLog(acknowledged, readConsumed(lines)), { missing: 0, moved: 0 });
});

test('a message that is lost, at another offset, or there twice is found', () => {
  assert.deepEqual(checkLog(acknowledged, readConsumed([consumed('7', 0)])), { missing: 1, moved: 0 });
  const elsewhere = readConsumed([consumed('7', 0), consumed('8', 2)]);
  assert.deepEqual(checkLog(acknowledged, elsewhere), { missing: 0, moved: 1 });
  const twice = readConsumed([consumed('7', 0), consumed('8', 1), consumed('8', 2)]);
  assert.deepEqual(checkLog(acknowledged, twice), { missing: 0, moved: 1 });
});

test('messages that are read out of order, or again, are counted', () => {
  const read = (...values: string[]): number =>
    countDisordered(readConsumed(values.map((value, i) => consumed(value, i))));
  assert.equal(read(), 0);
  assert.equal(read('7', '8', '10', '11'), 0);
  assert.equal(read('7', '10', '9', '11'), 1);
  assert.equal(read('7', '7', '8', 'x', '9'), 3);
});
