/**
 * The names and records of the ZooKeeper client protocol that the load generator and the acceptance tests use
 * (ZooDefs.java, KeeperException.java and zookeeper.jute of Apache ZooKeeper 3.8).
 */

import type { JuteReader, JuteWriter } from './jute.ts';

export const OP = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  setWatches: 101,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const;

export const XID = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

export const ERROR = {
  ok: 0,
  connectionLoss: -4,
  noNode: -101,
  badVersion: -103,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  sessionMoved: -118,
} as const;

/** Flags of a create: bit 0 ephemeral, bit 1 sequential. */
export const MODE = { persistent: 0, ephemeral: 1, sequential: 2, ephemeralSequential: 3 } as const;

export const EVENT = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;

/** zxids and times are numbers, exact up to 2^53. */
export interface Stat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.safeLong(),
    mzxid: reader.safeLong(),
    ctime: reader.safeLong(),
    mtime: reader.safeLong(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.safeLong(),
  };
}

const ALL_PERMISSIONS = 31;

/** The body of a create: open to all, as kazoo and zkCli do by default. */
export function writeCreate(writer: JuteWriter, path: string, data: Uint8Array | null, mode: number): void {
  writer.string(path);
  writer.buffer(data);
  writer.int(1);
  writer.int(ALL_PERMISSIONS);
  writer.string('world');
  writer.string('anyone');
  writer.int(mode);
}

export function writeSetData(
  writer: JuteWriter,
  path: string,
  data: Uint8Array | null,
  version: number,
): void {
  writer.string(path);
  writer.buffer(data);
  writer.int(version);
}

/** The body of every read that may leave a watch. */
export function writeRead(writer: JuteWriter, path: string, watch: boolean): void {
  writer.string(path);
  writer.bool(watch);
}

export function writeVersioned(writer: JuteWriter, path: string, version: number): void {
  writer.string(path);
  writer.int(version);
}

export interface WatchEvent {
  readonly type: number;
  readonly state: number;
  readonly path: string;
  readonly zxid: number;
}
