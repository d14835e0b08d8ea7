/**
 * Access control lists as ZooKeeper 3.8 judges them: world, auth, digest, ip, sasl and x509, and Concordat's `domain:NAME`.
 * Identities are asserted by the domain that submits an operation (DESIGN section 9, rule 9): the domain itself is
 * certain, the others are as good as the member's word, and `super` counts only within its domain's own subtree.
 */

import { type Reader, utf8, type Writer } from '@concordat/wire';
import { isDistinguishedName } from '../credentials/distinguished-name.ts';
import { ErrorCode, Perms } from '../jute/protocol.ts';
import type { JuteReader } from '../jute/reader.ts';
import { isWithin } from './paths.ts';

export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

export interface Acl extends Identity {
  readonly perms: number;
}

/** On whose behalf an operation runs: its domain, certain, and what that domain says of the client. */
export interface Principal {
  /** The submitting organisation's name. */
  readonly domain: string;
  readonly identities: readonly Identity[];
}

export const MAX_ACL_ENTRIES = 1024;
/** Identities of one connection: each `addauth` of a new id adds one. */
export const MAX_IDENTITIES = 64;
export const MAX_IDENTITY_BYTES = 4096;
/** A node's list, data and path together fit one entry of the state: the first two arrive in frames of their own. */
const MAX_STORED_ACL_BYTES = 32 * 1024;
/** Below `/domains/NAME`, `super` of the domain NAME may do anything. */
export const DOMAINS_ROOT = '/domains';

export const OPEN_ACL: readonly Acl[] = [{ perms: Perms.all, scheme: 'world', id: 'anyone' }];
/** PERF: what nearly every create asks for is not read string by string. */
const OPEN_ACL_BYTES = new Uint8Array([
  ...[0, 0, 0, 1, 0, 0, 0, Perms.all],
  ...[0, 0, 0, 5, ...utf8('world')],
  ...[0, 0, 0, 6, ...utf8('anyone')],
]);
export const READ_ACL: readonly Acl[] = [{ perms: Perms.read, scheme: 'world', id: 'anyone' }];

/** The four bytes of a dotted IPv4 address as a number, or -1. */
function ipv4Of(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4) return -1;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return -1;
    value = value * 256 + Number(part);
  }
  return value;
}

/** An IPv4 address with an optional prefix length, as [address, bits], or null. */
function prefixOf(expression: string): readonly [number, number] | null {
  const [address = '', bits, ...more] = expression.split('/');
  const value = ipv4Of(address);
  if (value < 0 || more.length > 0) return null;
  if (bits === undefined) return [value, 32];
  return /^\d{1,2}$/.test(bits) && Number(bits) <= 32 ? [value, Number(bits)] : null;
}

function ipMatches(address: string, expression: string): boolean {
  const prefix = prefixOf(expression);
  const value = ipv4Of(address);
  if (prefix === null || value < 0) return false;
  const scale = 2 ** (32 - prefix[1]);
  return Math.floor(value / scale) === Math.floor(prefix[0] / scale);
}

function entryMatches(entry: Acl, principal: Principal): boolean {
  if (entry.scheme === 'world') return entry.id === 'anyone';
  if (entry.scheme === 'domain') return entry.id === principal.domain;
  for (const identity of principal.identities) {
    if (identity.scheme !== entry.scheme) continue;
    if (entry.scheme === 'ip' ? ipMatches(identity.id, entry.id) : identity.id === entry.id) return true;
  }
  return false;
}

/** True if `principal` may do what the bits of `perms` name (any of them) to a node at `path` with this list. */
export function isPermitted(acl: readonly Acl[], perms: number, principal: Principal, path: string): boolean {
  if (acl.length === 0) return true;
  for (const entry of acl) if ((entry.perms & perms) !== 0 && entryMatches(entry, principal)) return true;
  return isSuper(principal) && isWithin(path, `${DOMAINS_ROOT}/${principal.domain}`);
}

const isSuper = (principal: Principal): boolean =>
  principal.identities.some((identity) => identity.scheme === 'super');

/** What ZooKeeper takes for a Kerberos principal, or for the name of a user. */
export const isSaslName = (text: string): boolean =>
  !text.includes('@') || /^[^/@]*(?:\/[^/@]*)?@[^/@]*$/.test(text);

/** Schemes whose identities a client has proven to somebody: what `auth` stands for. */
const PROVEN: ReadonlySet<string> = new Set(['digest', 'sasl', 'x509']);

