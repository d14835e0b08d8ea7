/** Responses as a client reads them. A server may be anyone: everything is bounded, and null if malformed. */

import { ErrorCode, OpCode } from '../jute/protocol.ts';
import type { JuteReader, Long } from '../jute/reader.ts';

export interface ConnectAnswer {
  /** Zero when the session is gone. */
  readonly timeoutMs: number;
  readonly session: Long;
  readonly password: Uint8Array;
}

export function readConnectAnswer(reader: JuteReader): ConnectAnswer | null {
  reader.int();
  const timeoutMs = reader.int();
  const session = reader.long();
  const password = reader.buffer();
  if (reader.rest > 0) reader.bool();
  return reader.done() && password !== null ? { timeoutMs, session, password } : null;
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
}

/** Notifications have no zxid and read as 0; so does a zxid that no server can have reached. */
export function readReplyHeader(reader: JuteReader): ReplyHeader {
  const xid = reader.int();
  const zxid = reader.long();
  const err = reader.int();
  const isPossible = zxid.high >= 0 && zxid.high <= 0x1f_ffff;
  return { xid, zxid: isPossible ? zxid.high * 0x1_0000_0000 + zxid.low : 0, err };
}

export interface SeenStat {
  readonly czxid: number;
  readonly mzxid: number;
  /** Milliseconds since 1970, as `mtime`. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: Long;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
}

export function readStat(reader: JuteReader): SeenStat {
  const czxid = reader.safe();
  const mzxid = reader.safe();
  const ctime = reader.safe();
  const mtime = reader.safe();
  const version = reader.int();
  const cversion = reader.int();
  const aversion = reader.int();
  const ephemeralOwner = reader.long();
  const dataLength = reader.int();
  const numChildren = reader.int();
  const pzxid = reader.safe();
  const changes = { czxid, mzxid, ctime, mtime, version, cversion, aversion };
  return { ...changes, ephemeralOwner, dataLength, numChildren, pzxid };
}

export interface MultiAnswer {
  readonly op: number;
  readonly err: number;
  readonly stat: SeenStat | null;
}

const MAX_RESULTS = 16_384;

/** The results of a multi, in the order of its operations. */
export function readMultiAnswer(reader: JuteReader): MultiAnswer[] {
  const results: MultiAnswer[] = [];
  while (!reader.failed && results.length < MAX_RESULTS) {
    const op = reader.int();
    const isLast = reader.bool();
    const err = reader.int();
    if (isLast) break;
    if (op === OpCode.create || op === OpCode.create2) reader.string();
    const hasStat = op === OpCode.create2 || op === OpCode.setData;
    if (op === OpCode.error) reader.int();
    results.push({
      op,
      err: op === OpCode.error ? err : ErrorCode.ok,
      stat: hasStat ? readStat(reader) : null,
    });
  }
  return results;
}

export interface WatchEvent {
  readonly type: number;
  readonly path: string;
}

export function readWatchEvent(reader: JuteReader): WatchEvent | null {
  const type = reader.int();
  reader.int();
  const path = reader.string();
  return reader.done() && path !== null ? { type, path } : null;
}
