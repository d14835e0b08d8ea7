/** Adler-32 (RFC 1950, section 8.2): the checksum of ZooKeeper's snapshots and of each record of its logs. */

const MODULUS = 65_521;
/** As many bytes can be summed up before the second sum leaves 32 bits. */
const STRIDE = 5552;

/** Of nothing at all. */
export const ADLER_START = 1;

/** The checksum of what had `sum` so far, and then `bytes` from `from` to before `to`. */
export function adler32(bytes: Uint8Array, from = 0, to = bytes.length, sum = ADLER_START): number {
  let low = sum & 0xffff;
  let high = sum >>> 16;
  for (let at = from; at < to; ) {
    const end = Math.min(at + STRIDE, to);
    for (; at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
  }
  return high * 0x1_0000 + low;
}
