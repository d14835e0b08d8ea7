import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayMessage } from '../gateway/message.ts';
import { createFraming } from './framing.ts';

const framing = createFraming(64);
const frame = (...bytes: number[]): GatewayMessage => ({
  type: 'client-frame',
  bytes: Uint8Array.from(bytes),
});

/** Pushes the pieces; null if the peer was cut off. */
function split(...pieces: Uint8Array[]): GatewayMessage[] | null {
  const splitter = framing.createSplitter();
  const messages: GatewayMessage[] = [];
  for (const piece of pieces) if (!splitter.push(piece, (message) => messages.push(message))) return null;
  return messages;
}

test('frames come out whole, however the stream is cut', () => {
  const sent = [frame(1, 2, 3), frame(), frame(...new Uint8Array(64)), frame(9)];
  const stream = Uint8Array.from(sent.flatMap((message) => [...framing.encode(message)]));
  assert.deepEqual(split(stream), sent);
  assert.deepEqual(split(...Array.from(stream, (byte) => Uint8Array.of(byte))), sent);
  for (let at = 0; at <= stream.length; at++)
    assert.deepEqual(split(stream.subarray(0, at), stream.subarray(at)), sent);
});

test('an emitted frame does not change when the socket reuses its buffer', () => {
  const stream = framing.encode(frame(1, 2, 3));
  const [message] = split(stream) ?? [];
  stream.fill(0xff);
  assert.deepEqual(message, frame(1, 2, 3));
});

test('a word is recognised at the beginning only', () => {
  const word = Buffer.from('ruok\n');
  assert.deepEqual(split(word), [{ type: 'client-word', word: 'ruok' }]);
  assert.deepEqual(split(word.subarray(0, 2), word.subarray(2)), [{ type: 'client-word', word: 'ruok' }]);
  assert.equal(split(framing.encode(frame(1)), word), null);
});

test('lengths out of bounds cut the peer off before it sends the frame', () => {
  assert.equal(split(Uint8Array.of(0, 0, 0, 65)), null);
  assert.equal(split(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), null);
  assert.equal(split(Buffer.from('RUOK')), null);
});

test('a telnet session that is interrupted is closed without an answer', () => {
  // What telnet sends for Ctrl-C: ZooKeeper's fourth kind of first bytes, after frames, words and unknown words.
  assert.equal(split(Uint8Array.of(0xff, 0xf4, 0xff, 0xfd, 0x06)), null);
});

test('answers to words travel as they are', () => {
  const bytes = Uint8Array.of(105, 109, 111, 107);
  assert.deepEqual(framing.encode({ type: 'client-raw', bytes }), bytes);
});
