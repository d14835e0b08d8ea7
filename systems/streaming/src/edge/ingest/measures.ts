/** What Prometheus sees of a stream's way in. */

import type { Measured, Metrics } from '@concordat/runtime';
import type { Ingest } from './ingest.ts';
import type { IngestStatus } from './intake.ts';

const MEASURES: readonly (readonly [
  name: string,
  kind: Measured['kind'],
  read: (status: IngestStatus) => number,
])[] = [
  ['published', 'gauge', ({ publisher }) => (publisher === null ? 0 : 1)],
  ['received_bytes_total', 'counter', ({ receivedBytes }) => receivedBytes],
  ['skipped_bytes_total', 'counter', ({ skippedBytes }) => skippedBytes],
  ['loss_events_total', 'counter', ({ lossEvents }) => lossEvents],
  ['dropped_packets_total', 'counter', ({ droppedPackets }) => droppedPackets],
  ['overloads_total', 'counter', ({ overloads }) => overloads],
  ['refused_publishers_total', 'counter', ({ refused }) => refused],
  ['queued_bytes', 'gauge', ({ queuedBytes }) => queuedBytes],
  ['next_segment', 'gauge', ({ nextSegment }) => nextSegment],
];

/** Adds an ingest to `metrics`, as the stream of that name. Once for each registry: families have one reader. */
export function measureIngest(metrics: Metrics, stream: string, ingest: Ingest): void {
  metrics.measured(() => {
    const status = ingest.status();
    return MEASURES.map(([name, kind, read]) => ({
      name: `concordat_ingest_${name}`,
      kind,
      samples: [{ labels: { stream }, value: read(status) }],
    }));
  });
}
