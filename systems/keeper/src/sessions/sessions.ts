/**
 * The ordered session table (DESIGN section 9, rules 4 and 5): who owns a session, the keys that may move it, and how
 * long it lives on the lease clock, which stands still during an outage. Deadlines are indexed in buckets; a session
 * expires when its bucket is over, at most one bucket late and never early.
 */

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type Signatures } from '@concordat/crypto';
import { numberKey, type State, type StateMap } from '@concordat/state';
import { createReader, createWriter, equalBytes, utf8 } from '@concordat/wire';
import { domainOfSession, type SessionId } from './session-id.ts';

/** A gateway in one of its lives. */
export interface GatewayLife {
  readonly domain: number;
  readonly gateway: number;
  readonly epoch: number;
}

export interface Session {
  readonly owner: GatewayLife;
  readonly timeoutMs: number;
  readonly key: Uint8Array;
  /**
   * Keys before the moves since the last request, the latest first. The client may hold any of them: it does not know
   * which moves were ordered, nor does a move that was given up arrive in time to be the last.
   */
  readonly formerKeys: readonly Uint8Array[];
}

export interface Sessions {
  readonly table: StateMap<SessionId, Session>;
  /** When a session ends, on the lease clock. */
  readonly deadlines: StateMap<SessionId, number>;
  /** The current epoch of each gateway, by `gatewayKey`. */
  readonly epochs: StateMap<number, number>;
  /** Derived: sessions by the bucket of their deadline. */
  readonly buckets: Map<number, Set<SessionId>>;
  /** Derived: how many sessions were opened through each domain. */
  readonly counts: Map<number, number>;
}

const BUCKET_MS = 500;
/** Of moves in a row without a request in between. */
const MAX_FORMER_KEYS = 8;
const MOVE_DOMAIN = utf8('concordat/keeper/move/1');

const writer = createWriter();

const sessionCodec = {
  ...numberKey,
  encode: (session: Session): Uint8Array => {
    writer.u16(session.owner.domain);
    writer.u16(session.owner.gateway);
    writer.u53(session.owner.epoch);
    writer.u32(session.timeoutMs);
    writer.fixed(session.key);
    writer.list(session.formerKeys, (key) => writer.fixed(key));
    return writer.finish();
  },
  decode: (bytes: Uint8Array): Session | null => {
    const reader = createReader(bytes);
    const owner = { domain: reader.u16(), gateway: reader.u16(), epoch: reader.u53() };
    const timeoutMs = reader.u32();
    const key = reader.fixed(PUBLIC_KEY_BYTES);
    const formerKeys = reader.list(MAX_FORMER_KEYS, PUBLIC_KEY_BYTES, () => reader.fixed(PUBLIC_KEY_BYTES));
    return reader.finish({ owner, timeoutMs, key, formerKeys });
  },
};

const numberCodec = {
  ...numberKey,
  encode: numberKey.encodeKey,
  decode: numberKey.decodeKey,
};

export function createSessions(state: State): Sessions {
  const sessions: Sessions = {
    table: state.map('sessions', sessionCodec),
    deadlines: state.map('deadlines', numberCodec),
    epochs: state.map('epochs', numberCodec),
    buckets: new Map(),
    counts: new Map(),
  };
  sessions.deadlines.observe((session, before, after) => {
    if (before !== undefined) leaveBucket(sessions.buckets, bucketOf(before), session);
    if (after !== undefined) enterBucket(sessions.buckets, bucketOf(after), session);
  });
  sessions.table.observe((session, before, after) => {
    if ((before === undefined) === (after === undefined)) return;
    const domain = domainOfSession(session);
    sessions.counts.set(domain, (sessions.counts.get(domain) ?? 0) + (after === undefined ? -1 : 1));
  });
  return sessions;
}

/** Sessions by when they end at the latest, on the lease clock. */
export function* deadlinesOf({ buckets }: Sessions): Generator<readonly [number, ReadonlySet<SessionId>]> {
  for (const [bucket, sessions] of buckets) yield [(bucket + 1) * BUCKET_MS, sessions];
}

const bucketOf = (deadline: number): number => Math.floor(deadline / BUCKET_MS);

function enterBucket(buckets: Sessions['buckets'], bucket: number, session: SessionId): void {
  const members = buckets.get(bucket);
  if (members === undefined) buckets.set(bucket, new Set([session]));
  else members.add(session);
}

function leaveBucket(buckets: Sessions['buckets'], bucket: number, session: SessionId): void {
  const members = buckets.get(bucket);
  members?.delete(session);
  if (members?.size === 0) buckets.delete(bucket);
}

/** Sessions whose bucket is over at `lease`, in ascending order. */
export function expiredAt(sessions: Sessions, lease: number): SessionId[] {
  const current = bucketOf(lease);
  const expired: SessionId[] = [];
  for (const [bucket, members] of sessions.buckets) if (bucket < current) expired.push(...members);
  return expired.sort((a, b) => a - b);
}

/** Renews the lease of a session from `lease` on. */
export function touchSession(sessions: Sessions, session: SessionId, timeoutMs: number, lease: number): void {
  sessions.deadlines.set(session, lease + timeoutMs);
}

export function removeSession(sessions: Sessions, session: SessionId): void {
  sessions.table.delete(session);
  sessions.deadlines.delete(session);
}

export const gatewayKey = (domain: number, gateway: number): number => domain * 0x1_0000 + gateway;

export const isOwner = (session: Session, life: GatewayLife): boolean =>
  session.owner.epoch === life.epoch &&
  session.owner.domain === life.domain &&
  session.owner.gateway === life.gateway;

/** What a session's key signs to give it to a gateway: the new owner, the timeout asked for and the next public key. */
export function moveStatement(
  session: SessionId,
  to: GatewayLife,
  timeoutMs: number,
  nextKey: Uint8Array,
): Uint8Array {
  writer.bytes(MOVE_DOMAIN);
  writer.u53(session);
  writer.u16(to.domain);
  writer.u16(to.gateway);
  writer.u53(to.epoch);
  writer.u32(timeoutMs);
  writer.fixed(nextKey);
  return writer.finish();
}

/** The key that signed a move, if the client may hold it; otherwise null. */
export function signerOf(
  signatures: Signatures,
  { key, formerKeys }: Session,
  statement: Uint8Array,
  signature: Uint8Array,
): Uint8Array | null {
  if (signature.length !== SIGNATURE_BYTES) return null;
  return [key, ...formerKeys].find((known) => signatures.verifyWith(known, statement, signature)) ?? null;
}

/**
 * The session after a move: nothing tells yet which of its keys the client holds. The one that it showed last goes last of
 * all: a client that tries every endpoint while nothing is ordered shows the same key to each, and all of these moves are
 * ordered before it hears of any.
 */
export const movedSession = (
  session: Session,
  to: GatewayLife,
  timeoutMs: number,
  key: Uint8Array,
  signer: Uint8Array,
): Session => ({
  owner: to,
  timeoutMs,
  key,
  formerKeys: [
    signer,
    ...[session.key, ...session.formerKeys].filter((known) => !equalBytes(known, signer)),
  ].slice(0, MAX_FORMER_KEYS),
});
