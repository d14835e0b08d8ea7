/** The judge of Kafka's messages: it must find one that is lost, one at another offset and one that is there twice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLog, readAcknowledged, readConsumed } from './kafka-log.ts';

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
