/** What a gateway can tell of itself, under the names that ZooKeeper's `mntr` and its monitors use. */

import { countOverSoftLimit } from '../tree/quotas.ts';
import type { GatewayState } from './state.ts';

export function latencies(state: GatewayState) {
  const { latencyMin, latencyMax, latencySum, latencyCount } = state.statistics;
  const average = latencyCount === 0 ? 0 : latencySum / latencyCount;
  return { min: Math.round(latencyMin), max: Math.round(latencyMax), average: average.toFixed(1) };
}

/** Requests that wait or are under way. */
export function outstanding(state: GatewayState): number {
  let count = 0;
  for (const connection of state.connections.values())
    count += connection.queue.length - connection.head + connection.ordered;
  return count;
}

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

/** By metric name; the version is text, everything else counts or measures milliseconds and bytes. */
export function measure(state: GatewayState): Record<string, number | string> {
  const { tree, sessions } = state.config.service.keeper;
  const { min, average, max } = latencies(state);
  return {
    zk_ephemerals_count: ephemeralCount(state),
    zk_num_alive_connections: state.connections.size,
    zk_avg_latency: average,
    zk_outstanding_requests: outstanding(state),
    zk_znode_count: tree.nodes.size,
    zk_global_sessions: sessions.table.size,
    zk_packets_sent: state.statistics.sent,
    zk_packets_received: state.statistics.received,
    zk_watch_count: watchCount(state),
    zk_min_latency: min,
    zk_max_latency: max,
    zk_approximate_data_size: tree.dataBytes,
    zk_local_sessions: 0,
    zk_quota_count: tree.quotas.size,
    zk_quota_over_soft_limit_count: countOverSoftLimit(tree),
    zk_quota_exceeded_errors: state.statistics.quotaExceeded,
    ...state.config.info().metrics,
  };
}
