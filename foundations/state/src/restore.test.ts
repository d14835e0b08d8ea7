/**
 * Restoring from hostile parts. Each is promised with its true digest, so that nothing but the check of its content
 * stands between it and the state.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Hash, modelHash, tagged } from '@concordat/crypto';
import type { Digest, Restore } from '@concordat/kernel';
import { concatBytes, createWriter, fromHex, toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createState, MAX_PART_BYTES, numberKey, type State, type StateMap, textKey } from './index.ts';
import { decodePart, partDigest } from './part.ts';

const BLOB = 1024;

/** A map that takes any bytes up to 1 KiB, one that takes numbers below 100, and a cell. */
function createSample(): {
  state: State;
  blobs: StateMap<string, Uint8Array>;
  digits: StateMap<number, number>;
} {
  const state = createState({ hash: modelHash, version: 3 });
  const blobs = state.map('blobs', {
    ...textKey,
    encode: (value: Uint8Array) => value,
    decode: (bytes) => (bytes.length <= BLOB ? bytes : null),
  });
  const digits = state.map('digits', {
    ...numberKey,
    encode: (value: number) => utf8(String(value)),
    // Sloppy on purpose: takes "007" for 7. The state must not.
    decode: (bytes) => Number(Buffer.from(bytes).toString()),
  });
  state.cell(
    'cell',
    { encode: (value: number) => Uint8Array.of(value), decode: ([value]) => value ?? null },
    5,
  );
  return { state, blobs, digits };
}

/** What a liar would promise for these bytes. Bytes that are no part at all have no digest: any will do. */
function promisedDigest(bytes: Uint8Array): Digest {
  const raw = decodePart(bytes);
  if (raw === null) return modelHash(bytes);
  const digests = raw.entries.map(({ name, key, value }) =>
    tagged(modelHash, 'state-entry', name, key, value),
  );
  return partDigest(modelHash, raw.depth, raw.first, concatBytes(digests));
}

function stateDigest(parts: readonly Digest[], version = 3): Digest {
  const writer = createWriter();
  writer.u32(version);
  return tagged(modelHash, 'state', writer.finish(), concatBytes(parts));
}

/** Begins a restore that promises exactly these parts. */
function promise(parts: readonly Uint8Array[]): Restore {
  const digests = parts.map(promisedDigest);
  const restore = createSample().state.restore(stateDigest(digests), digests);
  assert.ok(restore !== null);
  return restore;
}

type Entry = readonly [collection: string, key: Uint8Array, value: Uint8Array];

function partOf(depth: number, prefix: readonly number[], entries: readonly Entry[]): Uint8Array {
  const writer = createWriter();
  writer.u16(depth);
  writer.fixed(Uint8Array.from(prefix));
  writer.list(entries, ([collection, key, value]) => {
    writer.u8(collection.length);
    writer.fixed(utf8(collection));
    writer.bytes(key);
    writer.bytes(value);
  });
  return writer.finish();
}

const placeHex = (hash: Hash, [collection, key]: Entry): string =>
  toHex(tagged(hash, 'state-place', utf8(collection), key));

const inOrder = (entries: readonly Entry[]): Entry[] =>
  [...entries].sort((a, b) => (placeHex(modelHash, a) < placeHex(modelHash, b) ? -1 : 1));

const blob = (key: string, size = 1, fill = 7): Entry => [
  'blobs',
  utf8(key),
  new Uint8Array(size).fill(fill),
];
const isAccepted = (bytes: Uint8Array): boolean => promise([bytes]).offer(0, bytes);

