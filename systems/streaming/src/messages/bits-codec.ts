/** Bitmaps on the wire: each row takes ceil(perRound / 8) bytes, the lowest index first; unused bits are zero. */

import type { Reader, Writer } from '@concordat/wire';
import { type Bits, createBits, isWithin, type Shape } from '../bits.ts';

const rowBytes = ({ perRound }: Shape): number => (perRound + 7) >>> 3;

export const bitsBytes = (shape: Shape): number => shape.lifetime * rowBytes(shape);

export function writeBits(writer: Writer, shape: Shape, bits: Bits): void {
  const size = rowBytes(shape);
  for (let row = 0; row < shape.lifetime; row++) {
    const base = row * shape.rowWords;
    for (let i = 0; i < size; i++) writer.u8(((bits[base + (i >>> 2)] as number) >>> (8 * (i & 3))) & 0xff);
  }
}

export function readBits(reader: Reader, shape: Shape): Bits {
  const bits = createBits(shape);
  const size = rowBytes(shape);
  for (let row = 0; row < shape.lifetime; row++) {
    const base = row * shape.rowWords;
    for (let i = 0; i < size; i++) {
      const word = base + (i >>> 2);
      bits[word] = (bits[word] as number) | (reader.u8() << (8 * (i & 3)));
    }
  }
  if (!isWithin(shape, bits)) reader.fail();
  return bits;
}
