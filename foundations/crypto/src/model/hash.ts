/**
 * The model's hash: 256 bits, well mixed, several times faster than a native SHA-256 call on short inputs. It is NOT
 * collision-resistant against someone who tries; it exists so that simulations spend their time in protocols. Real
 * processes get SHA-256 from their world.
 *
 * Eight 32-bit lanes absorb 32 bytes per block. Each lane takes in its already mixed left neighbour, so a difference
 * reaches all lanes within two blocks, and the block step is a bijection of the lanes for any given block, so nothing
 * absorbed is ever forgotten. The length is committed before the closing rounds.
 */

import type { Hash } from '../primitives.ts';
import { shortBytes } from './short-bytes.ts';

const BLOCK_BYTES = 32;
const CLOSING_ROUNDS = 4;
const ZEROS = new DataView(new ArrayBuffer(BLOCK_BYTES));

/** Eight lanes; the key of a keyed hash is its lanes at the start. */
export type Lanes = Int32Array;

const INITIAL: Lanes = new Int32Array([
  0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1, 0xd3a2646c, 0xfd7046c5, 0xb55a4f09,
]);

/** PERF: what is absorbed is copied here if it fits: a view of its own for each input costs as much as five blocks. */
const ROOM_BYTES = 2048;
const room = new Uint8Array(ROOM_BYTES);
const roomView = new DataView(room.buffer);
const tail = new Uint8Array(BLOCK_BYTES);
const tailView = new DataView(tail.buffer);

/** One lane: `mixed` is its left neighbour after this step. */
function lane(value: number, word: number, mixed: number, multiplier: number): number {
  const x = Math.imul((value ^ word) + ((mixed << 13) | (mixed >>> 19)), multiplier);
  return x ^ (x >>> 15);
}

function block(lanes: Lanes, view: DataView, at: number): void {
  const a = lane(lanes[0] as number, view.getInt32(at), lanes[7] as number, 0x9e3779b1);
  const b = lane(lanes[1] as number, view.getInt32(at + 4), a, 0x85ebca77);
  const c = lane(lanes[2] as number, view.getInt32(at + 8), b, 0xc2b2ae3d);
  const d = lane(lanes[3] as number, view.getInt32(at + 12), c, 0x27d4eb2f);
  const e = lane(lanes[4] as number, view.getInt32(at + 16), d, 0x165667b1);
  const f = lane(lanes[5] as number, view.getInt32(at + 20), e, 0xd168aaad);
  const g = lane(lanes[6] as number, view.getInt32(at + 24), f, 0xaf723597);
  const h = lane(lanes[7] as number, view.getInt32(at + 28), g, 0xe9846af9);
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
  lanes[4] = e;
  lanes[5] = f;
  lanes[6] = g;
  lanes[7] = h;
}

export function close(lanes: Lanes): void {
  for (let i = 0; i < CLOSING_ROUNDS; i++) block(lanes, ZEROS, 0);
}

/** Absorbs all of `bytes` into `lanes` and closes; two inputs of different length never share a padding. */
export function absorb(lanes: Lanes, bytes: Uint8Array): void {
  if (bytes.length < ROOM_BYTES) absorbShort(lanes, bytes);
  else absorbLong(lanes, bytes);
  lanes[0] = (lanes[0] as number) ^ bytes.length;
  close(lanes);
}

function absorbShort(lanes: Lanes, bytes: Uint8Array): void {
  const whole = bytes.length - (bytes.length % BLOCK_BYTES);
  room.set(bytes);
  for (let i = bytes.length; i < whole + BLOCK_BYTES; i++) room[i] = 0;
  for (let at = 0; at <= whole; at += BLOCK_BYTES) block(lanes, roomView, at);
}

function absorbLong(lanes: Lanes, bytes: Uint8Array): void {
  const whole = bytes.length - (bytes.length % BLOCK_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole; at += BLOCK_BYTES) block(lanes, view, at);
  for (let i = 0; i < BLOCK_BYTES; i++) tail[i] = whole + i < bytes.length ? (bytes[whole + i] as number) : 0;
  block(lanes, tailView, 0);
}

/** Writes the lanes, big-endian, at `offset`. */
export function squeeze(lanes: Lanes, into: Uint8Array, offset: number): void {
  for (let i = 0; i < 8; i++) {
    const value = lanes[i] as number;
    into[offset + 4 * i] = value >>> 24;
    into[offset + 4 * i + 1] = value >>> 16;
    into[offset + 4 * i + 2] = value >>> 8;
    into[offset + 4 * i + 3] = value;
  }
}

const lanes: Lanes = new Int32Array(8);

export const modelHash: Hash = (bytes) => {
  lanes.set(INITIAL);
  absorb(lanes, bytes);
  const digest = shortBytes(BLOCK_BYTES);
  squeeze(lanes, digest, 0);
  return digest;
};
