/**
 * A node's disk and the journal on it. Records are volatile until a sync covers them; one sync runs at a time and
 * covers everything written before it began (group commit). A crash keeps what is durable, and with `tornChance` a
 * prefix of the rest. A lying disk acknowledges syncs that did not happen; nothing ever detects that.
 */

import type { Millis, Position, Prng, Recovered } from '@concordat/kernel';

export interface DiskOptions {
  /** Time one sync takes at least. Default 1. */
  readonly syncMs?: Millis;
  /** Uniform addition to `syncMs`. Default 0.5. */
  readonly jitterMs?: Millis;
  /** Probability that a sync stalls for `stallMs` more. Defaults 0 and 500. */
  readonly stallChance?: number;
  readonly stallMs?: Millis;
  /** Probability that a crash keeps some prefix of the bytes that were not synced. Default 0. */
  readonly tornChance?: number;
  /** Probability that a sync is acknowledged but did not happen; the next honest one makes up for it. Default 0. */
  readonly lostSyncChance?: number;
  /** Probability that a crash corrupts the journal at some record: recovery then is not whole. Default 0. */
  readonly corruptChance?: number;
  /** Bytes of records the disk holds; the sync that would exceed it fails and halts the node. Default unlimited. */
  readonly capacityBytes?: number;
  /** A release may keep up to this many older records, as segments do. Default 8. */
  readonly segmentRecords?: number;
}

export interface Disk {
  settings: Required<DiskOptions>;
  readonly random: Prng;
  /** Records kept, the first at position `base`. */
  records: Uint8Array[];
  base: Position;
  sizeBytes: number;
  /** Records before this are safe from a crash. */
  durableTo: Position;
  /** Records before this were reported as durable: the same, unless the disk lied. */
  ackedTo: Position;
  /** Records before this belong to turns that have ended. */
  writtenTo: Position;
  isSyncing: boolean;
  /** No sync begins. */
  isHeld: boolean;
  /** How often recovery had to notice that something was gone. */
  losses: number;
}

const defaults: Required<DiskOptions> = {
  syncMs: 1,
  jitterMs: 0.5,
  stallChance: 0,
  stallMs: 500,
  tornChance: 0,
  lostSyncChance: 0,
  corruptChance: 0,
  capacityBytes: Number.POSITIVE_INFINITY,
  segmentRecords: 8,
};

export const createDisk = (options: DiskOptions, random: Prng): Disk => ({
  settings: { ...defaults, ...options },
  random,
  records: [],
  base: 0,
  sizeBytes: 0,
  durableTo: 0,
  ackedTo: 0,
  writtenTo: 0,
  isSyncing: false,
  isHeld: false,
  losses: 0,
});

export function setDisk(disk: Disk, options: DiskOptions): void {
  disk.settings = { ...disk.settings, ...options };
}

export function resetDisk(disk: Disk, options: DiskOptions): void {
  disk.settings = { ...defaults, ...options };
}

export const journalEnd = (disk: Disk): Position => disk.base + disk.records.length;

export function appendRecord(disk: Disk, record: Uint8Array): Position {
  disk.records.push(record.slice());
  disk.sizeBytes += record.length;
  return journalEnd(disk) - 1;
}

export const isFull = (disk: Disk): boolean => disk.sizeBytes > disk.settings.capacityBytes;

/** How long the sync that begins now will take. */
export function syncDuration(disk: Disk): Millis {
  const { syncMs, jitterMs, stallChance, stallMs } = disk.settings;
  const stall = stallChance > 0 && disk.random.chance(stallChance) ? stallMs : 0;
  return syncMs + jitterMs * disk.random.unit() + stall;
}

/** Reports everything before `to` as durable, and makes it so unless the disk lies. */
export function finishSync(disk: Disk, to: Position): void {
  disk.isSyncing = false;
  disk.ackedTo = to;
  const { lostSyncChance } = disk.settings;
  if (lostSyncChance === 0 || !disk.random.chance(lostSyncChance))
    disk.durableTo = Math.max(to, disk.durableTo);
}

/** Drops records before `position`, except those that share a segment with later ones. */
export function releaseRecords(disk: Disk, position: Position): void {
  const kept = Math.max(disk.base, position - disk.random.below(disk.settings.segmentRecords + 1));
  // What is not durable yet cannot be in a segment of its own to be deleted.
  const base = Math.min(kept, disk.durableTo);
  if (base <= disk.base) return;
  for (const record of disk.records.splice(0, base - disk.base)) disk.sizeBytes -= record.length;
  disk.base = base;
}

function truncate(disk: Disk, end: Position): void {
  for (const record of disk.records.splice(end - disk.base)) disk.sizeBytes -= record.length;
  disk.durableTo = end;
  disk.ackedTo = end;
  disk.writtenTo = end;
  disk.isSyncing = false;
}

/** The position behind the whole records in a randomly chosen prefix of the bytes that were not synced. */
function tornEnd(disk: Disk): Position {
  let unsynced = 0;
  for (let at = disk.durableTo; at < journalEnd(disk); at++)
    unsynced += disk.records[at - disk.base]!.length + 1;
  let left = disk.random.below(unsynced + 1);
  let end = disk.durableTo;
  while (end < journalEnd(disk)) {
    left -= disk.records[end - disk.base]!.length + 1;
    if (left < 0) break;
    end++;
  }
  return end;
}

/** What a power loss does to the disk. */
export function crashDisk(disk: Disk): void {
  const { tornChance, corruptChance } = disk.settings;
  const isTorn = tornChance > 0 && disk.random.chance(tornChance);
  truncate(disk, isTorn ? tornEnd(disk) : disk.durableTo);
  if (corruptChance > 0 && disk.random.chance(corruptChance)) corruptDisk(disk);
}

/** Damages a record: it and all later ones are unreadable, and recovery knows. */
export function corruptDisk(disk: Disk): void {
  truncate(disk, disk.base + disk.random.below(disk.records.length + 1));
  disk.losses += 1;
}

/** Loses everything, as a replaced disk does. The journal that follows is never whole again. */
export function wipeDisk(disk: Disk): void {
  disk.base = 0;
  disk.records = [];
  disk.sizeBytes = 0;
  truncate(disk, 0);
  disk.losses += 1;
}

/** What a start finds. The records are copies: nothing a process does to them reaches the disk. */
export const recover = (disk: Disk): Recovered => ({
  records: disk.records.map((record) => record.slice()),
  first: disk.base,
  whole: disk.losses === 0,
  losses: disk.losses,
});
