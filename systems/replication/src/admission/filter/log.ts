/**
 * A filter node's log: one record for each request that it vouches for, written before the row leaves. What has been
 * executed is released; what stands in the way of that for long is written again at the end, so that a client whose
 * requests are never ordered cannot keep the log from shrinking.
 *
 *   u8 64 | domain u16 | client, seq, acked u53 | u32 length, body
 *   u8 65 | epoch u53 | the same: from epoch 1 on
 */

import type { Digest, Env, Millis, Position, Recovered } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { type Request, refOf, requestDigest } from '../../request.ts';
import { readContent, writeContent } from '../codec.ts';
import {
  clientOf,
  costOf,
  enterFilterEpoch,
  epochIn,
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

/** Puts a request on disk, in the place of what was kept under its number. */
export function keep(s: FilterState, env: Env<Message>, request: Request, digest: Digest): Held {
  const logged = { epoch: epochIn(s.options), request };
  const position = env.append(encodeLogged(logged));
  s.end = position + 1;
  return hold(s, logged, digest, position, env.now);
}

function hold(s: FilterState, logged: Logged, digest: Digest, position: Position, now: Millis): Held {
  const { retransmitMs } = s.options;
  const { request } = logged;
  const held: Held = { ...logged, ref: refOf(request, digest), position, sentAt: now, waitMs: retransmitMs };
  const client = clientOf(s, request);
  const former = client.held.get(request.seq);
  if (former !== undefined) drop(s, former);
  client.held.set(request.seq, held);
  s.log.add(held);
  s.domainBytes[request.domain] = (s.domainBytes[request.domain] ?? 0) + costOf(request);
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
    held.sentAt = Number.NEGATIVE_INFINITY;
    held.waitMs = options.retransmitMs;
  }
}

/** Forgets a request: it is executed, or another takes its place. */
export function drop(s: FilterState, held: Held): void {
  const { request } = held;
  clientOf(s, request).held.delete(request.seq);
  s.log.delete(held);
  s.domainBytes[request.domain] = (s.domainBytes[request.domain] ?? 0) - costOf(request);
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
 * What the log tells after a restart: of each number the last request counts. Which ones are executed it does not tell;
 * but no client had more than its window on disk beyond those, so its highest numbers are all that can be needed.
 */
export function recoverLog(s: FilterState, { records, first }: Recovered, now: Millis): void {
  for (const [i, bytes] of records.entries()) {
    const logged = decodeLogged(bytes);
    if (logged === null || !isKept(s.options, logged.request.domain, logged.epoch)) continue;
    const { request } = logged;
    hold(s, logged, requestDigest(s.options, s.options.cluster, request), first + i, now);
    const { held } = clientOf(s, request);
    const lowest = held.size > s.options.clientWindow ? held.get(Math.min(...held.keys())) : undefined;
    if (lowest !== undefined) drop(s, lowest);
  }
  s.released = first;
  s.end = first + records.length;
}
