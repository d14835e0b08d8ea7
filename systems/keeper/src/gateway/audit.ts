/**
 * Who changed what: a record for each write of this domain's clients whose outcome is known, and for each node that ended with
 * one of its sessions. Fields, names and order are those of ZooKeeper's audit log (3.8.0, recorded), so that what reads that
 * reads this.
 */

import type { KeeperEvent } from '../events.ts';
import { CreateMode, ErrorCode, OpCode, Perms } from '../jute/protocol.ts';
import { createJuteReader, type JuteReader } from '../jute/reader.ts';
import { readWriteRequest, type WriteRequest } from '../jute/requests.ts';
import type { RequestOrder, Result } from '../orders.ts';
import { domainOfSession, sessionHex } from '../sessions/session-id.ts';
import type { Acl, Identity } from '../tree/acl.ts';

/** A line, without what comes before it: `name=value`, separated by tabs. */
export type AuditLine = string;

/** Of a Stat in a response. */
const STAT_BYTES = 68;

const NODE_TYPES: readonly (readonly [mode: number, name: string])[] = [
  [CreateMode.persistent, 'persistent'],
  [CreateMode.ephemeral, 'ephemeral'],
  [CreateMode.persistentSequential, 'persistent_sequential'],
  [CreateMode.ephemeralSequential, 'ephemeral_sequential'],
  [CreateMode.container, 'container'],
  [CreateMode.persistentTtl, 'persistent_with_ttl'],
  [CreateMode.persistentSequentialTtl, 'persistent_sequential_with_ttl'],
];

const LETTERS = [
  [Perms.create, 'c'],
  [Perms.delete, 'd'],
  [Perms.read, 'r'],
  [Perms.write, 'w'],
  [Perms.admin, 'a'],
] as const;

interface Entry {
  readonly operation: string;
  readonly path?: string;
  readonly type?: string;
  readonly acl?: readonly Acl[] | null;
}

/** Names come from clients, and a line must stay a line. */
const inLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const aclWords = (acl: readonly Acl[]): string =>
  acl
    .map(({ scheme, id, perms }) => {
      const letters = LETTERS.filter(([bit]) => (perms & bit) !== 0).map(([, letter]) => letter);
      return `${scheme}:${id}:${letters.join('')}`;
    })
    .join(',');

const typeOf = (mode: number): string => NODE_TYPES.find(([known]) => known === mode)?.[1] ?? `${mode}`;

/** Names of users by what they proved, an address last: every client has one. */
function usersOf(identities: readonly Identity[]): string {
  const proven = identities.filter(({ scheme }) => scheme !== 'ip' && scheme !== 'domain');
  const addresses = identities.filter(({ scheme }) => scheme === 'ip');
  const userOf = ({ scheme, id }: Identity): string =>
    scheme === 'digest' ? (id.split(':', 1)[0] ?? '') : id || scheme;
  return [...proven, ...addresses].map(userOf).join(',');
}

const entryOf = (request: WriteRequest): Entry | null => {
  switch (request.kind) {
    case 'create':
      return { operation: 'create', path: request.path, type: typeOf(request.mode) };
    case 'delete':
      return { operation: 'delete', path: request.path };
    case 'set-data':
      return { operation: 'setData', path: request.path };
    case 'set-acl':
      return { operation: 'setAcl', path: request.path, acl: request.acl };
    case 'multi':
      return { operation: 'multiOperation' };
    // It changes nothing.
    case 'check':
      return null;
  }
};

const reader = createJuteReader();

/** The name that a sequential node got, or the one that was asked for. */
const createdPath = (from: JuteReader, asked: string): string => from.string() ?? asked;

/** The entries of a multi that was carried out, with the names that its results tell. */
function partsOf(operations: readonly WriteRequest[], results: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  reader.reset(results);
  for (const operation of operations) {
    const op = reader.int();
    reader.bool();
    reader.int();
    const entry = entryOf(operation);
    const isCreated = operation.kind === 'create';
    const path = isCreated ? createdPath(reader, operation.path) : entry?.path;
    const hasStat = op === OpCode.setData || (isCreated && op !== OpCode.create);
    if (hasStat) for (let i = 0; i < STAT_BYTES; i += 4) reader.int();
    if (entry !== null) entries.push(path === undefined ? entry : { ...entry, path });
  }
  return entries;
}

const isRefused = (results: Uint8Array): boolean => {
  reader.reset(results);
  return reader.int() === OpCode.error;
};

function entriesOf(
  op: number,
  payload: Uint8Array,
  { err, payload: answer }: Result,
): { ok: boolean; entries: Entry[] } {
  if (op === OpCode.reconfig) return { ok: err === ErrorCode.ok, entries: [{ operation: 'reconfig' }] };
  reader.reset(payload);
  const request = readWriteRequest(reader, op);
  if (request === null) return { ok: false, entries: [] };
  if (request.kind === 'multi') {
    const ok = err === ErrorCode.ok && !isRefused(answer);
    return { ok, entries: ok ? partsOf(request.operations, answer) : [{ operation: 'multiOperation' }] };
  }
  const ok = err === ErrorCode.ok;
  const entry = entryOf(request);
  if (entry === null) return { ok, entries: [] };
  if (!ok || request.kind !== 'create') return { ok, entries: [entry] };
  reader.reset(answer);
  return { ok, entries: [{ ...entry, path: createdPath(reader, request.path) }] };
}

/** The lines of a client's write; none for what changes nothing, such as sync. */
export function auditOfRequest(
  { session, op, payload }: RequestOrder,
  identities: readonly Identity[],
  result: Result,
): AuditLine[] {
  const { ok, entries } = entriesOf(op, payload, result);
  const address = identities.find(({ scheme }) => scheme === 'ip')?.id ?? '';
  return entries.map(({ operation, path, type, acl }) =>
    [
      `session=${sessionHex(session)}`,
      `user=${inLine(usersOf(identities))}`,
      `ip=${inLine(address)}`,
      `operation=${operation}`,
      ...(path === undefined ? [] : [`znode=${inLine(path)}`]),
      ...(type === undefined ? [] : [`znode_type=${type}`]),
      ...(acl === undefined || acl === null ? [] : [`acl=${inLine(aclWords(acl))}`]),
      `result=${ok ? 'success' : 'failure'}`,
    ].join('\t'),
  );
}

/** Nodes that go with a session are told of before it: by the same transaction. */
export interface EndingNodes {
  zxid: number;
  paths: string[];
}

/**
 * The lines of the nodes that ended with one of the domain's sessions. Must hear of all events, in order.
 * @param user whom the server itself runs as
 */
export function auditOfEvent(
  ending: EndingNodes,
  event: KeeperEvent,
  { domain, user }: { readonly domain: number; readonly user: string },
): AuditLine[] {
  if (event.zxid !== ending.zxid) Object.assign(ending, { zxid: event.zxid, paths: [] });
  if (event.type === 'deleted') ending.paths.push(event.path);
  if (event.type !== 'session-closed' || domainOfSession(event.session) !== domain) return [];
  return ending.paths.map((path) =>
    [
      `session=${sessionHex(event.session)}`,
      `user=${inLine(user)}`,
      'operation=ephemeralZNodeDeletionOnSessionCloseOrExpire',
      `znode=${inLine(path)}`,
      'result=success',
    ].join('\t'),
  );
}
