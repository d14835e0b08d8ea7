/**
 * Answers to reads, from the tree as it stands. An answer is written after the reply header; an error writes nothing.
 * Like ZooKeeper, `exists` asks for no permission and the others for READ on the node.
 */

import type { Writer } from '@concordat/wire';
import { ErrorCode, OpCode, Perms } from '../jute/protocol.ts';
import type { MultiReadRequest, PathRequest } from '../jute/read-requests.ts';
import { writeMultiEnd, writeMultiHeader } from '../jute/responses.ts';
import { writeAcl, writeBuffer, writeStat, writeString, writeStrings } from '../jute/writer.ts';
import type { SessionId } from '../sessions/session-id.ts';
import { isPermitted, maskAcl, type Principal } from './acl.ts';
import { childrenOf, ephemeralsOf, pathsBelow, statAt, type Tree } from './tree.ts';
import type { Znode } from './znode.ts';

const STAT_BYTES = 80;

/** Who asks. */
export interface Asker {
  readonly session: SessionId;
  readonly principal: Principal;
}

/** Writes the response to a read of one path and returns its ErrorCode. */
export function answerPath(tree: Tree, asker: Asker, request: PathRequest, writer: Writer): number {
  const { op, path } = request;
  if (op === OpCode.getEphemerals) return answerEphemerals(tree, asker, path, writer);
  const node = tree.nodes.get(path);
  if (op === OpCode.exists && path.includes('\0')) return ErrorCode.badArguments;
  if (node === undefined) return ErrorCode.noNode;
  const needed = op === OpCode.getACL ? Perms.read | Perms.admin : Perms.read;
  if (op !== OpCode.exists && !isPermitted(node.acl, needed, asker.principal, path)) return ErrorCode.noAuth;
  writeAnswer(tree, asker, request, node, writer);
  return ErrorCode.ok;
}

function writeAnswer(tree: Tree, asker: Asker, request: PathRequest, node: Znode, writer: Writer): void {
  const { op, path } = request;
  switch (op) {
    case OpCode.getData:
      writeBuffer(writer, node.data);
      break;
    case OpCode.getACL:
      writeAcl(writer, shownAcl(node, asker.principal, path));
      break;
    case OpCode.getChildren:
    case OpCode.getChildren2:
      writeStrings(writer, childrenOf(tree, path));
      break;
    case OpCode.getAllChildrenNumber:
      writer.i32(countBelow(tree, path));
      break;
  }
  if (op !== OpCode.getChildren && op !== OpCode.getAllChildrenNumber)
    writeStat(writer, statAt(tree, path, node));
}

const shownAcl = (node: Znode, principal: Principal, path: string) =>
  isPermitted(node.acl, Perms.admin, principal, path) ? node.acl : maskAcl(node.acl);

/** All nodes below `path`. */
function countBelow(tree: Tree, path: string): number {
  let count = 0;
  for (const _ of pathsBelow(tree, path)) count++;
  return count;
}

/** The asking session's own ephemeral nodes whose paths begin with `prefix`. */
function answerEphemerals(tree: Tree, asker: Asker, prefix: string, writer: Writer): number {
  writeStrings(
    writer,
    ephemeralsOf(tree, asker.session).filter((path) => path.startsWith(prefix)),
  );
  return ErrorCode.ok;
}

/** About what the answer takes, never more than a few times too little: a bound for what is not even begun. */
export function estimateBytes(tree: Tree, { op, path }: PathRequest): number {
  if (op === OpCode.getData) return STAT_BYTES + (tree.nodes.get(path)?.data?.length ?? 0);
  if (op !== OpCode.getChildren && op !== OpCode.getChildren2) return STAT_BYTES;
  let sizeBytes = STAT_BYTES;
  for (const child of childrenOf(tree, path)) sizeBytes += 4 + child.length;
  return sizeBytes;
}

/** Each read with its own result or error; the whole succeeds, unless all of it together exceeds `maxBytes`. */
export function answerMultiRead(
  tree: Tree,
  asker: Asker,
  request: MultiReadRequest,
  writer: Writer,
  maxBytes: number,
): number {
  let left = maxBytes;
  for (const read of request.reads) {
    left -= estimateBytes(tree, read);
    // A request of a megabyte could otherwise ask for the same megabyte fifty thousand times.
    if (left < 0) return ErrorCode.marshallingError;
    const err = judgeRead(tree, asker, read);
    writeMultiHeader(writer, err === ErrorCode.ok ? read.op : OpCode.error, false, err);
    if (err === ErrorCode.ok) answerPath(tree, asker, read, writer);
    else writer.i32(err);
  }
  writeMultiEnd(writer);
  return ErrorCode.ok;
}

/** What `answerPath` would return, for responses that say so before the answer. */
function judgeRead(tree: Tree, asker: Asker, request: PathRequest): number {
  const node = tree.nodes.get(request.path);
  if (node === undefined) return ErrorCode.noNode;
  return isPermitted(node.acl, Perms.read, asker.principal, request.path) ? ErrorCode.ok : ErrorCode.noAuth;
}

/** The identities of the asker, as `whoami` prints them. Digests are shown by user only. */
export function answerWhoAmI(asker: Asker, writer: Writer): void {
  const { domain, identities } = asker.principal;
  writer.i32(identities.length + 1);
  for (const { scheme, id } of identities) {
    writeString(writer, scheme);
    writeString(writer, scheme === 'digest' ? id.replace(/:.*/, '') : id);
  }
  writeString(writer, 'domain');
  writeString(writer, domain);
}
