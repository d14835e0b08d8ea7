/**
 * Restoring from hostile parts. Each is promised with its true digest, so that nothing but the check of its content
 * stands between it and the state.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash, tagged } from '@concordat/crypto';
import type { Digest, Restore } from '@concordat/kernel';
import { concatBytes, createWriter, fromHex, toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createState, MAX_PART_BYTES, numberKey, type State, type StateMap, textKey } from './index.ts';
import { decodePart, levelOf, partDigest } from './part.ts';

const BLOB = 1024;
/** Sixteen of these fit a part, twenty do not. */
const LARGE = 900;

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
  const digests = raw.entries.map((entry) => tagged(modelHash, 'state-entry', entry.bytes));
  return partDigest(modelHash, raw, concatBytes(digests));
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

interface Entry {
  readonly birth: number;
  readonly collection: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function partOf(level: number, index: number, entries: readonly Entry[]): Uint8Array {
  const writer = createWriter();
  writer.u8(level);
  writer.u53(index);
  writer.list(entries, ({ birth, collection, key, value }) => {
    writer.u53(birth);
    writer.u8(collection.length);
    writer.fixed(utf8(collection));
    writer.bytes(key);
    writer.bytes(value);
  });
  return writer.finish();
}

/** The entry that counts the births of others. */
const count = (next: number, birth = 0): Entry => ({
  birth,
  collection: '.births',
  key: new Uint8Array(0),
  value: numberKey.encodeKey(next),
});

/** A whole state in one part: the count, then what was born after it. */
const only = (...entries: readonly Entry[]): Uint8Array => {
  const last = entries.at(-1)?.birth ?? 0;
  return partOf(levelOf(last), 0, [count(last + 1), ...entries]);
};

const entry = (birth: number, collection: string, key: Uint8Array, value: Uint8Array): Entry => ({
  birth,
  collection,
  key,
  value,
});

const blob = (birth: number, size = 1, fill = 7, key = `key ${birth}`): Entry =>
  entry(birth, 'blobs', utf8(key), new Uint8Array(size).fill(fill));

const isAccepted = (bytes: Uint8Array): boolean => promise([bytes]).offer(0, bytes);

describe('the bytes of a state', () => {
  it('are these', () => {
    const { state, blobs } = createSample();
    blobs.set('k', Uint8Array.of(1, 2));
    const snapshot = state.snapshot(state.mark());
    assert.equal(snapshot.parts, 1);
    const head = '01000000000000000000000002';
    const births = `000000000000000007${toHex(utf8('.births'))}00000000000000080000000000000002`;
    const blobsEntry = `000000000000000105${toHex(utf8('blobs'))}000000016b000000020102`;
    assert.equal(toHex(snapshot.read(0)), head + births + blobsEntry);
    const digests = [births, blobsEntry].map((hex) =>
      tagged(modelHash, 'state-entry', fromHex(hex) ?? assert.fail()),
    );
    const part = tagged(modelHash, 'state-part', fromHex(head) ?? assert.fail(), concatBytes(digests));
    assert.equal(toHex(snapshot.digestOf(0)), toHex(part));
    assert.equal(toHex(state.digest()), toHex(stateDigest([snapshot.digestOf(0)])));
    assert.notEqual(toHex(state.digest()), toHex(stateDigest([snapshot.digestOf(0)], 4)));
  });
});

const NO_KEY = new Uint8Array(0);

describe('a restore', () => {
  it('accepts canonical parts', () => {
    assert.ok(isAccepted(partOf(0, 0, [])));
    assert.ok(isAccepted(only(blob(1), blob(2), entry(5, 'digits', numberKey.encodeKey(1), utf8('7')))));
    assert.ok(isAccepted(only(entry(1, 'cell', NO_KEY, Uint8Array.of(6)))));
    assert.ok(isAccepted(partOf(0, 0, [count(7)])), 'the last ones may be gone');
  });

  it('refuses entries out of order, or born twice', () => {
    assert.ok(isAccepted(only(blob(1), blob(2), blob(3))));
    assert.ok(!isAccepted(partOf(2, 0, [count(4), blob(1), blob(3), blob(2)])));
    assert.ok(!isAccepted(partOf(1, 0, [count(2), blob(1), blob(1, 1, 7, 'other')])));
    assert.ok(!isAccepted(partOf(1, 0, [blob(1), count(2)])));
  });

  it('refuses a key that is there twice, in one part or in two', () => {
    assert.ok(!isAccepted(only(blob(1, 1, 1, 'same'), blob(2, 1, 2, 'same'))));
    const large = (birth: number, key?: string): Entry => blob(birth, LARGE, 7, key);
    const first = Array.from({ length: 15 }, (_, i) => large(i + 1));
    const second = (key?: string): Entry[] =>
      Array.from({ length: 16 }, (_, i) => large(i + 16, i === 9 ? key : undefined));
    const parts = (key?: string): Uint8Array[] => [
      partOf(4, 0, [count(32), ...first]),
      partOf(4, 1, second(key)),
    ];
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const offered = (list: Uint8Array[]): boolean[] => {
        const restore = promise(list);
        return order.map((i) => restore.offer(i, list[i] as Uint8Array));
      };
      assert.deepEqual(offered(parts()), [true, true]);
      assert.deepEqual(offered(parts('key 3')), [true, false]);
    }
  });

  it('takes a part after one that had the same key and was refused', () => {
    const [wrong, right] = [partOf(3, 0, [count(3), blob(1), blob(2)]), only(blob(1), blob(2))];
    assert.ok(!isAccepted(wrong));
    const digests = [promisedDigest(right)];
    const restore = createSample().state.restore(stateDigest(digests), digests);
    assert.ok(restore?.offer(0, wrong) === false && restore.offer(0, right));
  });

  it('refuses births that were not counted, or counted otherwise', () => {
    assert.ok(!isAccepted(partOf(1, 0, [blob(1)])), 'nothing was born');
    assert.ok(!isAccepted(partOf(2, 0, [count(3), blob(1), blob(3)])));
    assert.ok(!isAccepted(partOf(2, 0, [count(3, 1), blob(2)])));
    assert.ok(!isAccepted(partOf(1, 0, [blob(0), blob(1)])));
    assert.ok(!isAccepted(partOf(0, 0, [count(1)])), 'the count before the first birth takes no room');
    const large = Array.from({ length: 31 }, (_, i) => blob(i + 1, LARGE));
    const parts = [partOf(4, 0, [count(31), ...large.slice(0, 15)]), partOf(4, 1, large.slice(15))];
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const restore = promise(parts);
      assert.deepEqual(
        order.map((i) => restore.offer(i, parts[i] as Uint8Array)),
        [true, false],
      );
    }
  });

