/**
 * ZooKeeper's snapshot files, as FileSnap and DataTree of 3.4 to 3.9 write them:
 *
 *   "ZKSN" | int 2 | long dbid
 *   int sessions | (long id | int timeout)*
 *   int lists    | (long id | vector of ACL)*
 *   (string path | buffer data | long list | czxid mzxid ctime mtime: long | version cversion aversion: int
 *     | long owner | long pzxid)*          parents first; the root's path is empty
 *   string "/"
 *   seal: long Adler-32 of all before | string "/"
 *   newer servers: a digest of theirs and the like, each with one more seal
 */

import { createJuteReader, type JuteReader } from '../jute/reader.ts';
import { type Acl, OPEN_ACL, readAcl } from '../tree/acl.ts';
import { isValidPath } from '../tree/paths.ts';
import { adler32 } from './adler32.ts';
import type { Flaw } from './flaw.ts';
import { attach, createImage, cut, type Image, type ImageNode, longHex, ownerOfLong } from './image.ts';

export const SNAPSHOT_MAGIC = 0x5a4b_534e;
export const FORMAT_VERSION = 2;
const SESSION_BYTES = 12;
const LIST_BYTES = 12;
const SEAL_BYTES = 13;
/** What a node's list is named where anybody may do anything. */
const OPEN_LIST = 'ffffffffffffffff';

interface Reading {
  readonly bytes: Uint8Array;
  readonly reader: JuteReader;
  readonly image: Image;
  readonly lists: Map<string, readonly Acl[]>;
}

const offsetIn = ({ bytes, reader }: Reading): number => bytes.length - reader.rest;

/** The tree that a file holds, or the first thing that is wrong with it. The data are views of `bytes`. */
export function readSnapshot(bytes: Uint8Array): Image | Flaw {
  const reader = createJuteReader();
  reader.reset(bytes);
  const reading: Reading = { bytes, reader, image: createImage(), lists: new Map() };
  const isOurs = reader.int() === SNAPSHOT_MAGIC && reader.int() === FORMAT_VERSION;
  reader.long();
  if (!isOurs || reader.failed) return { flaw: 'no snapshot of ZooKeeper begins so', offset: 0 };
  return (
    readSessions(reading) ?? readLists(reading) ?? readNodes(reading) ?? readSeals(reading) ?? reading.image
  );
}

function readSessions(reading: Reading): Flaw | null {
  const { reader, image } = reading;
  const count = reader.count(SESSION_BYTES);
  for (let i = 0; i < count && !reader.failed; i++) {
    image.sessions.add(longHex(reader.long()));
    reader.int();
  }
  return failure(reading, 'sessions that cannot be read');
}

function readLists(reading: Reading): Flaw | null {
  const { reader, lists } = reading;
  const count = reader.count(LIST_BYTES);
  for (let i = 0; i < count && !reader.failed; i++) {
    const id = longHex(reader.long());
    const acl = readAcl(reader);
    // An empty list lets anybody do anything, too.
    lists.set(id, acl === null || acl.length === 0 ? OPEN_ACL : acl);
  }
  return failure(reading, 'access control lists that cannot be read');
}

const failure = (reading: Reading, flaw: string): Flaw | null =>
  reading.reader.failed ? { flaw, offset: offsetIn(reading) } : null;

function readNodes(reading: Reading): Flaw | null {
  const { reader, image } = reading;
  for (;;) {
    const offset = offsetIn(reading);
    const written = reader.string();
    if (reader.failed || written === null) return { flaw: 'a path that cannot be read', offset };
    if (written === '/') return image.nodes.has('/') ? null : { flaw: 'there is no root', offset };
    const path = written === '' ? '/' : written;
    if (!isValidPath(path)) return { flaw: 'a path that no node has', offset };
    if (image.nodes.has(path)) return { flaw: `${path} is there twice`, offset };
    const node = readNode(reading);
    if (node === null) return { flaw: `${path} cannot be read`, offset };
    if (path === '/') {
      image.nodes.set(path, node);
      continue;
    }
    const parent = image.nodes.get(cut(path).parent);
    if (parent === undefined) return { flaw: `${path} comes without its parent`, offset };
    attach(image, path, parent, node);
  }
}

function readNode({ reader, lists }: Reading): ImageNode | null {
  const data = reader.buffer();
  const list = longHex(reader.long());
  const acl = list === OPEN_LIST ? OPEN_ACL : (lists.get(list) ?? null);
  const [czxid, mzxid, ctime, mtime] = [reader.safe(), reader.safe(), reader.safe(), reader.safe()];
  const [version, cversion, aversion] = [reader.int(), reader.int(), reader.int()];
  const owner = ownerOfLong(reader.long());
  const pzxid = reader.safe();
  if (reader.failed || owner === null) return null;
  const counters = { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion };
  return { data, acl, ...counters, ...owner, children: null };
}

/** The first seal, and whatever newer servers put between it and one more at the end. */
function readSeals(reading: Reading): Flaw | null {
  const { bytes, reader } = reading;
  const offset = offsetIn(reading);
  if (!isSealedAt(bytes, offset)) return { flaw: 'the checksum is wrong', offset };
  reader.reset(bytes, offset + SEAL_BYTES);
  if (reader.rest === 0) return null;
  const last = bytes.length - SEAL_BYTES;
  return reader.rest >= SEAL_BYTES && isSealedAt(bytes, last)
    ? null
    : { flaw: 'what follows the checksum has none', offset: offset + SEAL_BYTES };
}

function isSealedAt(bytes: Uint8Array, offset: number): boolean {
  const reader = createJuteReader();
  reader.reset(bytes, offset);
  const sum = reader.safe();
  return reader.string() === '/' && !reader.failed && sum === adler32(bytes, 0, offset);
}
