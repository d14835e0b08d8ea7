/**
 * What a gateway can tell of itself, under the names that ZooKeeper's `mntr`, its AdminServer and its Prometheus provider
 * use. A name is here only if it is measured and means what it means in ZooKeeper; those of quotas, and of what
 * waits for clients, are ours.
 */

import type { Millis } from '@concordat/kernel';
import { countOverSoftLimit } from '../tree/quotas.ts';
import type { GatewayState } from './state.ts';
import { averageOf, quantileOf, type Summary } from './statistics.ts';

export function latencies(state: GatewayState) {
  const { latency } = state.statistics;
  const average = averageOf(latency);
  return { min: Math.round(latency.min), max: Math.round(latency.max), average: average.toFixed(1) };
}

/** Requests that wait or are under way. */
export const outstanding = ({ queued, ordered }: GatewayState): number => queued.requests + ordered.requests;

export const pathCount = ({ watches }: GatewayState): number =>
  new Set([
    ...watches.data.keys(),
    ...watches.child.keys(),
    ...watches.persistent.keys(),
    ...watches.recursive.keys(),
  ]).size;

export function watchCount({ watches }: GatewayState): number {
  let count = 0;
  for (const watched of watches.byConnection.values())
    count += watched.data.size + watched.child.size + watched.persistent.size + watched.recursive.size;
  return count;
}

export function ephemeralCount(state: GatewayState): number {
  let count = 0;
  for (const paths of state.config.service.keeper.tree.ephemerals.values()) count += paths.size;
  return count;
}

export interface Figures {
  /** May go back. */
  readonly gauges: Readonly<Record<string, number | string>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly summaries: Readonly<Record<string, Summary>>;
}

/** Texts are for people; everything else counts, or measures milliseconds and bytes. */
export function figuresOf(state: GatewayState, now: Millis): Figures {
  const { tree, sessions } = state.config.service.keeper;
  const { statistics, tally } = state;
  const { latency } = statistics;
  return {
    gauges: {
      ephemerals_count: ephemeralCount(state),
      num_alive_connections: state.connections.size,
      avg_latency: averageOf(latency),
      outstanding_requests: outstanding(state),
      znode_count: tree.nodes.size,
      global_sessions: sessions.table.size,
      last_client_response_size: tally.lastAnswer,
      min_client_response_size: tally.minAnswer,
      max_client_response_size: tally.maxAnswer,
      packets_sent: statistics.sent,
      packets_received: statistics.received,
      watch_count: watchCount(state),
      min_latency: Math.round(latency.min),
      max_latency: Math.round(latency.max),
      approximate_data_size: tree.dataBytes,
      // There are none here, nor in a ZooKeeper that is not configured for them.
      local_sessions: 0,
      auth_failed_count: tally.authRefused,
      uptime: Math.max(0, Math.round(now - state.startedAt)),
      quota_count: tree.quotas.size,
      quota_over_soft_limit_count: countOverSoftLimit(tree),
      held_connections: state.held.size,
      unread_bytes: state.unreadBytes,
      ...state.config.info().figures?.(),
    },
    counters: {
      bytes_received_count: tally.bytesReceived,
      response_bytes: tally.bytesAnswered,
      connection_request_count: tally.handshakes,
      connection_revalidate_count: tally.returns,
      connection_rejected: tally.refused + state.door.refused,
      connection_drop_count: tally.dropped,
      sessionless_connections_expired: tally.silent,
      stale_sessions_expired: tally.expired,
      quota_exceeded_errors: tally.quotaExceeded,
      large_requests_rejected: tally.largeRefused,
      request_throttle_wait_count: tally.throttleWaits,
      throttled_ops: tally.throttled,
      stale_requests: tally.stale,
      stale_requests_dropped: tally.staleDropped,
      connection_hold_count: tally.holds,
      slow_readers_closed: tally.slowReaders,
      large_replies_refused: tally.repliesRefused,
    },
    summaries: { readlatency: tally.reads, updatelatency: tally.updates },
  };
}

/** The quantiles that ZooKeeper's own provider shows. */
const QUANTILES = { p50: 0.5, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

function flatten(name: string, summary: Summary): Record<string, number> {
  const figures: Record<string, number> = {
    [`avg_${name}`]: averageOf(summary),
    [`min_${name}`]: Math.round(summary.min),
    [`max_${name}`]: Math.round(summary.max),
    [`cnt_${name}`]: summary.count,
    [`sum_${name}`]: Math.round(summary.sum),
  };
  for (const [label, part] of Object.entries(QUANTILES))
    figures[`${label}_${name}`] = quantileOf(summary, part);
  return figures;
}

/** Everything by name, as `monitor` answers it and, behind `zk_`, `mntr`. Averages have at most four decimals. */
export function measure(state: GatewayState, now: Millis): Record<string, number | string> {
  const { gauges, counters, summaries } = figuresOf(state, now);
  const all: Record<string, number | string> = { ...gauges, ...counters };
  for (const [name, summary] of Object.entries(summaries)) Object.assign(all, flatten(name, summary));
  for (const [name, value] of Object.entries(all))
    if (isAverage(name) && typeof value === 'number') all[name] = Math.round(value * 10_000) / 10_000;
  return all;
}

/** In ZooKeeper's texts an average shows a decimal, also of zero. */
export const isAverage = (name: string): boolean => name.startsWith('avg_');