  it('refuses unknown collections and values that do not decode', () => {
    assert.ok(!isAccepted(only(entry(1, 'other', utf8('a'), utf8('b')))));
    assert.ok(!isAccepted(only(entry(1, '', utf8('a'), utf8('b')))));
    assert.ok(!isAccepted(only(entry(1, 'x'.repeat(40), utf8('a'), utf8('b')))));
    assert.ok(!isAccepted(only(blob(1, BLOB + 1))));
    assert.ok(!isAccepted(only(entry(1, 'blobs', Uint8Array.of(0xff), Uint8Array.of(1)))));
    assert.ok(!isAccepted(only(entry(1, 'digits', Uint8Array.of(1), utf8('7')))));
  });

  it('refuses a second spelling of a value, even if the service would take it', () => {
    const digit = (text: string): Uint8Array => only(entry(1, 'digits', numberKey.encodeKey(1), utf8(text)));
    assert.ok(isAccepted(digit('7')));
    assert.ok(!isAccepted(digit('007')));
    assert.ok(!isAccepted(digit(' 7')));
  });

  it('refuses an entry beyond the bound, though the part keeps to its own', () => {
    const frame = partOf(1, 0, [entry(1, 'digits', numberKey.encodeKey(1), NO_KEY)]).length;
    const bytes = partOf(1, 0, [
      entry(1, 'digits', numberKey.encodeKey(1), new Uint8Array(MAX_PART_BYTES - frame)),
    ]);
    assert.equal(bytes.length, MAX_PART_BYTES);
    assert.ok(!isAccepted(bytes));
  });

