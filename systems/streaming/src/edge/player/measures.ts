/** What Prometheus sees of the streams of one player. */

import type { Measured, Metrics } from '@concordat/runtime';
import { type Channel, playbackOf } from './channel.ts';
import type { PlaybackStatus, StreamStatus } from './status.ts';

interface Measure {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** Null where it is not known; several by the values of `label`. */
  read(status: StreamStatus, playback: PlaybackStatus): number | null | ReadonlyMap<string, number>;
  readonly label?: string;
}

const MEASURES: readonly Measure[] = [
  { name: 'rounds_total', kind: 'counter', read: (_, { rounds }) => rounds },
  { name: 'rounds_lost_total', kind: 'counter', read: (_, { lostRounds }) => lostRounds },
  { name: 'rounds_malformed_total', kind: 'counter', read: (_, { malformedRounds }) => malformedRounds },
  { name: 'segments_total', kind: 'counter', read: (_, { segments }) => segments },
  { name: 'segment_gaps_total', kind: 'counter', read: (_, { gaps }) => gaps },
  { name: 'segments_held_bytes', kind: 'gauge', read: (_, { heldBytes }) => heldBytes },
  { name: 'readers', kind: 'gauge', read: (_, { readers }) => readers },
  { name: 'slow_readers_cut_total', kind: 'counter', read: (_, { slowReadersCut }) => slowReadersCut },
  { name: 'joined', kind: 'gauge', read: ({ phase }) => (phase === 'joining' ? 0 : 1) },
  { name: 'peers', kind: 'gauge', read: ({ peers }) => peers },
  { name: 'jitter_rounds_total', kind: 'counter', read: ({ jitter }) => jitter.lost },
  { name: 'upload_bytes_total', kind: 'counter', read: ({ upload }) => upload.totalBytes },
  { name: 'upload_cap_bytes_per_second', kind: 'gauge', read: ({ upload }) => upload.capBytesPerSecond },
  { name: 'download_bytes_total', kind: 'counter', read: ({ download }) => download.totalBytes },
  { name: 'source_copies', kind: 'gauge', read: ({ sourceCopies }) => sourceCopies },
  {
    name: 'evictions_total',
    kind: 'counter',
    label: 'rule',
    read: ({ evictions }) => countBy(evictions, ({ rule }) => rule),
  },
  // The latest only are known here, so this one may go down.
  {
    name: 'removals',
    kind: 'gauge',
    label: 'why',
    read: ({ removals }) => countBy(removals, ({ why }) => why),
  },
  { name: 'warnings', kind: 'gauge', read: ({ warnings }) => warnings.length },
];

/** How many there are of each; nothing is known of kinds that have not occurred. */
function countBy<T>(items: readonly T[], kindOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(kindOf(item), (counts.get(kindOf(item)) ?? 0) + 1);
  return counts;
}

export function measureStreams(metrics: Metrics, channels: ReadonlyMap<string, Channel>): void {
  metrics.measured(() => {
    const seen = [...channels].map(([stream, channel]) => {
      return { labels: { stream }, status: channel.options.status(), playback: playbackOf(channel) };
    });
    return MEASURES.map(({ name, kind, read, label = '' }): Measured => {
      const samples = seen.flatMap(({ labels, status, playback }) => {
        const value = read(status, playback);
        if (value === null) return [];
        if (typeof value === 'number') return [{ labels, value }];
        return [...value].map(([each, count]) => ({ labels: { ...labels, [label]: each }, value: count }));
      });
      return { name: `concordat_stream_${name}`, kind, samples };
    });
  });
}
