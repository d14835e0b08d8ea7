/** What Prometheus sees of the streams of one player. */

import type { Measured, Metrics } from '@concordat/runtime';
import { type Channel, playbackOf } from './channel.ts';
import type { PlaybackStatus, StreamStatus } from './status.ts';

interface Measure {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** Null where it is not known. */
  read(status: StreamStatus, playback: PlaybackStatus): number | null;
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
  { name: 'evictions_total', kind: 'counter', read: ({ evictions }) => evictions.length },
];

export function measureStreams(metrics: Metrics, channels: ReadonlyMap<string, Channel>): void {
  metrics.measured(() => {
    const seen = [...channels].map(([stream, channel]) => {
      return { labels: { stream }, status: channel.options.status(), playback: playbackOf(channel) };
    });
    return MEASURES.map(({ name, kind, read }): Measured => {
      const samples = seen.flatMap(({ labels, status, playback }) => {
        const value = read(status, playback);
        return value === null ? [] : [{ labels, value }];
      });
      return { name: `concordat_stream_${name}`, kind, samples };
    });
  });
}
