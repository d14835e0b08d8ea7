/**
 * What a record of ZooKeeper's log says, and doing it to an image:
 * `long session | int cxid | long zxid | long time | int type | body | digest of newer servers: int, long`.
 */

import { copyOf } from '@concordat/wire';
import { OpCode } from '../jute/protocol.ts';
import { createJuteReader, type JuteReader } from '../jute/reader.ts';
import { type Acl, OPEN_ACL, readAcl } from '../tree/acl.ts';
import { isValidPath } from '../tree/paths.ts';
import { CONTAINER_OWNER, NO_OWNER } from '../tree/znode.ts';
import {
  type Creation,
  closeIn,
  createIn,
  deleteIn,
  type Image,
  longHex,
  setAclIn,
  setDataIn,
  ttlOwnerOf,
} from './image.ts';

export interface TransactionHeader {
  readonly session: string;
  readonly zxid: number;
  readonly time: number;
  readonly type: number;
}

const DIGEST_BYTES = 12;
/** The least that a part of a multi takes: its type and the length of its body. */
const PART_BYTES = 8;

const reader = createJuteReader();

export function readHeader(from: JuteReader): TransactionHeader {
  const session = longHex(from.long());
  from.int();
  return { session, zxid: from.safe(), time: from.safe(), type: from.int() };
}

/** Does what `record` says if its zxid is beyond `after`. The header, or null for a record that cannot be read. */
export function applyRecord(image: Image, record: Uint8Array, after: number): TransactionHeader | null {
  reader.reset(record);
  const header = readHeader(reader);
  if (reader.failed) return null;
  if (header.zxid <= after) return header;
  const apply = readTransaction(reader, header, record);
  if (apply === null || reader.failed) return null;
  if (!isEnd(reader)) return null;
  apply(image);
  return header;
}

const isEnd = ({ rest }: JuteReader): boolean => rest === 0 || rest === DIGEST_BYTES;

type Apply = (image: Image) => void;

const NOTHING: Apply = () => {};

/** What there is to do; null for a type that no log has. The reader may have failed on the way. */
function readTransaction(from: JuteReader, header: TransactionHeader, record: Uint8Array): Apply | null {
  if (header.type === OpCode.multi) return readMulti(from, header);
  if (header.type === OpCode.createSession) {
    from.int();
    return ({ sessions }) => void sessions.add(header.session);
  }
  if (header.type === OpCode.closeSession) return readClose(from, header, record);
  return readOperation(from, header);
}

/** Older servers write no list of the session's nodes, though there may be a digest, which seen as one is none of paths. */
function readClose(from: JuteReader, { session, zxid }: TransactionHeader, record: Uint8Array): Apply {
  const { rest } = from;
  const named = from.strings();
  const isList = !from.failed && isEnd(from) && named.every(isValidPath);
  if (!isList) from.reset(record, record.length - rest);
  return (image) => closeIn(image, session, isList ? named : [], zxid);
}

function readOperation(from: JuteReader, header: TransactionHeader): Apply | null {
  const { type, zxid, time } = header;
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL: {
      const creation = readCreation(from, header);
      return (image) => createIn(image, creation, zxid, time, type === OpCode.create);
    }
    case OpCode.delete:
    case OpCode.deleteContainer: {
      const path = readPath(from);
      return (image) => deleteIn(image, path, zxid);
    }
    case OpCode.setData:
    case OpCode.reconfig: {
      const path = readPath(from);
      const data = readData(from);
      const version = from.int();
      return (image) => setDataIn(image, path, data, version, zxid, time);
    }
    case OpCode.setACL: {
      const path = readPath(from);
      const acl = readList(from);
      const version = from.int();
      return (image) => setAclIn(image, path, acl, version);
    }
    case OpCode.check:
      readPath(from);
      from.int();
      return NOTHING;
    case OpCode.error:
      from.int();
      return NOTHING;
    default:
      return null;
  }
}

function readPath(from: JuteReader): string {
  const path = from.string();
  if (path === null || !isValidPath(path)) from.fail();
  return path ?? '';
}

function readData(from: JuteReader): Uint8Array | null {
  const data = from.buffer();
  // A view would keep the whole log.
  return data === null ? null : copyOf(data);
}

function readList(from: JuteReader): readonly Acl[] {
  const acl = readAcl(from);
  return acl === null || acl.length === 0 ? OPEN_ACL : acl;
}

function readCreation(from: JuteReader, { type, session }: TransactionHeader): Creation {
  const path = readPath(from);
  if (path === '/') from.fail();
  const data = readData(from);
  const acl = readList(from);
  const isPlain = type === OpCode.create || type === OpCode.create2;
  const isEphemeral = isPlain && from.bool();
  // Logs of 3.3 do not have it.
  const parentCversion = isPlain && from.rest === 0 ? -1 : from.int();
  const owner = type === OpCode.createTTL ? ttlOwnerOf(from.safe()) : plainOwner(type);
  if (owner === null) from.fail();
  return { path, data, acl, parentCversion, owner: owner ?? NO_OWNER, session: isEphemeral ? session : '' };
}

const plainOwner = (type: number): number => (type === OpCode.createContainer ? CONTAINER_OWNER : NO_OWNER);

/** Parts execute in order; where one is an error none did. */
function readMulti(from: JuteReader, header: TransactionHeader): Apply | null {
  const count = from.count(PART_BYTES);
  const parts: Apply[] = [];
  let hasFailed = false;
  const part = createJuteReader();
  for (let i = 0; i < count && !from.failed; i++) {
    const type = from.int();
    const body = from.buffer();
    if (from.failed || body === null) return null;
    hasFailed ||= type === OpCode.error;
    // What did not execute may be of any type, as the failed parts of old servers are.
    if (hasFailed) continue;
    part.reset(body);
    const apply = readOperation(part, { ...header, type });
    if (apply === null || !part.done()) return null;
    parts.push(apply);
  }
  return hasFailed ? NOTHING : (image) => parts.forEach((apply) => void apply(image));
}
