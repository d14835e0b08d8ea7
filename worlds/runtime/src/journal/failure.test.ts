/** Disks that are full, or fail: nothing that was not synced is ever called durable. */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { RuntimeError } from '../errors.ts';
import { type Disk, realDisk } from './disk.ts';
import type { Journal, SyncMode } from './journal.ts';
import { acquireLock } from './lock.ts';
import { createJournal, openJournal } from './open.ts';

const SEGMENT_BYTES = 8 * 1024;

async function fresh(): Promise<string> {
  const directory = fs.mkdtempSync(`${tmpdir()}/concordat-failure-`);
  await createJournal(directory, { segmentBytes: SEGMENT_BYTES });
  return directory;
}

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

function failureOf(journal: Journal): Promise<RuntimeError> {
  return new Promise((resolve) => journal.listen({ durable: () => {}, failed: resolve }));
}

for (const sync of ['blocking', 'threadpool'] satisfies SyncMode[]) {
  test(`a failed sync is final (${sync})`, async () => {
    const directory = await fresh();
    let isFailing = false;
    const disk: Disk = {
      ...realDisk,
      sync: (file) => {
        if (isFailing) throw systemError('EIO');
        realDisk.sync(file);
      },
      syncLater: (file, done) => {
        if (isFailing) setImmediate(done, systemError('EIO'));
        else realDisk.syncLater(file, done);
      },
    };
    const journal = await openJournal(directory, { sync, disk });
    const failed = failureOf(journal);
    isFailing = true;
    journal.append(new Uint8Array(10));
    journal.commit();
    assert.equal((await failed).code, 'disk-failed');
    isFailing = false;
    journal.append(new Uint8Array(10));
    journal.commit();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(journal.durable, 0, 'a later sync does not make up for a failed one');
    await assert.rejects(journal.close(), { code: 'disk-failed' });
  });
}

test('a full disk is reported when there is no room left, not before, and frees what it took', async () => {
  const directory = await fresh();
  const disk: Disk = {
    ...realDisk,
    writeLater: async () => {
      throw systemError('ENOSPC');
    },
  };
  const journal = await openJournal(directory, { sync: 'blocking', disk });
  const failed = failureOf(journal);
  let isFull = false;
  void failed.then(() => {
    isFull = true;
  });
  let appended = 0;
  while (!isFull && appended < 100) {
    journal.append(new Uint8Array(1000));
    journal.commit();
    appended++;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal((await failed).code, 'disk-full');
  assert.equal(journal.durable, 7, 'all that fits is durable');
  assert.deepEqual(
    fs.readdirSync(directory).filter((name) => name.startsWith('segment')),
    ['segment-0000000000.log'],
  );
  await assert.rejects(journal.close(), { code: 'disk-full' });
  const again = await openJournal(directory);
  assert.equal(again.recovered.records.length, 7);
  assert.equal(again.recovered.whole, true, 'a full disk loses nothing that was promised');
  await again.close();
});

test('space that comes back before it is needed is used, however lately it was asked for in vain', async () => {
  const directory = await fresh();
  let isFull = true;
  let refusals = 0;
  const disk: Disk = {
    ...realDisk,
    writeLater: async (file, bytes, offset) => {
      if (isFull && bytes.length > 1000) {
        refusals++;
        throw systemError('ENOSPC');
      }
      await realDisk.writeLater(file, bytes, offset);
    },
  };
  const journal = await openJournal(directory, { sync: 'blocking', disk });
  const append = (): void => {
    journal.append(new Uint8Array(1000));
    journal.commit();
  };
  for (let i = 0; i < 5; i++) append();
  while (refusals === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  isFull = false;
  for (let i = 0; i < 10; i++) append();
  await journal.close();
  assert.equal(journal.durable, 15);
});

test('a segment that there was room for, but not for the manifest that lists it, is used when there is', async () => {
  const directory = await fresh();
  let isFull = true;
  let refusals = 0;
  const disk: Disk = {
    ...realDisk,
    writeLater: async (file, bytes, offset) => {
      if (isFull && bytes.length < 1000) {
        refusals++;
        throw systemError('ENOSPC');
      }
      await realDisk.writeLater(file, bytes, offset);
    },
  };
  const journal = await openJournal(directory, { sync: 'blocking', disk });
  const append = (): void => {
    journal.append(new Uint8Array(1000));
    journal.commit();
  };
  for (let i = 0; i < 5; i++) append();
  while (refusals === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  isFull = false;
  for (let i = 0; i < 10; i++) append();
  await journal.close();
  assert.equal(journal.durable, 15);
});

test('group commit: one sync covers all that was written before it started', async () => {
  const directory = await fresh();
  let syncs = 0;
  const disk: Disk = {
    ...realDisk,
    syncLater: (file, done) => {
      syncs++;
      setTimeout(() => realDisk.syncLater(file, done), 5);
    },
  };
  const journal = await openJournal(directory, { sync: 'threadpool', disk });
  const before = syncs;
  for (let i = 0; i < 50; i++) {
    journal.append(new Uint8Array(20));
    journal.commit();
  }
  while (journal.durable < 50) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(syncs - before, 2);
  await journal.close();
});

test('records larger than a segment are a bug, a batch larger than one is split', async () => {
  const directory = await fresh();
  const journal = await openJournal(directory, { sync: 'blocking' });
  assert.throws(() => journal.append(new Uint8Array(SEGMENT_BYTES)), /fits into one segment/);
  for (let i = 0; i < 30; i++) journal.append(new Uint8Array(1000).fill(i));
  journal.commit();
  await journal.close();
  assert.equal(journal.durable, 30);
  const again = await openJournal(directory);
  assert.deepEqual(
    again.recovered.records.map((record) => record[0]),
    Array.from({ length: 30 }, (_, i) => i),
  );
  await again.close();
});

test('files and directories are private to their user', async () => {
  const directory = `${fs.mkdtempSync(`${tmpdir()}/concordat-private-`)}/journal`;
  await createJournal(directory, { segmentBytes: SEGMENT_BYTES });
  assert.equal(fs.statSync(directory).mode & 0o777, 0o700);
  for (const name of fs.readdirSync(directory)) {
    assert.equal(fs.statSync(`${directory}/${name}`).mode & 0o777, 0o600, name);
  }
  await assert.rejects(createJournal(directory), { code: 'journal-exists' });
});

test('a lock left by a crash is taken over, one of a living process is not', async () => {
  const directory = await fresh();
  fs.writeFileSync(`${directory}/lock`, '999999999 boot/1\n');
  await (await openJournal(directory)).close();
  // The id is in use again, but by a process that started at another time.
  fs.writeFileSync(`${directory}/lock`, `${process.pid} boot/1\n`);
  await (await openJournal(directory)).close();
  const holder = await openJournal(directory);
  await assert.rejects(openJournal(directory), (error) => error instanceof RuntimeError);
  await holder.close();
  assert.ok(!fs.existsSync(`${directory}/lock`));
});

test('a lock that cannot be written for want of room leaves nothing behind, however often it is tried', async () => {
  const directory = await fresh();
  const names = fs.readdirSync(directory).sort();
  for (let attempt = 0; attempt < 3; attempt++) {
    const makeEmpty = (file: string): never => {
      fs.closeSync(fs.openSync(file, 'wx'));
      throw systemError('ENOSPC');
    };
    assert.throws(() => acquireLock(directory, makeEmpty), { code: 'ENOSPC' });
  }
  assert.deepEqual(fs.readdirSync(directory).sort(), names);
  acquireLock(directory).release();
});
