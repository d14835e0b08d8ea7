/** Requests as a client writes them, frame by frame; a `readX` for them all lives in `jute`. */

import { createWriter, type Writer } from '@concordat/wire';
import { OpCode, Xid } from '../jute/protocol.ts';
import type { Long } from '../jute/reader.ts';
import { writeMultiEnd, writeMultiHeader } from '../jute/responses.ts';
import { writeAcl, writeBuffer, writeLong, writeString, writeStrings } from '../jute/writer.ts';
import { type Acl, OPEN_ACL } from '../tree/acl.ts';

const writer = createWriter(4096);

export interface Handshake {
  readonly lastZxidSeen: number;
  readonly timeoutMs: number;
  readonly session: Long;
  readonly password: Uint8Array;
}

export function connectFrame(handshake: Handshake): Uint8Array {
  writer.i32(0);
  writer.u53(handshake.lastZxidSeen);
  writer.i32(handshake.timeoutMs);
  writeLong(writer, handshake.session);
  writeBuffer(writer, handshake.password);
  writer.bool(false);
  return writer.finish();
}

/** Any request: its header, then what `write` adds. */
export function requestFrame(xid: number, op: number, write: (to: Writer) => void = () => {}): Uint8Array {
  writer.i32(xid);
  writer.i32(op);
  write(writer);
  return writer.finish();
}

export interface CreateOptions {
  readonly op?: number;
  readonly mode?: number;
  readonly acl?: readonly Acl[];
  /** For createTTL. */
  readonly ttlMs?: number;
}

type Body = (to: Writer) => void;

/** What follows the header of each kind of request, also within a multi. */
export const bodies = {
  create:
    (path: string, data: Uint8Array | null, options: CreateOptions = {}): Body =>
    (to) => {
      writeString(to, path);
      writeBuffer(to, data);
      writeAcl(to, options.acl ?? OPEN_ACL);
      to.i32(options.mode ?? 0);
      if (options.ttlMs !== undefined) to.u53(options.ttlMs);
    },
  setData:
    (path: string, data: Uint8Array | null, version = -1): Body =>
    (to) => {
      writeString(to, path);
      writeBuffer(to, data);
      to.i32(version);
    },
  setAcl:
    (path: string, acl: readonly Acl[], version = -1): Body =>
    (to) => {
      writeString(to, path);
      writeAcl(to, acl);
      to.i32(version);
    },
  /** delete and check. */
  versioned:
    (path: string, version = -1): Body =>
    (to) => {
      writeString(to, path);
      to.i32(version);
    },
  /** exists, getData and getChildren. */
  watched:
    (path: string, watch = false): Body =>
    (to) => {
      writeString(to, path);
      to.bool(watch);
    },
  /** sync, getACL, getEphemerals and getAllChildrenNumber. */
  path:
    (path: string): Body =>
    (to) =>
      writeString(to, path),
  /** addWatch, checkWatches and removeWatches. */
  typed:
    (path: string, type: number): Body =>
    (to) => {
      writeString(to, path);
      to.i32(type);
    },
  /** Servers to join and to leave, new members, and the version of the configuration that is meant. */
  reconfig:
    (joining: string, leaving: string, members: string | null, version: number): Body =>
    (to) => {
      for (const list of [joining, leaving]) writeString(to, list);
      if (members === null) to.i32(-1);
      else writeString(to, members);
      to.i64(BigInt(version));
    },
  auth:
    (scheme: string, proof: Uint8Array): Body =>
    (to) => {
      to.i32(0);
      writeString(to, scheme);
      to.bytes(proof);
    },
  /** A token of an exchange. */
  sasl:
    (token: Uint8Array): Body =>
    (to) =>
      to.bytes(token),
  multi:
    (operations: readonly (readonly [op: number, body: Body])[]): Body =>
    (to) => {
      for (const [op, body] of operations) {
        writeMultiHeader(to, op, false, -1);
        body(to);
      }
      writeMultiEnd(to);
    },
  setWatches:
    (relativeZxid: number, ...lists: readonly (readonly string[])[]): Body =>
    (to) => {
      to.u53(relativeZxid);
      for (const list of lists) writeStrings(to, list);
    },
} as const;

export const pingFrame = (): Uint8Array => requestFrame(Xid.ping, OpCode.ping);