/** The same at all members, whatever any of them lets its own clients log in with. */
function isWellFormed(entry: Acl): boolean {
  switch (entry.scheme) {
    case 'world':
      return entry.id === 'anyone';
    case 'digest':
      return /^[^:]*:[^:]+$/.test(entry.id);
    case 'ip':
      return prefixOf(entry.id) !== null;
    case 'sasl':
      return isSaslName(entry.id);
    case 'x509':
      return isDistinguishedName(entry.id);
    case 'domain':
      return entry.id.length > 0;
    default:
      return false;
  }
}

const sameEntry = (a: Acl, b: Acl): boolean => a.perms === b.perms && a.scheme === b.scheme && a.id === b.id;

/**
 * The list to be stored for one that a client asked for: duplicates dropped, `auth` replaced by what the
 * client has proven to be. Null where ZooKeeper answers InvalidACL.
 */
export function resolveAcl(asked: readonly Acl[] | null, principal: Principal): readonly Acl[] | null {
  if (asked === OPEN_ACL) return OPEN_ACL;
  if (asked === null || asked.length === 0) return null;
  const resolved: Acl[] = [];
  for (let i = 0; i < asked.length; i++) {
    const entry = asked[i]!;
    if (asked.findIndex((other) => sameEntry(other, entry)) < i) continue;
    if (entry.scheme === 'auth') {
      const own = principal.identities.filter(({ scheme }) => PROVEN.has(scheme));
      if (own.length === 0) return null;
      for (const { scheme, id } of own) resolved.push({ perms: entry.perms, scheme, id });
    } else {
      if (!isWellFormed(entry)) return null;
      resolved.push(entry);
    }
  }
  if (resolved.length === 1 && sameEntry(resolved[0]!, OPEN_ACL[0]!)) return OPEN_ACL;
  return storedBytes(resolved) <= MAX_STORED_ACL_BYTES ? resolved : null;
}

/** An upper bound of what `writeStoredAcl` writes: UTF-8 takes at most three bytes for a UTF-16 unit. */
function storedBytes(acl: readonly Acl[]): number {
  let size = 4;
  for (const entry of acl) size += 12 + 3 * (entry.scheme.length + entry.id.length);
  return size;
}

/** What a client without the admin permission is shown: digests without their hashes. */
export function maskAcl(acl: readonly Acl[]): readonly Acl[] {
  return acl.map((entry) =>
    entry.scheme === 'digest' ? { ...entry, id: entry.id.replace(/:.*/g, ':x') } : entry,
  );
}

/** NoAuth or Ok, for callers that answer with codes. */
export function authorize(acl: readonly Acl[], perms: number, principal: Principal, path: string): number {
  return isPermitted(acl, perms, principal, path) ? ErrorCode.ok : ErrorCode.noAuth;
}

/**
 * A jute vector of ACLs; null for a null vector, and with the reader failed for a null scheme. A null id is an empty
 * one: kazoo writes that of `auth`, which has none, so.
 */
export function readAcl(reader: JuteReader): readonly Acl[] | null {
  if (reader.skips(OPEN_ACL_BYTES)) return OPEN_ACL;
  const size = reader.count(12);
  if (size < 0) return null;
  if (size > MAX_ACL_ENTRIES) reader.fail();
  const acl: Acl[] = [];
  for (let i = 0; i < size && !reader.failed; i++) {
    const perms = reader.int();
    const scheme = reader.string();
    const id = reader.string() ?? '';
    if (scheme === null) reader.fail();
    else acl.push({ perms, scheme, id });
  }
  return acl;
}

/** The state format of a list: `u32 count | (i32 perms | text scheme | text id)*`; the open list is count 0. */
export function writeStoredAcl(writer: Writer, acl: readonly Acl[]): void {
  writer.list(acl === OPEN_ACL ? [] : acl, (entry) => {
    writer.i32(entry.perms);
    writer.text(entry.scheme);
    writer.text(entry.id);
  });
}

export function readStoredAcl(reader: Reader): readonly Acl[] {
  const acl = reader.list(MAX_STORED_ACL_BYTES, 12, () => ({
    perms: reader.i32(),
    scheme: reader.text(MAX_STORED_ACL_BYTES),
    id: reader.text(MAX_STORED_ACL_BYTES),
  }));
  if (acl.length === 0) return OPEN_ACL;
  if (acl.length === 1 && sameEntry(acl[0]!, OPEN_ACL[0]!)) reader.fail();
  return acl;
}
