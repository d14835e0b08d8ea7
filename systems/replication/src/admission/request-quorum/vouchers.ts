/**
 * What filter nodes vouch for, as one replica sees it: the matrix of each request that is not executed yet, and its body
 * once it is here. A request is admitted when the rows of `sound` filter nodes hold in this replica's column: one of
 * them neither lies nor fails. It may be proposed, and the primary suspected for it, when `transferable` have said so on
 * their own links: then the rows are what the filter nodes wrote, and enough of them hold in everyone's column.
 * Invariant kept: every row held has a tag for this replica that holds.
 */

import { type Keys, MAC_BYTES, type MatrixShape } from '@concordat/crypto';
import { assert, type Env, type Millis, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { ordersReferences, type ReplicaConfig } from '../../config.ts';
import { executedOf, replyKey } from '../../execution/core-state.ts';
import { admit, dropPooled, pooledAt } from '../../pool.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { type Bodiless, type Request, type RequestRef, requestDigest } from '../../request.ts';
import type { RequestMark } from '../admission.ts';
import { UNSIGNED } from '../codec.ts';
import type { Inline } from '../messages.ts';
import { keyAt, type PairKeys, pairKey, pairKeys, refStatement } from '../pair-keys.ts';
import { allFilters, filterId, filterShape, identityOf } from './filters.ts';
import type { Inherited } from './inherited.ts';
import { createPushed, type Pushed, settlePushed } from './pushed.ts';
import { createReplyRegistry, type ReplyRegistry } from './replies.ts';

export interface Vouched {
  readonly ref: RequestRef;
  /** By filter node: its tags for all replicas. */
  readonly rows: (Uint8Array | null)[];
  /** Filter nodes whose rows came by their own links. */
  direct: number;
  request: Request | null;
  /** By filter node: what it says that the body occupies. */
  readonly bodyBytes: number[];
  readonly seenAt: Millis;
  /** Filter nodes asked for the body so far, and when the last was. */
  asked: number;
  askedAt: Millis;
  /** Somebody will suspect the primary for it, and the filter nodes have not been told. */
  isUrgent: boolean;
}

export interface Vouching {
  readonly pair: PairKeys;
  readonly shape: MatrixShape;
  /** This replica's. */
  readonly column: number;
  /** What each filter node authenticates its rows for this replica with. */
  readonly columnKeys: Uint8Array;
  /** What this member authenticates its own requests to each filter node with. */
  readonly ownKeys: Uint8Array;
  /** By client and number; more than one only where a client asked for different things under one number. */
  readonly requests: Map<string, Vouched[]>;
  /** What each filter node vouches for, oldest first: it may have so much remembered, and no more. */
  readonly byFilter: Set<Vouched>[];
  /** Bodies that filter nodes sent unasked, of requests that too few vouch for yet. */
  readonly pushed: Pushed[];
  readonly replies: ReplyRegistry;
  /** Admitted in the epoch before, by client and number, and not vouched for by enough filter nodes of this one yet. */
  readonly inherited: Map<string, Inherited>;
  sweptAt: Millis;
}

export interface VouchingOptions {
  readonly config: ReplicaConfig;
  readonly keys: Keys;
  readonly pair?: PairKeys;
}

/** Requests that one filter node may have a replica remember; the oldest go first. */
const MAX_VOUCHED = 16_384;

/** Null where requests are admitted by signature, and at those who are no members: they have no column. */
export function createVouching({ config, keys, pair }: VouchingOptions): Vouching | null {
  if (config.admission !== 'request-quorum' || !config.members.includes(config.self)) return null;
  assert(pair !== undefined, 'whoever checks MACs has keys for them');
  const { quorums, members, cluster, self, epoch } = config;
  const { hash } = keys;
  const shape = filterShape(quorums);
  const identityAt = (filter: number): NodeId => identityOf(members, filter, ordersReferences(config));
  return {
    pair,
    shape,
    column: members.indexOf(self),
    columnKeys: pairKeys(shape.rows, (filter) =>
      pairKey(hash, cluster, pair.secrets, 'filter to replica', identityAt(filter), self, self, epoch),
    ),
    ownKeys: pairKeys(shape.rows, (filter) =>
      pairKey(hash, cluster, pair.secrets, 'client to filter', self, identityAt(filter), self, epoch),
    ),
    requests: new Map(),
    byFilter: Array.from({ length: shape.rows }, () => new Set()),
    pushed: Array.from({ length: shape.rows }, createPushed),
    replies: createReplyRegistry(),
    inherited: new Map(),
    sweptAt: Number.NEGATIVE_INFINITY,
  };
}

export function findVouched(v: Vouching, ref: RequestRef): Vouched | null {
  const known = v.requests.get(replyKey(ref, ref.seq));
  return known?.find(({ ref: { digest } }) => equalBytes(digest, ref.digest)) ?? null;
}

const knownRows = ({ rows }: Vouched): number =>
  rows.reduce((count, row) => count + (row === null ? 0 : 1), 0);

export const isSound = (v: Vouching, vouched: Vouched): boolean => knownRows(vouched) >= v.shape.sufficient;

const bits = (mask: number): number => {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
};

/** True if everyone can be convinced by what this replica holds. */
export const isTransferable = (v: Vouching, { direct }: Vouched): boolean => bits(direct) >= v.shape.complete;

/** True if `tags` is a row whose tag for this replica holds. */
function holds(v: Vouching, ref: RequestRef, filter: number, tags: Uint8Array): boolean {
  if (tags.length !== v.shape.columns * MAC_BYTES) return false;
  const own = v.pair.macs;
  const at = v.column * MAC_BYTES;
  return own.verify(keyAt(v.columnKeys, filter), refStatement(ref), tags.subarray(at, at + MAC_BYTES));
}

/** Takes a filter node's row; false if it is none, as far as this replica can tell. */
export function addRow(
  s: ReplicaState,
  env: Env<Message>,
  v: Vouching,
  ref: RequestRef,
  filter: number,
  tags: Uint8Array,
  isDirect: boolean,
): boolean {
  if (ref.seq <= executedOf(s.execution.core, ref)) return true;
  const known = findVouched(v, ref);
  const row = known?.rows[filter] ?? null;
  const isKnown = row !== null && (!isDirect || equalBytes(row, tags));
  if (!isKnown && !holds(v, ref, filter, tags)) return false;
  const vouched = known ?? remember(v, ref, env.now);
  if (!isKnown) vouched.rows[filter] = tags;
  if (isDirect) vouched.direct |= 1 << filter;
  limit(v, filter, vouched);
  return true;
}

function remember(v: Vouching, ref: RequestRef, now: Millis): Vouched {
  const vouched: Vouched = {
    ref,
    rows: new Array<Uint8Array | null>(v.shape.rows).fill(null),
    direct: 0,
    request: null,
    bodyBytes: new Array<number>(v.shape.rows).fill(0),
    seenAt: now,
    asked: 0,
    askedAt: Number.NEGATIVE_INFINITY,
    isUrgent: false,
  };
  const key = replyKey(ref, ref.seq);
  const others = v.requests.get(key);
  if (others === undefined) v.requests.set(key, [vouched]);
  else others.push(vouched);
  return vouched;
}

/** Charges a row to its filter node, and drops that node's oldest if it has too many. */
function limit(v: Vouching, filter: number, vouched: Vouched): void {
  const own = v.byFilter[filter];
  if (own === undefined) return;
  own.add(vouched);
  if (own.size <= MAX_VOUCHED) return;
  const [oldest] = own;
  if (oldest === undefined) return;
  own.delete(oldest);
  oldest.rows[filter] = null;
  oldest.direct &= ~(1 << filter);
  if (knownRows(oldest) === 0) forget(v, oldest);
}

function forget(v: Vouching, vouched: Vouched): void {
  const key = replyKey(vouched.ref, vouched.ref.seq);
  const rest = (v.requests.get(key) ?? []).filter((other) => other !== vouched);
  if (rest.length === 0) v.requests.delete(key);
  else v.requests.set(key, rest);
  for (const own of v.byFilter) own.delete(vouched);
  settlePushed(v.pushed, vouched);
}

/** Forgets everything about one number of a client. */
export function forgetMark(v: Vouching, mark: RequestMark): void {
  for (const vouched of v.requests.get(replyKey(mark, mark.seq)) ?? []) forget(v, vouched);
}

/** Forgets what was executed meanwhile without being shown here: after a state transfer, for instance. */
export function forgetExecuted(s: ReplicaState, v: Vouching): void {
  for (const known of [...v.requests.values()])
    for (const vouched of known)
      if (vouched.ref.seq <= executedOf(s.execution.core, vouched.ref)) forget(v, vouched);
}

export const requestOf = ({ domain, client, seq }: RequestMark, { acked, body }: Inline): Request => ({
  domain,
  client,
  seq,
  acked,
  body,
  signature: UNSIGNED,
});

/** Takes a body if it is the one that somebody vouches for; false if it is another. */
export function takeBody(s: ReplicaState, vouched: Vouched, request: Request): boolean {
  if (vouched.request !== null) return true;
  if (!equalBytes(requestDigest(s.keys, s.config.cluster, request), vouched.ref.digest)) return false;
  vouched.request = request;
  return true;
}

/** A request whose body stays with the filter nodes. Of what they say of its size r may be false. */
function bodiless(s: ReplicaState, { ref, bodyBytes }: Vouched): Bodiless {
  const { domain, client, seq } = ref;
  const sizeBytes = [...bodyBytes].sort((a, b) => b - a)[s.config.quorums.r] ?? 0;
  return { domain, client, seq, body: null, sizeBytes };
}

/** What of a request is to be ordered, once `sound` filter nodes vouch for it; null while that is not known. */
export function admitted(s: ReplicaState, v: Vouching, vouched: Vouched): Request | Bodiless | null {
  if (!isSound(v, vouched)) return null;
  return vouched.request ?? (ordersReferences(s.config) ? bodiless(s, vouched) : null);
}

/** Admits the request to the pool once enough is known of it, and to proposals once everyone can be convinced. */
export function consider(s: ReplicaState, env: Env<Message>, v: Vouching, vouched: Vouched): void {
  const { ref } = vouched;
  const request = admitted(s, v, vouched);
  if (request === null) return;
  settlePushed(v.pushed, vouched);
  if (vouched.isUrgent) askForAdoption(s, env, vouched);
  const isVerified = isTransferable(v, vouched);
  const pooled = pooledAt(s.pool, ref);
  if (pooled !== null) {
    if (equalBytes(pooled.digest, ref.digest)) {
      if (pooled.request.body === null && request.body === null) pooled.request.sizeBytes = request.sizeBytes;
      pooled.isVerified ||= isVerified;
      return;
    }
    // Its client asked for two things under one number: only one of them can convince everybody.
    if (isVerified && !pooled.isVerified) dropPooled(s.pool, pooled);
  }
  const admission = admit(
    s.pool,
    s.config,
    {
      request,
      digest: ref.digest,
      arrivedAt: env.now,
      replyTo: null,
      isVerified,
      isBusy: false,
      isShown: false,
    },
    executedOf(s.execution.core, ref),
  );
  if (admission === 'too-far-ahead' || admission === 'domain-full')
    env.note({ kind: 'request-refused', domain: ref.domain, why: admission });
}

/** Tells the filter nodes that are not known to vouch for it that enough others do. */
function askForAdoption(s: ReplicaState, env: Env<Message>, vouched: Vouched): void {
  const { request, ref } = vouched;
  const content = request === null ? null : { acked: request.acked, body: request.body };
  vouched.isUrgent = false;
  for (const filter of allFilters(s.config.quorums))
    if ((vouched.direct & (1 << filter)) === 0) env.send(filterId(filter), { type: 'adopt', ref, content });
}
