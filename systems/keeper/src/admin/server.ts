/** Commands about the server and its place among the others. */

import { latencies, measure, outstanding, pathCount, watchCount } from '../gateway/metrics.ts';
import { isReadOnlyNow, modeOf } from '../gateway/read-only.ts';
import type { GatewayState } from '../gateway/state.ts';
import { averageOf } from '../gateway/statistics.ts';
import { versionOf } from '../gateway/words.ts';
import type { AdminContext } from './context.ts';
import type { Json } from './json.ts';

type Fields = Readonly<Record<string, Json>>;

export function configurationOf({ state, facts }: AdminContext): Fields {
  const { service, limits, domain, info } = state.config;
  const { heartbeatMs, minTimeoutMs, maxTimeoutMs } = service.keeper.config;
  return {
    client_port: info().clientPort,
    data_dir: facts.dataDirectory,
    data_log_dir: facts.dataDirectory,
    tick_time: heartbeatMs,
    max_client_cnxns: limits.maxPerAddress,
    min_session_timeout: minTimeoutMs,
    max_session_timeout: maxTimeoutMs,
    server_id: domain,
  };
}

const diskBytes = (state: GatewayState): number => state.config.info().diskBytes?.() ?? 0;

export function dirsOf({ state }: AdminContext): Fields {
  const size = diskBytes(state);
  return { datadir_size: size, logdir_size: size };
}

export function environmentOf({ state, facts }: AdminContext): Fields {
  return { 'zookeeper.version': versionOf(state), ...facts.environment };
}

export const initialConfigurationOf = ({ state }: AdminContext): Fields => ({
  initial_configuration: state.config.service.keeper.config.membership || null,
});

const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

export function leaderOf({ facts: { ensemble } }: AdminContext): Fields {
  if (ensemble === null) return { error: 'server is not initialized' };
  return {
    is_leader: ensemble.leader === ensemble.self,
    leader_id: ensemble.leader,
    leader_ip: hostOf(ensemble.addresses.get(ensemble.leader) ?? ''),
  };
}

export function monitorOf({ state, now }: AdminContext): Fields {
  const { metrics } = state.config.info();
  return { version: versionOf(state), server_state: modeOf(state, now), ...measure(state, now), ...metrics };
}

export function serverStatsOf(context: AdminContext): Fields {
  const { state, now, facts } = context;
  const { statistics, tally } = state;
  const { tree, meta } = state.config.service.keeper;
  const { min, max } = latencies(state);
  const answers = {
    last_buffer_size: tally.lastAnswer,
    min_buffer_size: tally.minAnswer,
    max_buffer_size: tally.maxAnswer,
  };
  const size = diskBytes(state);
  return {
    version: versionOf(state),
    read_only: isReadOnlyNow(state, now),
    server_stats: {
      packets_sent: statistics.sent,
      packets_received: statistics.received,
      fsync_threshold_exceed_count: facts.slowSyncs,
      client_response_stats: answers,
      server_state: modeOf(state, now),
      outstanding_requests: outstanding(state),
      min_latency: min,
      avg_latency: Math.round(averageOf(statistics.latency) * 10_000) / 10_000,
      max_latency: max,
      data_dir_size: size,
      log_dir_size: size,
      last_processed_zxid: meta.get().zxid,
      num_alive_client_connections: state.connections.size,
      uptime: Math.max(0, Math.round(now - state.startedAt)),
      auth_failed_count: tally.authRefused,
    },
    client_response: answers,
    node_count: tree.nodes.size,
  };
}

export function votingViewOf({ facts: { ensemble, clientAddress } }: AdminContext): Fields {
  const members = [...(ensemble?.addresses ?? [])].map(([id, address]) => [
    `${id}`,
    {
      server_addresses: [address],
      // One port for everything: there is none for elections.
      election_addresses: [],
      client_address: id === ensemble?.self ? clientAddress : '',
      learner_type: 'participant',
    },
  ]);
  return { current_config: Object.fromEntries(members) };
}

export const watchSummaryOf = ({ state }: AdminContext): Fields => ({
  num_connections: state.watches.byConnection.size,
  num_paths: pathCount(state),
  num_total_watches: watchCount(state),
});

export function zabStateOf({ state, facts: { ensemble, clientAddress } }: AdminContext): Fields {
  if (ensemble === null) return { voting: false, zabstate: '' };
  const { zxid } = state.config.service.keeper.meta.get();
  const address = ensemble.addresses.get(ensemble.self);
  const own = address === undefined ? [] : [address];
  return {
    myid: ensemble.self,
    is_leader: ensemble.leader === ensemble.self,
    quorum_address: {
      empty: own.length === 0,
      all_addresses: own,
      one: address ?? '',
      all_ports: own.map((text) => Number(text.slice(text.lastIndexOf(':') + 1))),
      all_host_strings: own.map(hostOf),
    },
    client_address: clientAddress,
    voting: ensemble.isVoting,
    last_zxid: `0x${zxid.toString(16)}`,
    zab_epoch: Math.floor(zxid / 0x1_0000_0000),
    zab_counter: zxid % 0x1_0000_0000,
    zabstate: ensemble.phase,
  };
}
