/** What a server says of one node, for tools that read trees. */

import { bodies } from '../client/requests.ts';
import { readStat, type SeenStat } from '../client/responses.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { createJuteReader, type JuteReader } from '../jute/reader.ts';
import { type Acl, readAcl } from '../tree/acl.ts';
import type { LiveClient, LiveReply } from './live-client.ts';

/** A part is null where the server refuses it to this client, as `err` says of the data. */
export interface LiveNode {
  readonly err: number;
  readonly data: Uint8Array | null;
  readonly stat: SeenStat | null;
  readonly acl: readonly Acl[] | null;
  /** Sorted. */
  readonly children: readonly string[] | null;
}

export const NO_NODE: LiveNode = { err: ErrorCode.noNode, data: null, stat: null, acl: null, children: null };

const reader = createJuteReader();

/** Reads an answer; an error of the client's connection if it is malformed. */
function parsed<T>({ err, body }: LiveReply, read: (from: JuteReader) => T): T | null {
  if (err !== ErrorCode.ok) return null;
  reader.reset(body);
  const value = read(reader);
  if (reader.failed) throw new Error('a server sent what is no answer');
  return value;
}

/** Asks for data, permissions and children in one go; rejects with an `Error` if the connection or the server fails. */
export async function readNode(client: LiveClient, path: string): Promise<LiveNode> {
  const [got, permitted, listed] = await Promise.all([
    client.request(OpCode.getData, bodies.watched(path)),
    client.request(OpCode.getACL, bodies.path(path)),
    client.request(OpCode.getChildren2, bodies.watched(path)),
  ]);
  if (got.err === ErrorCode.noNode || listed.err === ErrorCode.noNode) return NO_NODE;
  const node = parsed(got, (from) => ({ data: from.buffer() ?? new Uint8Array(0), stat: readStat(from) }));
  const acl = parsed(permitted, readAcl);
  const children = parsed(listed, (from) => from.strings().sort());
  return { err: got.err, data: node?.data ?? null, stat: node?.stat ?? null, acl, children };
}

export const childPath = (path: string, child: string): string =>
  path === '/' ? `/${child}` : `${path}/${child}`;
