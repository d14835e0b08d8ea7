import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareBytes, concatBytes, createRoom, equalBytes, fromHex, toHex, utf8 } from './index.ts';

const bytes = fc.uint8Array({ maxLength: 8, max: 3 });

describe('bytes', () => {
  it('are equal exactly if they compare as 0', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        assert.equal(equalBytes(a, b), compareBytes(a, b) === 0);
        assert.equal(equalBytes(a, b), toHex(a) === toHex(b));
      }),
    );
  });

  it('are ordered as their hexadecimal text is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
        const expected = toHex(a) < toHex(b) ? -1 : toHex(a) > toHex(b) ? 1 : 0;
        assert.equal(Math.sign(compareBytes(a, b)), expected);
        assert.equal(Math.sign(compareBytes(b, a)), expected === 0 ? 0 : -expected);
      }),
    );
  });

  it('find room of any size, small ones always the same', () => {
    const roomOf = createRoom(4096);
    for (const size of [0, 1, 32, 1023, 1024, 4096, 4097]) assert.equal(roomOf(size).length, size);
    assert.equal(roomOf(32), roomOf(32));
    roomOf(40).set([7], 39);
    assert.equal(roomOf(2000)[39], 7);
    assert.equal(roomOf(5000)[39], 0);
  });

  it('concatenate in order', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        assert.equal(toHex(concatBytes(parts)), parts.map(toHex).join(''));
      }),
    );
  });

  it('survive hexadecimal text, of which there is one form', () => {
    fc.assert(fc.property(fc.uint8Array(), (a) => assert.deepEqual(fromHex(toHex(a)), a)));
    for (const text of ['0', 'AB', 'g0', ' 00', '0x00', '00\n', '-1']) assert.equal(fromHex(text), null);
    assert.deepEqual(fromHex(''), new Uint8Array(0));
  });

  it('come from text as UTF-8', () => {
    assert.equal(toHex(utf8('aé€😀')), '61c3a9e282acf09f9880');
  });
});
