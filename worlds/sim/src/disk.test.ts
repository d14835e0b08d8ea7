import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import {
  appendRecord,
  corruptDisk,
  crashDisk,
  createDisk,
  type DiskOptions,
  finishSync,
  isFull,
  journalEnd,
  recover,
  releaseRecords,
  syncDuration,
  wipeDisk,
} from './disk.ts';

function diskWith(records: number, options: DiskOptions = {}, seed = 1) {
  const disk = createDisk(options, createPrng(seed));
  for (let i = 0; i < records; i++) assert.equal(appendRecord(disk, Uint8Array.of(i, i, i)), i);
  return disk;
}

const found = (disk: ReturnType<typeof diskWith>): number[] =>
  recover(disk).records.map((record) => record[0]!);

test('a crash keeps what was synced and nothing else', () => {
  const disk = diskWith(5);
  finishSync(disk, 3);
  crashDisk(disk);
  assert.deepEqual(found(disk), [0, 1, 2]);
  assert.equal(recover(disk).whole, true);
  assert.equal(appendRecord(disk, Uint8Array.of(9)), 3);
  assert.equal(disk.sizeBytes, 10);
});

test('a torn crash keeps some prefix: every length occurs', () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    const disk = diskWith(5, { tornChance: 1 }, seed);
    finishSync(disk, 2);
    crashDisk(disk);
    assert.deepEqual(found(disk), [0, 1, 2, 3, 4].slice(0, journalEnd(disk)));
    lengths.add(journalEnd(disk));
  }
  assert.deepEqual([...lengths].sort(), [2, 3, 4, 5]);
});

test('a lost sync is acknowledged, made up for by the next honest one, and else forgotten', () => {
  const disk = diskWith(4, { lostSyncChance: 1 });
  finishSync(disk, 2);
  assert.deepEqual([disk.ackedTo, disk.durableTo], [2, 0]);
  disk.settings = { ...disk.settings, lostSyncChance: 0 };
  finishSync(disk, 3);
  assert.equal(disk.durableTo, 3);
  disk.settings = { ...disk.settings, lostSyncChance: 1 };
  finishSync(disk, 4);
  crashDisk(disk);
  assert.deepEqual(found(disk), [0, 1, 2]);
  assert.equal(recover(disk).whole, true);
});

test('a release keeps everything from its position on, and perhaps a few before', () => {
  const bases = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const disk = diskWith(30, { segmentRecords: 4 }, seed);
    finishSync(disk, 30);
    releaseRecords(disk, 20);
    const { first, records } = recover(disk);
    assert.deepEqual([records.length, records[0]![0]], [30 - first, first]);
    assert.equal(disk.sizeBytes, 3 * records.length);
    bases.add(first);
  }
  assert.deepEqual([...bases].sort(), [16, 17, 18, 19, 20]);
});

test('what is lost is known after a wipe and a corruption', () => {
  const wiped = diskWith(5);
  finishSync(wiped, 5);
  wipeDisk(wiped);
  assert.deepEqual(recover(wiped), { records: [], first: 0, whole: false, losses: 1 });
  const damaged = diskWith(5, { corruptChance: 1 });
  finishSync(damaged, 5);
  crashDisk(damaged);
  assert.equal(recover(damaged).whole, false);
  assert.ok(found(damaged).length <= 5);
  corruptDisk(damaged);
  appendRecord(damaged, Uint8Array.of(7));
  assert.equal(recover(damaged).whole, false);
});

test('a disk fills up, stalls and is slow', () => {
  assert.equal(isFull(diskWith(3, { capacityBytes: 9 })), false);
  assert.equal(isFull(diskWith(4, { capacityBytes: 9 })), true);
  const stalling = diskWith(0, { syncMs: 2, jitterMs: 1, stallChance: 0.5, stallMs: 100 });
  const durations = Array.from({ length: 200 }, () => syncDuration(stalling));
  assert.ok(durations.every((ms) => (ms >= 2 && ms <= 3) || (ms >= 102 && ms <= 103)));
  assert.ok(durations.some((ms) => ms > 100) && durations.some((ms) => ms < 100));
});

test('recovery gives copies', () => {
  const disk = diskWith(1);
  finishSync(disk, 1);
  recover(disk).records[0]![0] = 99;
  assert.deepEqual(found(disk), [0]);
});
