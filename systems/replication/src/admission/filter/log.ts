/**
 * A filter node's log: one record for each request that it vouches for, written before the row leaves. What nobody will ask
 * for any more is released; what stands in the way of that for long is written again at the end, so that a client whose
 * requests are never ordered cannot keep the log from shrinking.
 *
 *   u8 64 | domain u16 | client, seq, acked u53 | u32 length, body
 *   u8 65 | epoch u53 | the same: from epoch 1 on
 */

import type { Digest, Env, Millis, Position, Recovered } from '@concordat/kernel';
import { createReader, createWriter, equalBytes } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { type Request, type RequestRef, refOf, requestDigest } from '../../request.ts';
import { readContent, writeContent } from '../codec.ts';
import {
  clientOf,
  costOf,
  enterFilterEpoch,
  epochIn,
  type FilterClient,
  type FilterOptions,
  type FilterState,
  type Held,
  isKept,
} from './state.ts';

/** No records of a replica begin so: both may share a journal. */
const REQUEST = 64;
const LATER_REQUEST = 65;

export interface Logged {
  /** When its client was believed. */
  readonly epoch: number;
  readonly request: Request;
}

const writer = createWriter(4096);

/** Changes with the next call. */
export function encodeLogged({ epoch, request }: Logged): Uint8Array {
  writer.u8(epoch === 0 ? REQUEST : LATER_REQUEST);
  if (epoch > 0) writer.u53(epoch);
  writeContent(writer, request);
  return writer.view();
}

export function decodeLogged(bytes: Uint8Array): Logged | null {
  const reader = createReader(bytes);
  const kind = reader.u8();
  if (kind !== REQUEST && kind !== LATER_REQUEST) return null;
  const epoch = kind === REQUEST ? 0 : reader.u53();
  if (kind === LATER_REQUEST && epoch === 0) return null;
  return reader.finish({ epoch, request: readContent(reader) });
}

/** Puts a request on disk, to vouch for it in the place of another under its number, if there is one. */
export function keep(s: FilterState, env: Env<Message>, request: Request, digest: Digest): Held {
  const logged = { epoch: epochIn(s.options), request };
  const position = env.append(encodeLogged(logged));
  s.end = position + 1;
  return hold(s, logged, digest, position, env.now);
}

function hold(s: FilterState, logged: Logged, digest: Digest, position: Position, now: Millis): Held {
  const { retransmitMs } = s.options;
  const { request } = logged;
  const ref = refOf(request, digest);
  const held: Held = { ...logged, ref, position, sentAt: now, waitMs: retransmitMs, isRetained: false };
  const client = clientOf(s, request);
  const same = findHeld(client, ref);
  if (same !== null) drop(s, same);
  const former = client.held.get(request.seq);
  if (former !== undefined) retain(s, former, now);
  client.held.set(request.seq, held);
  s.log.add(held);
  charge(s.domainBytes, held, 1);
  return held;
}

/**
 * Another epoch begins: what is held is vouched for again, in rows of this epoch and to its members, so that nothing that
 * was admitted is lost; what clients asked with keys that are no more is not theirs any longer.
 */
export function refresh(s: FilterState, options: FilterOptions): void {
  for (const held of [...s.log]) if (!isKept(options, held.request.domain, held.epoch)) drop(s, held);
  enterFilterEpoch(s, options);
  for (const held of s.log) {
    if (held.isRetained) continue;
    held.sentAt = Number.NEGATIVE_INFINITY;
    held.waitMs = options.retransmitMs;
  }
}

/** The request that `ref` names, if it is on disk. */
export const findHeld = (client: FilterClient, ref: RequestRef): Held | null =>
  [client.held.get(ref.seq) ?? [], client.retained.get(ref.seq) ?? []]
    .flat()
    .find((held) => equalBytes(held.ref.digest, ref.digest)) ?? null;

function charge(bytes: number[], { request }: Held, sign: 1 | -1): void {
  bytes[request.domain] = (bytes[request.domain] ?? 0) + sign * costOf(request);
}

/** Executors are asked, whether it may be forgotten, when it was kept for so long; then twice as long. */
const ASKED_AFTER_MS = 4000;

/** Goes on keeping a request that is ordered, or whose number another has now: somebody may have it ordered yet. */
export function retain(s: FilterState, held: Held, now: Millis): void {
  const { retained, held: vouched } = clientOf(s, held.request);
  const { seq } = held.ref;
  vouched.delete(seq);
  retained.set(seq, [...(retained.get(seq) ?? []), held]);
  charge(s.domainBytes, held, -1);
  charge(s.retainedBytes, held, 1);
  Object.assign(held, { isRetained: true, sentAt: now, waitMs: ASKED_AFTER_MS });
}

/** Forgets a request: nobody will ask for it any more. */
export function drop(s: FilterState, held: Held): void {
  const { seq } = held.ref;
  const client = clientOf(s, held.request);
  if (held.isRetained) {
    const rest = (client.retained.get(seq) ?? []).filter((other) => other !== held);
    if (rest.length === 0) client.retained.delete(seq);
    else client.retained.set(seq, rest);
  } else client.held.delete(seq);
  s.log.delete(held);
  charge(held.isRetained ? s.retainedBytes : s.domainBytes, held, -1);
}

/** Records that the log may have beside those that are needed. */
const SLACK = 1024;

/** Releases what no request needs. Called once per turn. */
export function trim(s: FilterState, env: Env<Message>): void {
  const allowed = 2 * s.log.size + SLACK;
  for (let [oldest] = s.log; oldest !== undefined && s.end - oldest.position > allowed; [oldest] = s.log) {
    oldest.position = env.append(encodeLogged(oldest));
    s.end = oldest.position + 1;
    s.log.delete(oldest);
    s.log.add(oldest);
  }
  const [oldest] = s.log;
  const needed = oldest?.position ?? s.end;
  if (needed <= s.released) return;
  s.released = needed;
  env.release(needed);
}

/**
 * What the log tells after a restart: of each number the last request is vouched for. Which ones are ordered it does not tell;
 * but no client had more than its window on disk beyond those, so only its highest numbers can be missing from the log.
 */
export function recoverLog(s: FilterState, { records, first }: Recovered, now: Millis): void {
  for (const [i, bytes] of records.entries()) {
    const logged = decodeLogged(bytes);
    if (logged === null || !isKept(s.options, logged.request.domain, logged.epoch)) continue;
    const { request } = logged;
    hold(s, logged, requestDigest(s.options, s.options.cluster, request), first + i, now);
    const { held } = clientOf(s, request);
    const lowest = held.size > s.options.clientWindow ? held.get(Math.min(...held.keys())) : undefined;
    if (lowest === undefined) continue;
    if (s.options.executors.length > 0) retain(s, lowest, now);
    else drop(s, lowest);
  }
  s.released = first;
  s.end = first + records.length;
}
