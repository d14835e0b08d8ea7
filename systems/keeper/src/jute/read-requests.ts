/**
 * The requests that change nothing in the tree and are answered where the client is connected: reads, and the
 * registration of watches.
 */

import { OpCode } from './protocol.ts';
import type { JuteReader, Long } from './reader.ts';
import { readPath } from './requests.ts';

/** One path, and whether to watch what was found there. */
export interface PathRequest {
  readonly kind: 'path';
  /** exists, getData, getACL, getChildren, getChildren2, getEphemerals or getAllChildrenNumber. */
  readonly op: number;
  readonly path: string;
  readonly watch: boolean;
}

/** Watches a client had before it reconnected, and the last zxid it saw. */
export interface SetWatchesRequest {
  readonly kind: 'set-watches';
  readonly relativeZxid: Long;
  readonly data: readonly string[];
  readonly exist: readonly string[];
  readonly child: readonly string[];
  readonly persistent: readonly string[];
  readonly recursive: readonly string[];
}

/** addWatch (`type` is a mode), checkWatches or removeWatches (`type` is a WatcherType). */
export interface WatchRequest {
  readonly kind: 'watch';
  readonly op: number;
  readonly path: string;
  readonly type: number;
}

export interface MultiReadRequest {
  readonly kind: 'multi-read';
  /** Only getData and getChildren, without watches. */
  readonly reads: readonly PathRequest[];
}

export interface WhoAmIRequest {
  readonly kind: 'who-am-i';
}

export type ReadRequest = PathRequest | SetWatchesRequest | WatchRequest | MultiReadRequest | WhoAmIRequest;

const MAX_MULTI_READS = 16_384;

const readWatched = (reader: JuteReader, op: number): PathRequest => ({
  kind: 'path',
  op,
  path: readPath(reader),
  watch: reader.bool(),
});

const readPlain = (reader: JuteReader, op: number): PathRequest => ({
  kind: 'path',
  op,
  path: readPath(reader),
  watch: false,
});

function readSetWatches(reader: JuteReader, op: number): SetWatchesRequest {
  const relativeZxid = reader.long();
  const data = reader.strings();
  const exist = reader.strings();
  const child = reader.strings();
  const hasPersistent = op === OpCode.setWatches2;
  const persistent = hasPersistent ? reader.strings() : [];
  const recursive = hasPersistent ? reader.strings() : [];
  return { kind: 'set-watches', relativeZxid, data, exist, child, persistent, recursive };
}

function readMultiRead(reader: JuteReader): MultiReadRequest {
  const reads: PathRequest[] = [];
  while (!reader.failed) {
    const op = reader.int();
    const isLast = reader.bool();
    reader.int();
    if (isLast) break;
    if (op !== OpCode.getData && op !== OpCode.getChildren) reader.fail();
    reads.push({ ...readWatched(reader, op), watch: false });
    if (reads.length > MAX_MULTI_READS) reader.fail();
  }
  return { kind: 'multi-read', reads };
}

function readAny(reader: JuteReader, op: number): ReadRequest | null {
  switch (op) {
    case OpCode.exists:
    case OpCode.getData:
    case OpCode.getChildren:
    case OpCode.getChildren2:
      return readWatched(reader, op);
    case OpCode.getACL:
    case OpCode.getEphemerals:
    case OpCode.getAllChildrenNumber:
      return readPlain(reader, op);
    case OpCode.setWatches:
    case OpCode.setWatches2:
      return readSetWatches(reader, op);
    case OpCode.addWatch:
    case OpCode.checkWatches:
    case OpCode.removeWatches:
      return { kind: 'watch', op, path: readPath(reader), type: reader.int() };
    case OpCode.multiRead:
      return readMultiRead(reader);
    case OpCode.whoAmI:
      return { kind: 'who-am-i' };
    default:
      return null;
  }
}

/** The request of a read operation; null if the bytes are not one. */
export function readReadRequest(reader: JuteReader, op: number): ReadRequest | null {
  const request = readAny(reader, op);
  return reader.failed ? null : request;
}
