/**
 * Watches what honest domains expose, as it happens: the logs must agree slot by slot, in order and without gaps, and
 * the times at which sessions expired are kept for those who judge leases.
 */

import { decodeEvent, type Gateway, type SessionId } from '@concordat/keeper';
import {
  type ExposedBatch,
  type ExposedSnapshot,
  isBatch,
  type Millis,
  type NodeId,
  type Process,
} from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { DomainMessage, DomainState } from '../domain/domain.ts';

export type DomainProcess = Process<DomainState, DomainMessage>;

export interface ExposedLog {
  /** What the first honest domain exposed in each slot. */
  readonly slots: Map<number, string>;
  /** True time at which an honest domain first knew that a session had expired. */
  readonly expired: Map<SessionId, Millis>;
  /** The first disagreement, as a sentence; null if there is none. */
  problem: string | null;
}

export const createExposedLog = (): ExposedLog => ({ slots: new Map(), expired: new Map(), problem: null });

/** The domain with another function in the place of its gateway's `exposed`. */
export const withExposed = <S extends { readonly gateway: Gateway }>(
  domain: Process<S, DomainMessage>,
  replace: (inner: Gateway['exposed'], state: S) => Gateway['exposed'],
): Process<S, DomainMessage> => ({
  ...domain,
  start: (env, recovered) => {
    const state = domain.start(env, recovered);
    return { ...state, gateway: { ...state.gateway, exposed: replace(state.gateway.exposed, state) } };
  },
});

/** An honest domain or proxy that is watched. `now` is the true time. */
export const watched = <S extends { readonly gateway: Gateway }>(
  domain: Process<S, DomainMessage>,
  log: ExposedLog,
  id: NodeId,
  now: () => Millis,
) =>
  withExposed(domain, (inner) => {
    let last = 0;
    return (gateway, env, item) => {
      last = judge(log, id, last, item, now());
      inner(gateway, env, item);
    };
  });

const describe = (batch: ExposedBatch): string => {
  const outcomes = batch.outcomes.map((o) => `${o.domain}/${o.client}/${o.seq}=${toHex(o.reply)}`);
  return `${batch.time} ${outcomes} ${batch.events.map(toHex)}`;
};

/** Takes one item at one domain and returns the slot it has reached. */
function judge(
  log: ExposedLog,
  id: NodeId,
  last: number,
  item: ExposedBatch | ExposedSnapshot,
  now: Millis,
): number {
  // After a jump, outcomes of own requests are exposed with the slot that the jump led to.
  if (!isBatch(item) || item.slot === last) return item.slot;
  if (item.slot !== last + 1) log.problem ??= `domain ${id} exposes slot ${item.slot} after ${last}`;
  const text = describe(item);
  const known = log.slots.get(item.slot);
  if (known === undefined) log.slots.set(item.slot, text);
  else if (known !== text)
    log.problem ??= `slot ${item.slot} is "${text}" at domain ${id}, but was "${known}"`;
  for (const bytes of item.events) noteExpiry(log, bytes, now);
  return item.slot;
}

function noteExpiry(log: ExposedLog, bytes: Uint8Array, now: Millis): void {
  const event = decodeEvent(bytes);
  if (event?.type === 'session-closed' && event.expired && !log.expired.has(event.session))
    log.expired.set(event.session, now);
}
