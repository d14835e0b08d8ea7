/**
 * The requests of the protocol that change the tree, and how they are read. Reading follows ZooKeeper's jute records;
 * a null path is malformed. Trailing bytes are ignored, as ZooKeeper ignores them.
 */

import { type Acl, readAcl } from '../tree/acl.ts';
import { MAX_TTL_MS } from '../tree/znode.ts';
import { CreateMode, isTtlMode, OpCode } from './protocol.ts';
import type { JuteReader, Long } from './reader.ts';

export interface CreateRequest {
  readonly kind: 'create';
  /** create, create2, createContainer or createTTL: what the response looks like. */
  readonly op: number;
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly mode: number;
  /** Of createTTL, within ZooKeeper's bounds; 0 for any other. */
  readonly ttlMs: number;
}

export interface DeleteRequest {
  readonly kind: 'delete';
  readonly path: string;
  /** -1 for any. */
  readonly version: number;
}

export interface SetDataRequest {
  readonly kind: 'set-data';
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly version: number;
}

export interface SetAclRequest {
  readonly kind: 'set-acl';
  readonly path: string;
  readonly acl: readonly Acl[] | null;
  readonly version: number;
}

export interface CheckRequest {
  readonly kind: 'check';
  readonly path: string;
  readonly version: number;
}

export type MultiOperation = CreateRequest | DeleteRequest | SetDataRequest | CheckRequest;

export interface MultiRequest {
  readonly kind: 'multi';
  readonly operations: readonly MultiOperation[];
}

export type WriteRequest = MultiOperation | SetAclRequest | MultiRequest;

/** A frame of a megabyte could name eighty thousand; nobody does, and each costs a result. */
const MAX_MULTI_OPERATIONS = 16_384;

/** A string that must be there. */
export function readPath(reader: JuteReader): string {
  const path = reader.string();
  if (path === null) reader.fail();
  return path ?? '';
}

function readCreate(reader: JuteReader, op: number): CreateRequest {
  const path = readPath(reader);
  const data = reader.buffer();
  const acl = readAcl(reader);
  const mode = reader.int();
  const ttlMs = op === OpCode.createTTL ? boundedTtl(reader.long()) : 0;
  return { kind: 'create', op, path, data, acl, mode, ttlMs };
}

function boundedTtl({ high, low }: Long): number {
  const ttlMs = high * 0x1_0000_0000 + low;
  return ttlMs >= 0 && ttlMs <= MAX_TTL_MS ? ttlMs : 0;
}

const readDelete = (reader: JuteReader): DeleteRequest => ({
  kind: 'delete',
  path: readPath(reader),
  version: reader.int(),
});

const readSetData = (reader: JuteReader): SetDataRequest => ({
  kind: 'set-data',
  path: readPath(reader),
  data: reader.buffer(),
  version: reader.int(),
});

const readSetAcl = (reader: JuteReader): SetAclRequest => ({
  kind: 'set-acl',
  path: readPath(reader),
  acl: readAcl(reader),
  version: reader.int(),
});

const readCheck = (reader: JuteReader): CheckRequest => ({
  kind: 'check',
  path: readPath(reader),
  version: reader.int(),
});

/**
 * Within a multi it is the mode that decides what kind of create it is, and only containers and TTL nodes answer with a
 * Stat.
 */
function asPartOfMulti(request: CreateRequest): CreateRequest {
  const { op, mode } = request;
  if (mode === CreateMode.container) return { ...request, op: OpCode.createContainer };
  return isTtlMode(mode) && op === OpCode.createTTL ? request : { ...request, op: OpCode.create };
}

/** One operation of a multi; null, with the reader failed, for an operation that a multi may not hold. */
function readMultiOperation(reader: JuteReader, op: number): MultiOperation | null {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return asPartOfMulti(readCreate(reader, op));
    case OpCode.delete:
      return readDelete(reader);
    case OpCode.setData:
      return readSetData(reader);
    case OpCode.check:
      return readCheck(reader);
    default:
      reader.fail();
      return null;
  }
}

/** Headers `int type | bool done | int err`, each but the last followed by its operation. */
function readMulti(reader: JuteReader): MultiRequest {
  const operations: MultiOperation[] = [];
  while (!reader.failed) {
    const op = reader.int();
    const isLast = reader.bool();
    reader.int();
    if (isLast) break;
    const operation = readMultiOperation(reader, op);
    if (operation !== null) operations.push(operation);
    if (operations.length > MAX_MULTI_OPERATIONS) reader.fail();
  }
  return { kind: 'multi', operations };
}

/** The request of a write operation; null if the bytes are not one. */
export function readWriteRequest(reader: JuteReader, op: number): WriteRequest | null {
  const request = readAnyWrite(reader, op);
  return reader.failed ? null : request;
}

function readAnyWrite(reader: JuteReader, op: number): WriteRequest | null {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return readCreate(reader, op);
    case OpCode.setACL:
      return readSetAcl(reader);
    case OpCode.multi:
      return readMulti(reader);
    default:
      return readMultiOperation(reader, op);
  }
}
