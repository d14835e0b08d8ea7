/**
 * Jute on top of the wire writer: null-able buffers and strings, vectors, ACLs and Stats. Sixty-four-bit fields that
 * are ours (zxids, times) are below 2^53 and written as such; only session ids and owners use the full width, as pairs
 * of 32-bit halves.
 */

import type { Writer } from '@concordat/wire';
import type { Acl } from '../tree/acl.ts';
import type { Stat } from '../tree/znode.ts';
import type { Long } from './reader.ts';

export function writeLong(writer: Writer, value: Long): void {
  writer.i32(value.high);
  writer.u32(value.low);
}

export function writeBuffer(writer: Writer, bytes: Uint8Array | null): void {
  if (bytes === null) writer.i32(-1);
  else writer.bytes(bytes);
}

export const writeString = (writer: Writer, text: string): void => writer.text(text);

export function writeStrings(writer: Writer, texts: readonly string[]): void {
  writer.i32(texts.length);
  for (const text of texts) writeString(writer, text);
}

export function writeAcl(writer: Writer, acl: readonly Acl[]): void {
  writer.i32(acl.length);
  for (const entry of acl) {
    writer.i32(entry.perms);
    writeString(writer, entry.scheme);
    writeString(writer, entry.id);
  }
}

/** Sixty-eight bytes. */
export function writeStat(writer: Writer, stat: Stat): void {
  writer.u53(stat.czxid);
  writer.u53(stat.mzxid);
  writer.u53(stat.ctime);
  writer.u53(stat.mtime);
  writer.i32(stat.version);
  writer.i32(stat.cversion);
  writer.i32(stat.aversion);
  writeLong(writer, stat.ephemeralOwner);
  writer.i32(stat.dataLength);
  writer.i32(stat.numChildren);
  writer.u53(stat.pzxid);
}
