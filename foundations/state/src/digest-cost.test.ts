/**
 * What a state costs. The small size runs as a test and asserts how much is hashed; with BENCH=full in the environment
 * it also prints times for 100 thousand entries, of which 20 thousand change between digests: on a shared 2-core machine
 * about 1 us per write with a mark open and 60 to 90 ms per digest, a fifth of it in SHA-256.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import type { Hash } from '@concordat/crypto';
import { createState, textKey } from './index.ts';

const isFull = process.env['BENCH'] === 'full';
const ENTRIES = isFull ? 100_000 : 2_000;
const CHANGED = ENTRIES / 5;
const VALUE_BYTES = 120;
const ROUNDS = isFull ? 10 : 2;

function timed(run: () => void): number {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

it(`hashes each changed entry and each part once when a fifth of ${ENTRIES} entries change`, () => {
  let calls = 0;
  const sha256: Hash = (bytes) => {
    calls++;
    return createHash('sha256').update(bytes).digest();
  };
  const state = createState({ hash: sha256, version: 1 });
  const nodes = state.map('nodes', {
    ...textKey,
    encode: (value: Uint8Array) => value,
    decode: (bytes) => bytes,
  });
  const keys = Array.from({ length: ENTRIES }, (_, i) => `/application/node-${i}`);
  for (const key of keys) nodes.set(key, new Uint8Array(VALUE_BYTES));
  state.digest();
  const times: [write: number, digest: number][] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const mark = state.mark();
    const value = new Uint8Array(VALUE_BYTES).fill(round);
    const write = timed(() => {
      for (let i = 0; i < CHANGED; i++) nodes.set(keys[(i * 7919) % ENTRIES] as string, value);
    });
    calls = 0;
    times.push([write, timed(() => state.digest())]);
    const { parts } = state.snapshot(state.mark());
    assert.ok(calls > CHANGED && calls <= CHANGED + parts + 1, 'each part at most, and the list of parts');
    state.release(mark);
  }
  if (!isFull) return;
  const best = (i: 0 | 1): number => Math.min(...times.map((time) => time[i]));
  console.log(`write ${((1000 * best(0)) / CHANGED).toFixed(2)} us, digest ${best(1).toFixed(1)} ms`);
});