describe('the bytes of a state', () => {
  it('are these', () => {
    const { state, blobs } = createSample();
    blobs.set('k', Uint8Array.of(1, 2));
    const snapshot = state.snapshot(state.mark());
    assert.equal(snapshot.parts, 1);
    const [head, entry] = ['000000000001', `05${toHex(utf8('blobs'))}000000016b000000020102`];
    assert.equal(toHex(snapshot.read(0)), head + entry);
    const digest = tagged(modelHash, 'state-entry', utf8('blobs'), utf8('k'), Uint8Array.of(1, 2));
    const part = tagged(modelHash, 'state-part', fromHex(head) ?? assert.fail(), digest);
    assert.equal(toHex(snapshot.digestOf(0)), toHex(part));
    assert.equal(toHex(state.digest()), toHex(stateDigest([snapshot.digestOf(0)])));
    assert.notEqual(toHex(state.digest()), toHex(stateDigest([snapshot.digestOf(0)], 4)));
  });
});

describe('a restore', () => {
  it('accepts canonical parts', () => {
    assert.ok(isAccepted(partOf(0, [], [])));
    assert.ok(
      isAccepted(
        partOf(0, [], inOrder([blob('a'), blob('b'), ['digits', numberKey.encodeKey(1), utf8('7')]])),
      ),
    );
    assert.ok(isAccepted(partOf(0, [], [['cell', new Uint8Array(0), Uint8Array.of(6)]])));
  });

  it('refuses entries out of order, or twice', () => {
    const entries = inOrder([blob('a'), blob('b'), blob('c')]);
    assert.ok(isAccepted(partOf(0, [], entries)));
    assert.ok(!isAccepted(partOf(0, [], entries.toReversed())));
    assert.ok(!isAccepted(partOf(0, [], [blob('a'), blob('a')])));
    assert.ok(!isAccepted(partOf(0, [], [blob('a', 1, 1), blob('a', 1, 2)])));
  });

  it('refuses unknown collections and values that do not decode', () => {
    assert.ok(!isAccepted(partOf(0, [], [['other', utf8('a'), utf8('b')]])));
    assert.ok(!isAccepted(partOf(0, [], [['', utf8('a'), utf8('b')]])));
    assert.ok(!isAccepted(partOf(0, [], [['x'.repeat(40), utf8('a'), utf8('b')]])));
    assert.ok(!isAccepted(partOf(0, [], [blob('a', BLOB + 1)])));
    assert.ok(!isAccepted(partOf(0, [], [['blobs', Uint8Array.of(0xff), Uint8Array.of(1)]])));
    assert.ok(!isAccepted(partOf(0, [], [['digits', Uint8Array.of(1), utf8('7')]])));
  });

  it('refuses a second spelling of a value, even if the service would take it', () => {
    const key = numberKey.encodeKey(1);
    assert.ok(isAccepted(partOf(0, [], [['digits', key, utf8('7')]])));
    assert.ok(!isAccepted(partOf(0, [], [['digits', key, utf8('007')]])));
    assert.ok(!isAccepted(partOf(0, [], [['digits', key, utf8(' 7')]])));
  });

  it('refuses an entry beyond the bound, though the part keeps to its own', () => {
    const { state, blobs } = createSample();
    blobs.set('', new Uint8Array(0));
    const frame = state.snapshot(state.mark()).read(0).length;
    const bytes = partOf(
      0,
      [],
      [['digits', numberKey.encodeKey(1), new Uint8Array(MAX_PART_BYTES - frame - 9)]],
    );
    assert.equal(bytes.length, MAX_PART_BYTES);
    assert.ok(!isAccepted(bytes));
  });

  it('refuses a cell that spells out its initial value, or has a key', () => {
    assert.ok(!isAccepted(partOf(0, [], [['cell', new Uint8Array(0), Uint8Array.of(5)]])));
    assert.ok(!isAccepted(partOf(0, [], [['cell', utf8('a'), Uint8Array.of(6)]])));
  });

  it('refuses a part that should have been split', () => {
    const entries = Array.from({ length: 17 }, (_, i) => blob(`key ${i}`, BLOB));
    assert.ok(!isAccepted(partOf(0, [], inOrder(entries))));
  });

  it('refuses parts that should have been one', () => {
    const empty = [partOf(1, [0], []), partOf(1, [0x80], [])];
    const restore = promise(empty);
    assert.ok(restore.offer(0, empty[0] as Uint8Array));
    assert.ok(!restore.offer(1, empty[1] as Uint8Array));
    assert.deepEqual(restore.missing(9), [1]);
  });

  it('refuses parts whose ranges leave a gap, overlap or do not reach the ends', () => {
    const [left, right] = [partOf(1, [0], []), partOf(1, [0x80], [])];
    assert.ok(!promise([left]).offer(0, left));
    assert.ok(!promise([right]).offer(0, right));
    const gap = [left, partOf(2, [0xc0], [])];
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const restore = promise(gap);
      const accepted = order.filter((i) => restore.offer(i, gap[i] as Uint8Array));
      assert.equal(accepted.length, 1);
    }
    const same = [left, left, right];
    const restore = promise(same);
    assert.ok(restore.offer(0, left));
    assert.ok(!restore.offer(1, left));
  });

  it('refuses an entry outside the range of its part', () => {
    const large = Array.from({ length: 40 }, (_, i) => blob(`key ${i}`, BLOB));
    const isRight = (entry: Entry): boolean => placeHex(modelHash, entry) >= '8';
    const right = inOrder(large.filter(isRight)).slice(0, 10);
    const left = inOrder(large.filter((entry) => !isRight(entry))).slice(0, 10);
    const honest = [partOf(1, [0], left), partOf(1, [0x80], right)];
    const restore = promise(honest);
    assert.ok(restore.offer(0, honest[0] as Uint8Array));
    assert.ok(restore.offer(1, honest[1] as Uint8Array));
    const crossed = [partOf(1, [0], right), partOf(1, [0x80], left)];
    const refused = promise(crossed);
    assert.ok(!refused.offer(0, crossed[0] as Uint8Array));
    assert.ok(!refused.offer(1, crossed[1] as Uint8Array));
  });

  it('refuses a prefix with bits beyond its depth, or beyond any depth', () => {
    const [left, dirty] = [partOf(1, [0x01], []), partOf(1, [0xc0], [])];
    const restore = promise([left, dirty]);
    assert.ok(!restore.offer(0, left));
    assert.ok(!restore.offer(1, dirty));
    assert.ok(!isAccepted(partOf(257, Array(33).fill(0), [])));
    assert.ok(!isAccepted(partOf(0xffff, [], [])));
  });

  it('refuses any bytes that no state writes, without throwing', () => {
    const { state, blobs } = createSample();
    for (let i = 0; i < 8; i++) blobs.set(`key ${i}`, new Uint8Array(i));
    const honest = state.snapshot(state.mark()).read(0).slice();
    fc.assert(
      fc.property(
        fc.nat(honest.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.uint8Array(),
        (at, change, noise) => {
          const mutant = honest.slice();
          mutant[at] = (mutant[at] as number) ^ change;
          for (const bytes of [mutant, honest.slice(0, at), Uint8Array.of(...honest, ...noise, 0), noise]) {
            const restore = promise([bytes]);
            if (!restore.offer(0, bytes)) continue;
            // A changed value can be another honest state's: then that state has exactly this digest.
            restore.finish();
            assert.equal(bytes.length, honest.length);
          }
        },
      ),
    );
  });

  it('leads to the promised digest whenever it finishes', () => {
    const part = partOf(0, [], inOrder([blob('a'), blob('b', BLOB)]));
    const digests = [promisedDigest(part)];
    const { state, blobs } = createSample();
    const restore = state.restore(stateDigest(digests), digests);
    assert.ok(restore?.offer(0, part));
    restore?.finish();
    assert.equal(toHex(state.digest()), toHex(stateDigest(digests)));
    assert.deepEqual(blobs.sortedKeys(), ['a', 'b']);
    assert.throws(() => promise([part]).finish(), /missing/);
  });
});