  it('refuses a cell that spells out its initial value, or has a key', () => {
    assert.ok(!isAccepted(only(entry(1, 'cell', NO_KEY, Uint8Array.of(5)))));
    assert.ok(!isAccepted(only(entry(1, 'cell', utf8('a'), Uint8Array.of(6)))));
  });

  it('refuses a part that should have been split', () => {
    assert.ok(!isAccepted(only(...Array.from({ length: 20 }, (_, i) => blob(i + 1, LARGE)))));
  });

  it('refuses parts that should have been one', () => {
    const parts = [partOf(1, 0, [count(4), blob(1)]), partOf(1, 1, [blob(2), blob(3)])];
    const restore = promise(parts);
    assert.ok(restore.offer(0, parts[0] as Uint8Array));
    assert.ok(!restore.offer(1, parts[1] as Uint8Array));
    assert.deepEqual(restore.missing(9), [1]);
  });

  it('refuses a root that is larger than its entries need', () => {
    assert.ok(isAccepted(partOf(1, 0, [count(2), blob(1)])));
    assert.ok(!isAccepted(partOf(2, 0, [count(2), blob(1)])));
    assert.ok(!isAccepted(partOf(1, 0, [])));
    const large = Array.from({ length: 31 }, (_, i) => blob(i + 1, LARGE));
    const parts = [
      partOf(4, 0, [count(32), ...large.slice(0, 15)]),
      partOf(4, 1, large.slice(15)),
      partOf(5, 1, []),
    ];
    assert.ok(!promise(parts).offer(2, parts[2] as Uint8Array));
  });

  it('refuses parts whose ranges leave a gap, overlap or do not reach the ends', () => {
    const large = Array.from({ length: 31 }, (_, i) => blob(i + 1, LARGE));
    const left = partOf(4, 0, [count(32), ...large.slice(0, 15)]);
    const right = partOf(4, 1, large.slice(15));
    assert.ok(!promise([left]).offer(0, partOf(4, 1, large.slice(15))));
    assert.ok(!promise([right]).offer(0, right));
    assert.ok(!promise([left, left]).offer(1, left));
    const gap = [left, partOf(3, 3, large.slice(23))];
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const restore = promise(gap);
      assert.equal(order.filter((i) => restore.offer(i, gap[i] as Uint8Array)).length, 1);
    }
    const three = [left, partOf(4, 1, large.slice(15)), partOf(4, 2, [blob(40)])];
    assert.ok(!promise(three).offer(2, three[2] as Uint8Array), 'the end is no power of two');
  });

  it('refuses an entry outside the range of its part, and ranges beyond all births', () => {
    const large = Array.from({ length: 31 }, (_, i) => blob(i + 1, LARGE));
    const parts = [partOf(4, 0, [count(32), ...large.slice(0, 15)]), partOf(4, 1, [...large.slice(14, 30)])];
    const restore = promise(parts);
    assert.ok(restore.offer(0, parts[0] as Uint8Array));
    assert.ok(!restore.offer(1, parts[1] as Uint8Array));
    assert.ok(!isAccepted(partOf(54, 0, [])));
    assert.ok(!isAccepted(partOf(255, 2 ** 53 - 1, [])));
    assert.ok(!isAccepted(partOf(53, 1, [count(9)])));
  });

  it('refuses any bytes that no state writes, without throwing', () => {
    const { state, blobs } = createSample();
    for (let i = 0; i < 8; i++) blobs.set(`key ${i}`, new Uint8Array(i));
    blobs.delete('key 3');
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
    const part = only(blob(1, 1, 7, 'a'), blob(2, BLOB, 7, 'b'));
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
