/**
 * Metrics under the names of ZooKeeper's PrometheusMetricsProvider, which dashboards for ZooKeeper query, and of the
 * process under those of Prometheus' own clients. Kinds are as there; packets are gauges, because `srst` resets them.
 */

import { type Figures, quantileOf, type Summary } from '@concordat/keeper';
import type { Histogram, Measured } from '@concordat/runtime';
import { fileDescriptors } from './machine.ts';

type Kind = Measured['kind'];

const single = (name: string, kind: Kind, value: number): Measured => ({ name, kind, samples: [{ value }] });

const summary = (
  name: string,
  { sum, count }: { readonly sum: number; readonly count: number },
  quantiles: readonly number[],
  quantile: (part: number) => number,
): Measured => ({
  name,
  kind: 'summary',
  samples: [
    ...quantiles.map((part) => ({
      labels: { quantile: `${part}` },
      value: count === 0 ? Number.NaN : quantile(part),
    })),
    { suffix: '_count', value: count },
    { suffix: '_sum', value: sum },
  ],
});

const latency = ([name, of]: [string, Summary]): Measured =>
  summary(name, of, [0.5, 0.9, 0.99], (part) => quantileOf(of, part));

/** What a gateway tells, what the port with TLS counts, and `fsynctime` in milliseconds from the seconds of the journal. */
export function zookeeperMetrics(
  { gauges, counters, summaries }: Figures,
  syncSeconds: Histogram,
  failedHandshakes: number,
): Measured[] {
  const numbers = Object.entries(gauges).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return [
    ...numbers.map(([name, value]) => single(name, 'gauge', value)),
    ...Object.entries(counters).map(([name, value]) => single(name, 'counter', value)),
    single('unsuccessful_handshake', 'counter', failedHandshakes),
    ...Object.entries(summaries).map(latency),
    summary(
      'fsynctime',
      { sum: syncSeconds.sum * 1000, count: syncSeconds.count },
      [0.5],
      (part) => Math.round(syncSeconds.quantile(part) * 1_000_000) / 1000,
    ),
  ];
}

export function processMetrics(): Measured[] {
  const { user, system } = process.cpuUsage();
  const files = fileDescriptors();
  return [
    single('process_cpu_seconds_total', 'counter', (user + system) / 1e6),
    single('process_resident_memory_bytes', 'gauge', process.memoryUsage.rss()),
    single('process_start_time_seconds', 'gauge', Math.round(Date.now() / 1000 - process.uptime())),
    ...(files === null
      ? []
      : [single('process_open_fds', 'gauge', files.open), single('process_max_fds', 'gauge', files.max)]),
  ];
}
