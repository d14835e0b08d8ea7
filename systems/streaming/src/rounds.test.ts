/** Peers learn the time from beacons that answer their own question, and it never steps back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createBeacon, isBeaconSigned } from './beacon.ts';
import {
  createRoundClock,
  isTimely,
  onBeacon,
  openQuestion,
  roundAt,
  streamTime,
  TOLERANCE_MS,
} from './rounds.ts';
import { createModelStreamKeys, keyOf } from './testing/model-keys.ts';

test('half the way there and back is added, and the fastest answer wins', () => {
  const clock = createRoundClock(1000);
  assert.equal(streamTime(clock, 500), null);
  openQuestion(clock, 1, 500);
  assert.ok(!onBeacon(clock, 2, 9000, 540), 'an answer to another question');
  assert.ok(onBeacon(clock, 1, 9000, 540));
  assert.equal(streamTime(clock, 540), 9020);
  openQuestion(clock, 3, 600);
  assert.ok(!onBeacon(clock, 3, 9200, 690), 'a slower answer');
  openQuestion(clock, 4, 700);
  assert.ok(onBeacon(clock, 4, 9190, 710));
  assert.equal(streamTime(clock, 710), 9195);
  assert.ok(!onBeacon(clock, 4, 9190, 711), 'the same answer again');
});

test('an answer that took too long says nothing, and one that is old makes way', () => {
  const clock = createRoundClock(1000);
  openQuestion(clock, 1, 0);
  assert.ok(!onBeacon(clock, 1, 9000, 300));
  openQuestion(clock, 2, 300);
  assert.ok(onBeacon(clock, 2, 9000, 310));
  openQuestion(clock, 3, 200_000);
  assert.equal(streamTime(clock, 200_070), 208_765);
  assert.ok(onBeacon(clock, 3, 208_690, 200_080));
  assert.equal(streamTime(clock, 200_080), 208_765, 'a correction back holds time still');
  assert.equal(streamTime(clock, 200_120), 208_770);
});

test('time stands still rather than step back', () => {
  const clock = createRoundClock(1000);
  openQuestion(clock, 1, 0);
  onBeacon(clock, 1, 5000, 100);
  assert.equal(streamTime(clock, 100), 5050);
  openQuestion(clock, 2, 100);
  onBeacon(clock, 2, 5000, 110);
  assert.equal(streamTime(clock, 110), 5050);
  assert.equal(streamTime(clock, 160), 5055);
});

test('a message is timely from a little before its round to a little after', () => {
  assert.equal(roundAt(1000, 2999), 2);
  assert.equal(roundAt(1000, -1), -1);
  assert.ok(isTimely(1000, 3, 3000 - TOLERANCE_MS) && isTimely(1000, 3, 4000 + TOLERANCE_MS));
  assert.ok(!isTimely(1000, 3, 2999 - TOLERANCE_MS) && !isTimely(1000, 3, 4001 + TOLERANCE_MS));
});

test('a beacon is for one stream, from one clock', () => {
  const keysOf = createModelStreamKeys(3, 1);
  const [stream, clock] = [modelHash(new Uint8Array(1)), { id: 0, publicKey: keyOf(0) }];
  const beacon = createBeacon(keysOf(0).keys, stream, 77, -250.5);
  const { keys } = keysOf(1);
  assert.ok(isBeaconSigned(keys, stream, clock, beacon));
  assert.ok(!isBeaconSigned(keys, modelHash(stream), clock, beacon));
  assert.ok(!isBeaconSigned(keys, stream, { id: 1, publicKey: keyOf(1) }, beacon));
  assert.ok(!isBeaconSigned(keys, stream, clock, { ...beacon, sessionMs: 0 }));
  assert.ok(!isBeaconSigned(keys, stream, clock, { ...beacon, nonce: 78 }));
});
