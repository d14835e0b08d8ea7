/**
 * One stream on its way to players: rounds in, a window of segments and readers of the endless stream out. Keeps twice the
 * window, as who has an old playlist may still ask for what has left it (RFC 8216, section 6.2.2), and never more than `maxHeldBytes`.
 */

import { type Assembler, assembleRound, createAssembler, type Segment } from '../../media/assembler.ts';
import { appendEntry, createPlaylist, type Playlist, renderPlaylist } from '../../media/playlist.ts';
import type { PlaybackStatus, StreamStatus } from './status.ts';

export interface ChannelOptions {
  readonly id: string;
  readonly status: () => StreamStatus;
  /** Segments in the playlist. */
  readonly windowSize: number;
  /** So many segments before the playlist is shown: players that start with less stall at once. */
  readonly startSegments: number;
  readonly maxSegmentBytes: number;
  readonly maxHeldBytes: number;
}

/** Somebody who takes the endless stream; `end` if it is over, `packets` are not copied. */
export interface EndlessReader {
  packets(bytes: Uint8Array): void;
  end(): void;
}

export interface Channel {
  readonly options: ChannelOptions;
  readonly assembler: Assembler;
  readonly playlist: Playlist;
  readonly segments: Map<number, Segment>;
  /** What came of the segment that is open. */
  openParts: Uint8Array[];
  heldBytes: number;
  readonly readers: Set<EndlessReader>;
  /** Who waits for the playlist. */
  readonly waiting: Set<() => void>;
  counts: { segments: number; gaps: number; rounds: number; lostRounds: number; slowReadersCut: number };
  nextRound: number | null;
}

export const createChannel = (options: ChannelOptions): Channel => ({
  options,
  assembler: createAssembler({ maxSegmentBytes: options.maxSegmentBytes }),
  playlist: createPlaylist(options.windowSize),
  segments: new Map(),
  openParts: [],
  heldBytes: 0,
  readers: new Set(),
  waiting: new Set(),
  counts: { segments: 0, gaps: 0, rounds: 0, lostRounds: 0, slowReadersCut: 0 },
  nextRound: null,
});

/** Rounds come in order; those that are skipped count as lost, those that are late as not there. */
export function takeRound(channel: Channel, number: number, payload: Uint8Array | null): void {
  const { assembler, counts, nextRound } = channel;
  if (channel.playlist.isEnded || (nextRound !== null && number < nextRound)) return;
  const skipped = nextRound === null ? 0 : number - nextRound;
  channel.nextRound = number + 1;
  counts.rounds += skipped + 1;
  counts.lostRounds += skipped + (payload === null ? 1 : 0);
  const sink = {
    segment: (segment: Segment) => onSegment(channel, segment),
    gap: (_first: number, count: number) => {
      counts.gaps += count;
    },
    packets: (bytes: Uint8Array, isFirst: boolean) => {
      if (isFirst) channel.openParts = [];
      channel.openParts.push(bytes);
      for (const reader of channel.readers) reader.packets(bytes);
    },
    ended: () => endChannel(channel),
  };
  if (skipped > 0) assembleRound(assembler, null, sink);
  assembleRound(assembler, payload, sink);
  if (assembler.open === null || assembler.open.isBroken) channel.openParts = [];
  if (isReady(channel)) wake(channel);
}

/** No more rounds come. */
export function endChannel(channel: Channel): void {
  channel.playlist.isEnded = true;
  for (const reader of [...channel.readers]) reader.end();
  channel.readers.clear();
  wake(channel);
}

/** True if a playlist can be shown. */
export const isReady = ({ counts, options, playlist }: Channel): boolean =>
  counts.segments >= options.startSegments || playlist.isEnded;

export const playlistText = ({ playlist, assembler }: Channel): string =>
  renderPlaylist(playlist, assembler.targetS, (ms) => new Date(ms).toISOString());

/** What a new reader of the endless stream is given first: the last whole segment and what is there of the open one. */
export function recentParts(channel: Channel): readonly Uint8Array[] {
  const last = channel.segments.get((channel.assembler.open?.start.number ?? Number.NaN) - 1);
  return [...(last === undefined ? [] : [last.bytes]), ...channel.openParts];
}

export function playbackOf(channel: Channel): PlaybackStatus {
  const { assembler, counts, playlist } = channel;
  return {
    segments: counts.segments,
    gaps: counts.gaps,
    firstSegment: playlist.entries[0]?.number ?? null,
    lastSegment: playlist.entries.at(-1)?.number ?? null,
    targetS: assembler.targetS,
    heldBytes: channel.heldBytes,
    rounds: counts.rounds,
    lostRounds: counts.lostRounds,
    malformedRounds: assembler.malformed,
    readers: channel.readers.size,
    slowReadersCut: counts.slowReadersCut,
    isEnded: playlist.isEnded,
  };
}

function onSegment(channel: Channel, segment: Segment): void {
  const { options, segments, playlist, counts } = channel;
  const { number, durationTicks, programDateTimeMs, isDiscontinuous } = segment;
  counts.segments++;
  channel.openParts = [];
  segments.set(number, segment);
  channel.heldBytes += segment.bytes.length;
  appendEntry(playlist, { number, durationTicks, programDateTimeMs, isDiscontinuous });
  for (const [oldest, { bytes }] of segments) {
    if (segments.size <= 2 * options.windowSize && channel.heldBytes <= options.maxHeldBytes) break;
    segments.delete(oldest);
    channel.heldBytes -= bytes.length;
  }
}

function wake(channel: Channel): void {
  for (const resume of [...channel.waiting]) resume();
  channel.waiting.clear();
}
