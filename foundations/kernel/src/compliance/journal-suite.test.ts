/** A journal in memory passes the suite, and the suite rejects broken variants of it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JournalDriver, journalSuite } from './index.ts';

interface Disk {
  first: number;
  records: Uint8Array[];
  losses: number;
}

function createMemoryJournal(): JournalDriver {
  const disk: Disk = { first: 0, records: [], losses: 0 };
  let pending: Uint8Array[] = [];
  let released = 0;
  return {
    open: async () => ({
      records: disk.records.slice(),
      first: disk.first,
      whole: disk.losses === 0,
      losses: disk.losses,
    }),
    append: (record) => {
      pending.push(record.slice());
      return disk.first + disk.records.length + pending.length - 1;
    },
    release: (position) => {
      released = position;
    },
    sync: async () => {
      disk.records.push(...pending);
      pending = [];
      disk.records.splice(0, released - disk.first);
      disk.first = Math.max(disk.first, released);
    },
    crash: async () => {
      pending = [];
    },
    corrupt: async () => {
      disk.losses += 1;
      disk.records.length = disk.records.length >>> 1;
    },
    wipe: async () => {
      disk.losses += 1;
      disk.records = [];
    },
    tear: async () => {
      disk.records.pop();
    },
  };
}

describe('a journal in memory', () => {
  for (const { name, run } of journalSuite(async () => createMemoryJournal())) it(name, run);
});

type Variant = (honest: JournalDriver) => Partial<JournalDriver>;

const broken: Record<string, Variant> = {
  'counts positions from 1': (honest) => ({ append: (record) => honest.append(record) + 1 }),
  'forgets what was synced': (honest) => ({ sync: async () => {}, append: honest.append }),
  'drops the last record': (honest) => ({
    open: async () => {
      const recovered = await honest.open();
      return { ...recovered, records: recovered.records.slice(0, -1) };
    },
  }),
  'hides a corruption': (honest) => ({ open: async () => ({ ...(await honest.open()), whole: true }) }),
  'is never whole': (honest) => ({ open: async () => ({ ...(await honest.open()), whole: false }) }),
  'never reclaims': () => ({ release: () => {} }),
  'releases too much': (honest) => ({ release: (position) => honest.release(position + 1) }),
  'cuts large records': (honest) => ({ append: (record) => honest.append(record.subarray(0, 65_535)) }),
  'returns damaged records': (honest) => ({
    corrupt: async () => {
      const [record] = (await honest.open()).records;
      record?.fill(7);
      await honest.wipe();
      if (record !== undefined) honest.append(record);
      await honest.sync();
    },
  }),
};

describe('the journal suite', () => {
  for (const [name, variant] of Object.entries(broken)) {
    it(`rejects a journal that ${name}`, async () => {
      const create = async (): Promise<JournalDriver> => {
        const honest = createMemoryJournal();
        return { ...honest, ...variant(honest) };
      };
      await assert.rejects(async () => {
        for (const { run } of journalSuite(create)) await run();
      });
    });
  }
});
