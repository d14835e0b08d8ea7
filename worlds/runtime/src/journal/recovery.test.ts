/** What a journal says after its files were torn, damaged, truncated or lost: whole only when nothing acknowledged is gone. */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { entryBytes, RECORD_HEADER_BYTES } from './entry.ts';
import type { Journal } from './journal.ts';
import { MANIFEST_NAME } from './manifest.ts';
import { createJournal, openJournal } from './open.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from './segment.ts';

const SEGMENT_BYTES = 8 * 1024;
const record = (index: number): Uint8Array => new Uint8Array(40).fill(index + 1);
const SEGMENT_0 = segmentName(0);

/** Entries of one 40-byte record each. */
const offsetOf = (index: number): number =>
  SEGMENT_HEADER_BYTES + index * entryBytes(RECORD_HEADER_BYTES + 40);

/** A journal with `count` synced commits of one record; killed, not closed, unless `isClosed`. */
async function journalWith(count: number, isClosed = false): Promise<string> {
  const directory = fs.mkdtempSync(`${tmpdir()}/concordat-recovery-`);
  await createJournal(directory, { segmentBytes: SEGMENT_BYTES });
  const journal = await openJournal(directory, { sync: 'blocking' });
  for (let i = 0; i < count; i++) {
    journal.append(record(i));
    journal.commit();
    while (journal.durable <= i) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await (isClosed ? journal.close() : journal.abandon());
  return directory;
}

async function reopened<T>(directory: string, look: (journal: Journal) => T): Promise<T> {
  const journal = await openJournal(directory, { sync: 'blocking' });
  try {
    return look(journal);
  } finally {
    await journal.close();
  }
}

const summary = (journal: Journal) => ({
  count: journal.recovered.records.length,
  whole: journal.recovered.whole,
});

function assertPrefix(journal: Journal): void {
  for (const [index, found] of journal.recovered.records.entries()) {
    assert.deepEqual(found, record(journal.recovered.first + index), 'recovery invents and reorders nothing');
  }
}

function edit(directory: string, name: string, change: (bytes: Buffer) => Buffer): void {
  const path = `${directory}/${name}`;
  fs.writeFileSync(path, change(fs.readFileSync(path)));
}

/** Damages one byte of the first segment, whatever it was: parts of a journal are random. */
function flip(directory: string, at: number): void {
  edit(directory, SEGMENT_0, (bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  });
}

/** A copy to damage, so that one journal serves many cases. */
function copyOf(directory: string): string {
  const copy = fs.mkdtempSync(`${tmpdir()}/concordat-recovery-`);
  fs.cpSync(directory, copy, { recursive: true });
  return copy;
}

describe('a torn tail', () => {
  test('is cut, wherever the write of the last entry was torn', async () => {
    const directory = await journalWith(3);
    const [start, end] = [offsetOf(2), offsetOf(3)];
    for (let cut = start; cut < end; cut++) {
      const copy = copyOf(directory);
      edit(copy, SEGMENT_0, (bytes) => bytes.fill(0, cut, end));
      const isComplete = fs
        .readFileSync(`${directory}/${SEGMENT_0}`)
        .subarray(cut, end)
        .every((byte) => byte === 0);
      await reopened(copy, (journal) => {
        assert.deepEqual(summary(journal), { count: isComplete ? 3 : 2, whole: true }, `cut at ${cut}`);
        assertPrefix(journal);
      });
      fs.rmSync(copy, { recursive: true });
    }
  });

  test('is cut when its blocks arrived out of order', async () => {
    // One write of many records spans several sectors; all but the first of them reached the disk.
    const directory = await journalWith(1);
    const journal = await openJournal(directory, { sync: 'blocking' });
    for (let i = 1; i < 60; i++) journal.append(record(i));
    journal.commit();
    await journal.abandon();
    edit(directory, SEGMENT_0, (bytes) => bytes.fill(0, offsetOf(1), 512));
    await reopened(directory, (again) => {
      assert.deepEqual(summary(again), { count: 1, whole: true });
      assert.equal(again.append(record(1)), 1);
      again.commit();
    });
    await reopened(directory, (again) => assert.deepEqual(summary(again), { count: 2, whole: true }));
  });

  test('and what was appended after the cut both survive the next start', async () => {
    const directory = await journalWith(3);
    edit(directory, SEGMENT_0, (bytes) => bytes.fill(0xff, offsetOf(2) + 50, offsetOf(3)));
    await reopened(directory, (journal) => {
      assert.deepEqual(summary(journal), { count: 2, whole: true });
      assert.equal(journal.append(record(2)), 2);
      journal.commit();
    });
    await reopened(directory, (journal) => {
      assert.deepEqual(summary(journal), { count: 3, whole: true });
      assertPrefix(journal);
    });
  });
});

describe('damage to acknowledged records', () => {
  test('is a loss at every byte of an entry with a later one behind it', async () => {
    const directory = await journalWith(3);
    for (let at = offsetOf(1); at < offsetOf(2); at += 3) {
      const copy = copyOf(directory);
      flip(copy, at);
      await reopened(copy, (journal) => {
        assert.deepEqual(summary(journal), { count: 1, whole: false }, `byte ${at}`);
        assert.match(journal.reason, /records 1 to 1 were durable/);
        assertPrefix(journal);
      });
      fs.rmSync(copy, { recursive: true });
    }
  });

  test('is a loss also in the last record, once the journal was closed or sealed', async () => {
    const directory = await journalWith(3, true);
    flip(directory, offsetOf(2) + 50);
    await reopened(directory, (journal) => assert.deepEqual(summary(journal), { count: 2, whole: false }));
  });

  test('stays a loss for good, and the damaged file is kept', async () => {
    const directory = await journalWith(3);
    edit(directory, SEGMENT_0, (bytes) => bytes.fill(0, offsetOf(1), offsetOf(2)));
    await reopened(directory, (journal) => {
      journal.append(record(1));
      journal.commit();
    });
    await reopened(directory, (journal) => {
      assert.deepEqual(summary(journal), { count: 2, whole: false });
      assertPrefix(journal);
    });
    const aside = fs.readdirSync(directory).find((name) => name.startsWith('damaged-'));
    assert.ok(aside !== undefined && fs.existsSync(`${directory}/${aside}/${SEGMENT_0}`));
  });

  test('is a loss when the header of a segment in use is damaged', async () => {
    const directory = await journalWith(3);
    flip(directory, 20);
    await reopened(directory, (journal) => assert.equal(journal.recovered.whole, false));
  });
});

describe('lost and truncated files', () => {
  const lose =
    (name: string): ((directory: string) => void) =>
    (directory) =>
      fs.rmSync(`${directory}/${name}`);
  const cases: readonly (readonly [string, (directory: string) => void, RegExp])[] = [
    ['the manifest', lose(MANIFEST_NAME), /no manifest/],
    ['the first segment', lose(segmentName(0)), /0000\.log is missing/],
    ['a segment in the middle', lose(segmentName(1)), /0001\.log is missing/],
    ['the last segment', lose(segmentName(2)), /is missing/],
    ['everything', (directory) => fs.rmSync(directory, { recursive: true }), /never initialised, or wiped/],
    [
      'half of a segment',
      (directory) => edit(directory, segmentName(1), (bytes) => bytes.subarray(0, SEGMENT_BYTES / 2)),
      /4096 bytes instead of 8192/,
    ],
    [
      'a byte of the manifest',
      (directory) => edit(directory, MANIFEST_NAME, (bytes) => bytes.fill(0x20, 3, 4)),
      /manifest is damaged/,
    ],
  ];
  for (const [what, damage, reason] of cases) {
    test(`without ${what} the journal is not whole, says why, and goes on`, async () => {
      const directory = await journalWith(230);
      assert.ok(fs.existsSync(`${directory}/${segmentName(2)}`), 'three segments are in use');
      damage(directory);
      await reopened(directory, (journal) => {
        assert.equal(journal.recovered.whole, false);
        assert.match(journal.reason, reason);
        assertPrefix(journal);
        journal.append(record(journal.end));
        journal.commit();
      });
      await reopened(directory, (journal) => {
        assert.equal(journal.recovered.whole, false, 'a loss is not forgotten');
        assertPrefix(journal);
        assert.ok(journal.recovered.records.length > 0);
      });
    });
  }

  test('files of another journal are not taken for its own', async () => {
    const [mine, other] = [await journalWith(3, true), await journalWith(5)];
    fs.copyFileSync(`${other}/${SEGMENT_0}`, `${mine}/${SEGMENT_0}`);
    await reopened(mine, (journal) => assert.deepEqual(summary(journal), { count: 0, whole: false }));
  });

  test('a file of zeros is not taken for an unused one', async () => {
    const directory = await journalWith(3, true);
    edit(directory, SEGMENT_0, (bytes) => bytes.fill(0));
    await reopened(directory, (journal) => {
      assert.deepEqual(summary(journal), { count: 0, whole: false });
      assert.match(journal.reason, /records 0 to 2 were durable/);
    });
  });
});
