/**
 * Responses as ZooKeeper writes them: reply headers, results of write operations alone and within a multi, the
 * handshake's answer and watch events.
 */

import type { Writer } from '@concordat/wire';
import type { OpResult } from '../tree/operations.ts';
import { ErrorCode, OpCode, SYNC_CONNECTED, Xid } from './protocol.ts';
import type { Long } from './reader.ts';
import { writeBuffer, writeLong, writeStat, writeString } from './writer.ts';

/** Sixteen bytes before every response but the handshake's. */
export function writeReplyHeader(writer: Writer, xid: number, zxid: number, err: number): void {
  writer.i32(xid);
  writer.u53(zxid);
  writer.i32(err);
}

/** What follows the header for an operation that succeeded on its own. */
export function writeOpResponse(writer: Writer, result: OpResult): void {
  if (result.op === OpCode.create || result.op === OpCode.create2) writeString(writer, result.path);
  if (result.stat !== null) writeStat(writer, result.stat);
}

/** Headers `int type | bool done | int err`, each with its result, and a last one with type -1. */
export function writeMultiResponse(writer: Writer, results: readonly OpResult[]): void {
  for (const result of results) {
    writeMultiHeader(writer, result.op, false, result.op === OpCode.error ? result.err : ErrorCode.ok);
    if (result.op === OpCode.error) writer.i32(result.err);
    else writeOpResponse(writer, result);
  }
  writeMultiEnd(writer);
}

export function writeMultiHeader(writer: Writer, op: number, isLast: boolean, err: number): void {
  writer.i32(op);
  writer.bool(isLast);
  writer.i32(err);
}

export const writeMultiEnd = (writer: Writer): void => writeMultiHeader(writer, -1, true, -1);

export interface ConnectResponse {
  readonly timeoutMs: number;
  readonly session: Long;
  readonly password: Uint8Array;
  /** Old clients expect no trailing read-only flag. */
  readonly hasReadOnly: boolean;
  /** The session is one for reading alone. */
  readonly readOnly: boolean;
}

export function writeConnectResponse(writer: Writer, response: ConnectResponse): void {
  writer.i32(0);
  writer.i32(response.timeoutMs);
  writeLong(writer, response.session);
  writeBuffer(writer, response.password);
  if (response.hasReadOnly) writer.bool(response.readOnly);
}

/** A whole notification frame. Its zxid is -1, as of ZooKeeper before 3.9. */
export function writeWatchEvent(writer: Writer, type: number, path: string): void {
  writer.i32(Xid.notification);
  writeLong(writer, { high: -1, low: 0xffff_ffff });
  writer.i32(ErrorCode.ok);
  writer.i32(type);
  writer.i32(SYNC_CONNECTED);
  writeString(writer, path);
}
