/**
 * What a state costs. The small sizes run as tests and assert how much is hashed; with BENCH=full in the environment
 * they also print times: for 100 thousand entries of which 20 thousand change between digests, on a shared 2-core machine
 * about 1 us per write with a mark open and 60 to 90 ms per digest, a fifth of it in SHA-256; and for 10 thousand new
 * entries of 1 KB beside 150 thousand.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import type { Hash } from '@concordat/crypto';
import { createState, textKey } from './index.ts';

const isFull = process.env['BENCH'] === 'full';
const ROUNDS = isFull ? 10 : 2;

function timed(run: () => void): number {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** A state of `count` entries, and how often it was asked to hash. */
function stateOf(count: number, valueBytes: number) {
  const hashed = { calls: 0 };
  const sha256: Hash = (bytes) => {
    hashed.calls++;
    return createHash('sha256').update(bytes).digest();
  };
  const state = createState({ hash: sha256, version: 1 });
  const nodes = state.map('nodes', {
    ...textKey,
    encode: (value: Uint8Array) => value,
    decode: (bytes) => bytes,
  });
  const keyOf = (number: number): string => `/application/node-${number}`;
  for (let i = 0; i < count; i++) nodes.set(keyOf(i), new Uint8Array(valueBytes));
  state.digest();
  return { state, nodes, keyOf, hashed };
}

const partsOf = (state: ReturnType<typeof createState>): number => {
  const mark = state.mark();
  const { parts } = state.snapshot(mark);
  state.release(mark);
  return parts;
};

const ENTRIES = isFull ? 100_000 : 2_000;
const CHANGED = ENTRIES / 5;

it(`hashes each changed entry and each part once when a fifth of ${ENTRIES} entries change`, () => {
  const { state, nodes, keyOf, hashed } = stateOf(ENTRIES, 120);
  const times: [write: number, digest: number][] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const mark = state.mark();
    const value = new Uint8Array(120).fill(round);
    const write = timed(() => {
      for (let i = 0; i < CHANGED; i++) nodes.set(keyOf((i * 7919) % ENTRIES), value);
    });
    hashed.calls = 0;
    times.push([write, timed(() => state.digest())]);
    const { calls } = hashed;
    assert.ok(
      calls > CHANGED && calls <= CHANGED + partsOf(state) + 1,
      'each part at most, and the list of parts',
    );
    state.release(mark);
  }
  if (!isFull) return;
  const best = (i: 0 | 1): number => Math.min(...times.map((time) => time[i]));
  console.log(`write ${((1000 * best(0)) / CHANGED).toFixed(2)} us, digest ${best(1).toFixed(1)} ms`);
});

const KEPT = isFull ? 150_000 : 2_000;
const NEW = isFull ? 10_000 : 500;

it(`hashes each of ${NEW} new entries and the parts they are in, whatever else there is`, () => {
  const { state, nodes, keyOf, hashed } = stateOf(KEPT, 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = partsOf(state);
    const from = KEPT + round * NEW;
    for (let i = 0; i < NEW; i++) nodes.set(keyOf(from + i), new Uint8Array(1024));
    hashed.calls = 0;
    best = Math.min(
      best,
      timed(() => state.digest()),
    );
    const made = partsOf(state) - before;
    // The count of births is an entry; its part, the one that was being filled and the list changed, and so did the
    // empty ranges after the last birth, at most one a level.
    const most = NEW + 1 + made + 3 + Math.ceil(Math.log2(from + NEW));
    assert.ok(hashed.calls > NEW && hashed.calls <= most, `${hashed.calls} hashes, ${made} new parts`);
  }
  if (isFull) console.log(`digest ${((1000 * best) / NEW).toFixed(2)} us for each new entry`);
});
