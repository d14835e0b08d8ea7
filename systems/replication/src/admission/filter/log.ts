/**
 * A filter node's log: one record for each request that it vouches for, written before the row leaves. What has been
 * executed is released; what stands in the way of that for long is written again at the end, so that a client whose
 * requests are never ordered cannot keep the log from shrinking.
 *
 *   u8 64 | domain u16 | client, seq, acked u53 | u32 length, body
 */

import type { Digest, Env, Millis, Position, Recovered } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { type Request, refOf, requestDigest } from '../../request.ts';
import { readContent, writeContent } from '../codec.ts';
import { clientOf, costOf, type FilterState, type Held } from './state.ts';

/** No record of a replica begins so: both may share a journal. */
const REQUEST = 64;

const writer = createWriter(4096);

/** Changes with the next call. */
export function encodeLogged(request: Request): Uint8Array {
  writer.u8(REQUEST);
  writeContent(writer, request);
  return writer.view();
}

export function decodeLogged(bytes: Uint8Array): Request | null {
  const reader = createReader(bytes);
  if (reader.u8() !== REQUEST) return null;
  return reader.finish(readContent(reader));
}

/** Puts a request on disk, in the place of what was kept under its number. */
export function keep(s: FilterState, env: Env<Message>, request: Request, digest: Digest): Held {
  const position = env.append(encodeLogged(request));
  s.end = position + 1;
  return hold(s, request, digest, position, env.now);
}

function hold(s: FilterState, request: Request, digest: Digest, position: Position, now: Millis): Held {
  const { retransmitMs } = s.options;
  const held: Held = { request, ref: refOf(request, digest), position, sentAt: now, waitMs: retransmitMs };
  const client = clientOf(s, request);
  const former = client.held.get(request.seq);
  if (former !== undefined) drop(s, former);
  client.held.set(request.seq, held);
  s.log.add(held);
  s.domainBytes[request.domain] = (s.domainBytes[request.domain] ?? 0) + costOf(request);
  return held;
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
    oldest.position = env.append(encodeLogged(oldest.request));
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
    const request = decodeLogged(bytes);
    if (request === null || !s.options.members.includes(request.domain)) continue;
    hold(s, request, requestDigest(s.options, s.options.cluster, request), first + i, now);
    const { held } = clientOf(s, request);
    const lowest = held.size > s.options.clientWindow ? held.get(Math.min(...held.keys())) : undefined;
    if (lowest !== undefined) drop(s, lowest);
  }
  s.released = first;
  s.end = first + records.length;
}
