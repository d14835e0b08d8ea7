/**
 * What outside connections may cost (Aardvark, NSDI 2009, section 4.1). Each has a queue of its own for signature checks,
 * few of which run at a time, in rotation: strangers never stand between members and their checks. A false signature is
 * held against whom the link proves to have sent it: the connection, and the domain only if its own link vouched.
 * Invariant kept: nothing that others send in a domain's name makes the domain less heard.
 */

import type { Digest, Millis, NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Request } from '../request.ts';
import type { Repeats } from './repeats.ts';

interface Offender {
  until: Millis;
  spanMs: Millis;
}

/** A request whose signature is to be checked. */
export interface Unchecked {
  readonly request: Request;
  readonly digest: Digest;
}

interface Guest {
  readonly waiting: Unchecked[];
  waitingBytes: number;
  readonly repeats: Repeats;
}

export interface ClientFilter {
  readonly guests: Map<NodeId, Guest>;
  /** By connection, and by domain. */
  readonly connections: Map<NodeId, Offender>;
  readonly domains: Map<number, Offender>;
  /** Connections with waiting requests, the next one first. */
  rotation: NodeId[];
  /** Bodies that wait, of all connections. */
  waitingBytes: number;
  /** Requests that are being checked, by `nameOf`. */
  readonly running: Set<string>;
}

/** Checks for strangers at a time: 7 ms of one core, by which they may delay a member's. */
const MAX_RUNNING = 64;
/** Requests of one connection that wait for a check. */
const MAX_WAITING = 128;
/** Bodies that wait: of one connection, as much as its socket may hold, and of all. */
const MAX_GUEST_BYTES = 4 * 1024 * 1024;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const FIRST_REFUSAL_MS = 1000;
const LONGEST_REFUSAL_MS = 64_000;

export const createClientFilter = (): ClientFilter => ({
  guests: new Map(),
  connections: new Map(),
  domains: new Map(),
  rotation: [],
  waitingBytes: 0,
  running: new Set(),
});

/** Of content and signature: neither a false signature nor a false body may pass for the genuine request. */
const nameOf = ({ request, digest }: Unchecked): string => toHex(digest) + toHex(request.signature);

function guestAt(f: ClientFilter, from: NodeId): Guest {
  let guest = f.guests.get(from);
  if (guest === undefined) {
    guest = { waiting: [], waitingBytes: 0, repeats: new Map() };
    f.guests.set(from, guest);
  }
  return guest;
}

/** The connection is gone for good. */
export function forgetGuest(f: ClientFilter, from: NodeId): void {
  f.waitingBytes -= f.guests.get(from)?.waitingBytes ?? 0;
  f.guests.delete(from);
  f.connections.delete(from);
  f.rotation = f.rotation.filter((id) => id !== from);
}

/** What this connection has asked for again. */
export const repeatsOf = (f: ClientFilter, from: NodeId): Repeats => guestAt(f, from).repeats;

/** Queues a request for its check; false if it is known, or if too many of this connection wait. */
export function enqueue(f: ClientFilter, from: NodeId, unchecked: Unchecked): boolean {
  const guest = guestAt(f, from);
  const sizeBytes = unchecked.request.body.length;
  if (guest.waiting.length >= MAX_WAITING || guest.waitingBytes + sizeBytes > MAX_GUEST_BYTES) return false;
  if (f.waitingBytes + sizeBytes > MAX_WAITING_BYTES || f.running.has(nameOf(unchecked))) return false;
  if (guest.waiting.length === 0) f.rotation.push(from);
  guest.waiting.push(unchecked);
  weigh(f, guest, sizeBytes);
  return true;
}

function weigh(f: ClientFilter, guest: Guest, byBytes: number): void {
  guest.waitingBytes += byBytes;
  f.waitingBytes += byBytes;
}

/** The next request to be checked, which is running from now on; null if none waits, or enough are running. */
export function takeNext(f: ClientFilter): (Unchecked & { readonly from: NodeId }) | null {
  if (f.running.size >= MAX_RUNNING) return null;
  for (let from = f.rotation.shift(); from !== undefined; from = f.rotation.shift()) {
    const guest = guestAt(f, from);
    const unchecked = guest.waiting.shift();
    if (guest.waiting.length > 0) f.rotation.push(from);
    if (unchecked === undefined) continue;
    weigh(f, guest, -unchecked.request.body.length);
    const name = nameOf(unchecked);
    if (f.running.has(name)) continue;
    f.running.add(name);
    return { from, ...unchecked };
  }
  return null;
}

/** A check is done. */
export const noteChecked = (f: ClientFilter, unchecked: Unchecked): void =>
  void f.running.delete(nameOf(unchecked));

/** Blames whoever sent a false signature; returns for how long it is not heard. */
export function blame<K>(offenders: Map<K, Offender>, who: K, now: Millis): Millis {
  const last = offenders.get(who);
  const spanMs = last === undefined ? FIRST_REFUSAL_MS : Math.min(LONGEST_REFUSAL_MS, 2 * last.spanMs);
  offenders.set(who, { until: now + spanMs, spanMs });
  return spanMs;
}

export const isRefused = <K>(offenders: ReadonlyMap<K, Offender>, who: K, now: Millis): boolean =>
  (offenders.get(who)?.until ?? Number.NEGATIVE_INFINITY) > now;
