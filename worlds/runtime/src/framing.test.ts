import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLengthSplitter } from './framing.ts';
import { decodeFrame, encodeFrames } from './links/frame.ts';

const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });

function streamOf(payloads: readonly Uint8Array[]): Uint8Array {
  const blocks = payloads.map((payload) => {
    const block = Buffer.alloc(4 + payload.length);
    block.writeUInt32BE(payload.length, 0);
    block.set(payload, 4);
    return block;
  });
  return new Uint8Array(Buffer.concat(blocks));
}

test('any cutting of a stream gives the same frames', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 })), (payloads, cuts) => {
      const stream = streamOf(payloads);
      const splitter = createLengthSplitter(40);
      const found: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        assert.ok(splitter.push(stream.subarray(at, at + cut), (frame) => found.push(new Uint8Array(frame))));
        at += cut;
      }
      assert.deepEqual(
        found,
        payloads.map((payload) => new Uint8Array(payload)),
      );
    }),
  );
});

test('a frame that announces too much is refused as soon as its length is there', () => {
  for (const cut of [1, 2, 3, 4]) {
    const splitter = createLengthSplitter(10);
    const stream = new Uint8Array([0, 0, 0, 11]);
    const first = splitter.push(stream.subarray(0, cut), () => assert.fail('nothing is complete'));
    assert.equal(
      first && splitter.push(stream.subarray(cut), () => {}) && cut < 4 ? 'accepted' : 'refused',
      'refused',
    );
  }
});

test('frames are plain byte arrays, whose slices are copies', () => {
  const splitter = createLengthSplitter(10);
  splitter.push(new Uint8Array([0, 0, 0, 1, 7]), (frame) => assert.equal(frame.constructor, Uint8Array));
});

test('messages of a frame are decoded exactly, or the frame is refused', () => {
  const message = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), fc.nat(), (messages, at) => {
      const size = messages.reduce((sum, { length }) => sum + 4 + length, 0);
      const payload = new Uint8Array(encodeFrames(messages, size)).subarray(4);
      assert.deepEqual(decodeFrame(payload), messages);
      const cut = at % payload.length;
      const ends = new Set([0]);
      let end = 0;
      for (const { length } of messages) {
        end += 4 + length;
        ends.add(end);
      }
      assert.equal(decodeFrame(payload.subarray(0, cut)) !== null, ends.has(cut));
    }),
  );
});

test('empty messages and junk are refused', () => {
  assert.equal(decodeFrame(new Uint8Array(4)), null);
  assert.equal(decodeFrame(new Uint8Array([0xff, 0xff, 0xff, 0xff, 1])), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const messages = decodeFrame(bytes);
      if (messages === null) return;
      const size = messages.reduce((sum, { length }) => sum + 4 + length, 0);
      assert.deepEqual(new Uint8Array(encodeFrames(messages, size)).subarray(4), new Uint8Array(bytes));
    }),
  );
});
