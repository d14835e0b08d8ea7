/**
 * What transactions did to the tree, from one point of the log to a later one: for every node that lasts, what it was after
 * the transaction. Nothing has to be executed again to follow it, so any version of the service can, and it needs no session.
 *
 *   u53 zxid, time of the point before | u53 time of the point it ends at | u32 transactions | transaction*
 *   transaction   u53 time | u32 changes | change*
 *   change        text path | u8 0: it is gone; 1: bytes node; 2: counters, its data and permissions being what they were
 *
 * Every transaction is there, also one that changed nothing, and the zxid of each is one more than that of the one before.
 * Paths of a transaction ascend. Ephemeral nodes and `/zookeeper/config` are left out, as in a first state.
 */

import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { MAX_NODE_BYTES, readNode, staysWhereItMust } from '../migration/state-file.ts';
import { CONFIG_PATH, isValidPath } from '../tree/paths.ts';
import {
  type Counters,
  encodeZnode,
  isEphemeral,
  readCounters,
  writeCounters,
  type Znode,
} from '../tree/znode.ts';

/** After the transaction with this zxid, at this ordered time: whole milliseconds, the same at every member. */
export interface Point {
  readonly zxid: number;
  readonly time: number;
}

export type Change =
  | { readonly path: string; readonly kind: 'gone' }
  | { readonly path: string; readonly kind: 'node'; readonly node: Znode }
  | { readonly path: string; readonly kind: 'counters'; readonly node: Counters };

export interface Transaction extends Point {
  readonly changes: readonly Change[];
}

export interface Stretch {
  readonly from: Point;
  readonly end: Point;
  readonly transactions: readonly Transaction[];
}

const Kind = { gone: 0, node: 1, counters: 2 } as const;
/** A stretch is cut at about this size. */
export const STRETCH_BYTES = 1024 * 1024;
/** Of which the last transaction may be a multi of many nodes, each far larger than what was asked of it. */
export const MAX_STRETCH_BYTES = 32 * STRETCH_BYTES;
const MAX_TRANSACTIONS = 2 ** 20;
const MAX_CHANGES = 2 ** 20;
/** A time, and no changes; a path of one letter, and that it is gone. */
const LEAST_TRANSACTION_BYTES = 12;
const LEAST_CHANGE_BYTES = 6;

const writer = createWriter(64 * 1024);

export function encodeStretch({ from, end, transactions }: Stretch): Uint8Array {
  writer.u53(from.zxid);
  writer.u53(from.time);
  writer.u53(end.time);
  writer.list(transactions, ({ time, changes }) => {
    writer.u53(time);
    writer.list(changes, (change) => writeChange(writer, change));
  });
  return writer.finish();
}

function writeChange(to: Writer, change: Change): void {
  to.text(change.path);
  to.u8(Kind[change.kind]);
  if (change.kind === 'node') to.bytes(encodeZnode(change.node));
  else if (change.kind === 'counters') writeCounters(to, change.node);
}

/** Null for anything but what `encodeStretch` writes. */
export function decodeStretch(bytes: Uint8Array): Stretch | null {
  const reader = createReader(bytes);
  const from = { zxid: reader.u53(), time: reader.u53() };
  const endTime = reader.u53();
  let last = from;
  const transactions = reader.list(MAX_TRANSACTIONS, LEAST_TRANSACTION_BYTES, () => {
    const { zxid, time: before } = last;
    last = { zxid: zxid + 1, time: reader.u53() };
    if (last.time < before || last.zxid > Number.MAX_SAFE_INTEGER) reader.fail();
    return { ...last, changes: readChanges(reader, last.zxid) };
  });
  if (endTime < last.time) reader.fail();
  return reader.finish({ from, end: { zxid: last.zxid, time: endTime }, transactions });
}

function readChanges(reader: Reader, zxid: number): Change[] {
  let last = '';
  return reader.list(MAX_CHANGES, LEAST_CHANGE_BYTES, () => {
    const path = reader.text(MAX_NODE_BYTES);
    if (path <= last || !isValidPath(path) || path === CONFIG_PATH) reader.fail();
    last = path;
    return readChange(reader, path, zxid);
  });
}

function readChange(reader: Reader, path: string, zxid: number): Change {
  const kind = reader.u8();
  if (kind === Kind.counters) {
    const node = readCounters(reader);
    if (!isPossible(path, node, zxid)) reader.fail();
    return { path, kind: 'counters', node };
  }
  if (kind === Kind.node) {
    const node = readNode(createReader(reader.bytes(MAX_NODE_BYTES)));
    if (node !== null && isPossible(path, node, zxid)) return { path, kind: 'node', node };
    reader.fail();
  } else if (kind !== Kind.gone) reader.fail();
  return { path, kind: 'gone' };
}

/** It lasts, and is not newer than what was done to it. */
const isPossible = (path: string, node: Counters, zxid: number): boolean =>
  !isEphemeral(node) && staysWhereItMust(path, node) && Math.max(node.czxid, node.mzxid, node.pzxid) <= zxid;

/** The rest of a stretch after a point of it; null if nothing of it is later. */
export function restAfter({ from, end, transactions }: Stretch, point: Point): Stretch | null {
  if (point.zxid <= from.zxid) return { from, end, transactions };
  if (point.zxid >= end.zxid) return null;
  const known = transactions.filter(({ zxid }) => zxid <= point.zxid);
  return {
    from: { zxid: point.zxid, time: known.at(-1)?.time ?? from.time },
    end,
    transactions: transactions.slice(known.length),
  };
}
