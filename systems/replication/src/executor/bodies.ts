/**
 * Bodies of what order replicas order by reference (UpRight, SOSP 2009: the designated filter node sends them, the others
 * answer FETCH). Nobody is believed: a body is kept under the digest that it has, and goes where a reference names that. What
 * comes unasked is charged to its filter node, so that a liar drops only its own.
 *
 * A body that is needed can be had. What is proven, or accepted by r + 1, was accepted by a correct replica on the rows of
 * `sound` filter nodes; one of these neither lies nor fails, and forgets a body only once a later state can be had.
 */

import type { Env, Millis, NodeId } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import type { Body, BodyDenied } from '../admission/messages.ts';
import { designatedFor, filterId, filterOf } from '../admission/request-quorum/filters.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, type RequestRef, requestDigest } from '../request.ts';
import type { LearnerState } from './state.ts';

/** A body that is missing. */
export interface Wanted {
  readonly ref: RequestRef;
  /** Filter nodes asked so far, and when the last was; before the first, when it was found to be missing. */
  asked: number;
  askedAt: Millis;
}

interface Pushed {
  /** By digest, oldest first. */
  readonly requests: Map<string, Request>;
  bytes: number;
}

export interface Bodies {
  /** What came unasked, by filter node. */
  readonly pushed: readonly Pushed[];
  /** What came because it was missing, by digest. */
  readonly fetched: Map<string, Request>;
  /** What is missing now, by digest. */
  readonly wanted: Map<string, Wanted>;
}

/** Of one filter node; what is dropped can be fetched once it is needed. */
const MAX_PUSHED_BYTES = 32 * 1024 * 1024;

/** Bodies asked for at a time. */
const MAX_WANTED = 64;

/** About what a request occupies beside its body. */
const FIELD_BYTES = 160;

export const createBodies = (filters: number): Bodies => ({
  pushed: Array.from({ length: filters }, () => ({ requests: new Map(), bytes: 0 })),
  fetched: new Map(),
  wanted: new Map(),
});

/** Takes the body that `ref` names out of what is here, or null. */
export function takeBody({ pushed, fetched, wanted }: Bodies, { digest }: RequestRef): Request | null {
  const key = toHex(digest);
  let found = fetched.get(key) ?? null;
  fetched.delete(key);
  for (const share of pushed) {
    const request = share.requests.get(key);
    if (request === undefined) continue;
    found = request;
    dropPushed(share, key, request);
  }
  if (found !== null) wanted.delete(key);
  return found;
}

function dropPushed(share: Pushed, key: string, { body }: Request): void {
  share.requests.delete(key);
  share.bytes -= body.length + FIELD_BYTES;
}

/** A filter node sends a body, asked or not. */
export function onBody(l: LearnerState, env: Env<Message>, from: NodeId, { request }: Body): void {
  const { bodies, config, keys } = l;
  const filter = filterOf(config.quorums, from);
  const share = filter === null ? undefined : bodies.pushed[filter];
  if (!config.isByReference || share === undefined) return;
  const key = toHex(requestDigest(keys, config.cluster, request));
  if (bodies.wanted.delete(key)) bodies.fetched.set(key, request);
  else {
    push(share, key, request);
    // Perhaps it was asked for another: then the next one is.
    askAfter(l, env, from, request);
  }
}

function push(share: Pushed, key: string, request: Request): void {
  if (share.requests.has(key)) return;
  share.requests.set(key, request);
  share.bytes += request.body.length + FIELD_BYTES;
  for (const [oldest, { body }] of share.requests) {
    if (share.bytes <= MAX_PUSHED_BYTES) return;
    share.requests.delete(oldest);
    share.bytes -= body.length + FIELD_BYTES;
  }
}

/** A filter node does not have what it was asked for: the next one is asked at once, until all were. */
export function onBodyDenied(l: LearnerState, env: Env<Message>, from: NodeId, { ref }: BodyDenied): void {
  const wanted = l.bodies.wanted.get(toHex(ref.digest));
  if (wanted !== undefined && equalBytes(wanted.ref.digest, ref.digest)) passOn(l, env, from, wanted);
}

function askAfter(l: LearnerState, env: Env<Message>, from: NodeId, request: Request): void {
  for (const wanted of l.bodies.wanted.values()) {
    const { domain, client, seq } = wanted.ref;
    if (seq === request.seq && client === request.client && domain === request.domain)
      passOn(l, env, from, wanted);
  }
}

/** Asks the next filter node if `from` was the last that was asked, unless that makes a round: then it is time to wait. */
function passOn(l: LearnerState, env: Env<Message>, from: NodeId, wanted: Wanted): void {
  if (wanted.asked === 0 || from !== filterId(nthAsked(l, wanted, wanted.asked - 1))) return;
  if (wanted.asked % l.config.quorums.filters !== 0) ask(l, env, wanted);
}

/** The designated one is asked first, although it should have sent the body unasked. */
const nthAsked = ({ config }: LearnerState, { ref }: Wanted, n: number): number =>
  (designatedFor(config.quorums, ref) + n) % config.quorums.filters;

function ask(l: LearnerState, env: Env<Message>, wanted: Wanted): void {
  const filter = nthAsked(l, wanted, wanted.asked);
  wanted.asked += 1;
  wanted.askedAt = env.now;
  env.note({ kind: 'body-asked', filter, seq: wanted.ref.seq });
  env.send(filterId(filter), { type: 'fetch-body', ref: wanted.ref });
}

/** Asks for what is missing, and forgets what was and is no longer. Called on every tick. */
export function fetchBodies(l: LearnerState, env: Env<Message>, missing: readonly RequestRef[]): void {
  const { wanted, fetched } = l.bodies;
  const needed = new Set(missing.map(({ digest }) => toHex(digest)));
  for (const key of wanted.keys()) if (!needed.has(key)) wanted.delete(key);
  for (const key of fetched.keys()) if (!needed.has(key)) fetched.delete(key);
  for (const ref of missing.slice(0, MAX_WANTED)) {
    const key = toHex(ref.digest);
    if (fetched.has(key)) continue;
    const known = wanted.get(key);
    if (known === undefined) wanted.set(key, { ref, asked: 0, askedAt: env.now });
    else if (env.now - known.askedAt >= patienceMs(l, known)) ask(l, env, known);
  }
}

/** What was sent unasked may still be on its way. */
const patienceMs = ({ config }: LearnerState, { asked }: Wanted): Millis =>
  asked === 0 ? config.retransmitMs / 4 : config.retransmitMs / 2;
