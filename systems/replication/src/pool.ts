/**
 * Requests that a replica knows and has not executed. The pool is what makes starvation visible: a request that stays
 * too long is a reason to suspect the primary. Bounded per client (a window of sequence numbers above the last
 * executed one) and per domain (bytes), so that a flooding domain crowds out only itself (Aardvark, NSDI'09 section 5).
 */

import type { Digest, Millis, NodeId, Submitter } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { ReplicaConfig } from './config.ts';
import { type Bodiless, clientKey, type Request, type RequestRef } from './request.ts';

export interface Pooled {
  readonly request: Request | Bodiless;
  readonly digest: Digest;
  arrivedAt: Millis;
  /** The connection that waits for the reply; null when the submitter is a member and learns it from the log. */
  readonly replyTo: NodeId | null;
  /** The signature was checked here, or is our own: it is safe to propose. */
  isVerified: boolean;
  /** A check is under way, or a proposal has been seen: do not start another. */
  isBusy: boolean;
  /** The present primary was shown it. */
  isShown: boolean;
}

interface PooledClient {
  readonly requests: Map<number, Pooled>;
  /** Sequence numbers up to here are executed. */
  executed: number;
  /** Sequence numbers up to here are in the log of the current view. */
  proposed: number;
}

export interface Pool {
  readonly clients: Map<string, PooledClient>;
  readonly domainBytes: Map<number, number>;
  /** All pooled requests, in order of arrival. */
  readonly arrivals: Set<Pooled>;
}

export const createPool = (): Pool => ({ clients: new Map(), domainBytes: new Map(), arrivals: new Set() });

function clientOf(pool: Pool, id: Submitter): PooledClient {
  const key = clientKey(id);
  let client = pool.clients.get(key);
  if (client === undefined) {
    client = { requests: new Map(), executed: 0, proposed: 0 };
    pool.clients.set(key, client);
  }
  return client;
}

export type Admission = 'admitted' | 'known' | 'executed' | 'too-far-ahead' | 'domain-full';

/**
 * How far ahead of its last executed request a client's requests are admitted: a client that knows of a window's outcomes
 * sends the next window, also to those who have not executed the former.
 */
export const admittedAhead = (config: ReplicaConfig): number => 2 * config.clientWindow;

/** Adds a request; `executed` is the client's last executed sequence number. */
export function admit(pool: Pool, config: ReplicaConfig, pooled: Pooled, executed: number): Admission {
  const { request } = pooled;
  if (request.seq <= executed) return 'executed';
  const client = clientOf(pool, request);
  if (client.requests.has(request.seq)) return 'known';
  if (request.seq > executed + admittedAhead(config)) return 'too-far-ahead';
  const bytes = (pool.domainBytes.get(request.domain) ?? 0) + costOf(request);
  // What a client's other requests wait for may use as much again: otherwise a pool full of these never empties.
  const share = request.seq === executed + 1 ? 2 * config.domainBytes : config.domainBytes;
  if (bytes > share) return 'domain-full';
  pool.domainBytes.set(request.domain, bytes);
  client.executed = Math.max(client.executed, executed);
  client.proposed = Math.max(client.proposed, client.executed);
  client.requests.set(request.seq, pooled);
  pool.arrivals.add(pooled);
  return 'admitted';
}

export function pooledAt(pool: Pool, ref: Submitter & { readonly seq: number }): Pooled | null {
  return pool.clients.get(clientKey(ref))?.requests.get(ref.seq) ?? null;
}

/** The pooled request that `ref` names, if its content is the one meant. */
export function findPooled(pool: Pool, ref: RequestRef): Pooled | null {
  const pooled = pooledAt(pool, ref);
  return pooled !== null && equalBytes(pooled.digest, ref.digest) ? pooled : null;
}

/** Drops one request: its signature was wrong, or it is executed. */
export function dropPooled(pool: Pool, pooled: Pooled): void {
  if (!pool.arrivals.delete(pooled)) return;
  clientOf(pool, pooled.request).requests.delete(pooled.request.seq);
  const bytes = pool.domainBytes.get(pooled.request.domain) ?? 0;
  pool.domainBytes.set(pooled.request.domain, bytes - costOf(pooled.request));
}

/** Notes that the client's requests up to `seq` are executed, and drops them. */
export function noteExecuted(pool: Pool, id: Submitter, seq: number): void {
  const client = clientOf(pool, id);
  // It may have been executed ahead, and counted with a later request of its client already.
  client.executed = Math.max(client.executed, seq);
  client.proposed = Math.max(client.proposed, client.executed);
  for (const [at, pooled] of client.requests) if (at <= seq) dropPooled(pool, pooled);
  // What a client without requests has done is in the ordered state: nothing here needs to remember it.
  if (client.requests.size === 0 && client.proposed === client.executed) pool.clients.delete(clientKey(id));
}

/** Notes that the client's requests from `seq` on are not executed after all. */
export function noteRetracted(pool: Pool, id: Submitter, seq: number): void {
  const client = pool.clients.get(clientKey(id));
  if (client === undefined) return;
  client.executed = Math.min(client.executed, seq - 1);
  client.proposed = Math.min(client.proposed, seq - 1);
}

/**
 * Notes that the current view's log holds this request; `executed` is the client's last executed sequence number. One behind a
 * gap will not be executed, so the log does not hold it: a primary that left out the one before cannot bury both.
 */
export function noteProposed(pool: Pool, ref: RequestRef, executed: number): void {
  const client = clientOf(pool, ref);
  client.executed = Math.max(client.executed, executed);
  client.proposed = Math.max(client.proposed, client.executed);
  if (ref.seq === client.proposed + 1) client.proposed = ref.seq;
}

/** A new view begins with an empty log: what is not executed is open for proposal again. */
export function forgetProposed(pool: Pool): void {
  for (const client of pool.clients.values()) {
    client.proposed = client.executed;
    for (const pooled of client.requests.values()) pooled.isShown = false;
  }
}

/** True if the request is the next of its client in the current view's log. */
export const isDue = (pool: Pool, { request }: Pooled): boolean =>
  pool.clients.get(clientKey(request))?.proposed === request.seq - 1;

/**
 * Takes up to `count` requests of at most `bytes` together, in order of arrival and without gaps in any client's
 * sequence, and notes them as proposed.
 */
export function takeProposable(pool: Pool, count: number, bytes: number): Pooled[] {
  const taken: Pooled[] = [];
  let room = bytes;
  // A later arrival may be what an earlier one waits for, so passes repeat until one adds nothing.
  for (let added = true; added && taken.length < count; ) {
    added = false;
    for (const pooled of pool.arrivals) {
      if (taken.length >= count) break;
      if (!pooled.isVerified || !isDue(pool, pooled)) continue;
      const cost = sizeOf(pooled.request);
      if (cost > room && taken.length > 0) return taken;
      room -= cost;
      taken.push(pooled);
      clientOf(pool, pooled.request).proposed = pooled.request.seq;
      added = true;
    }
  }
  return taken;
}

/** About what the fields of a request occupy beside its body. */
const FIELD_BYTES = 160;

/** Bytes a request occupies here. */
const costOf = ({ body }: Request | Bodiless): number => (body?.length ?? 0) + FIELD_BYTES;

/** Bytes a request occupies where it is executed. */
const sizeOf = (request: Request | Bodiless): number =>
  FIELD_BYTES + (request.body === null ? request.sizeBytes : request.body.length);
