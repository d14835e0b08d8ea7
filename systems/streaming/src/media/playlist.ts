/**
 * The media playlist of a live stream (RFC 8216; EXT-X-GAP: draft-pantos-hls-rfc8216bis, section 4.4.4.7): a sliding window over the
 * segments. The number of a segment is its media sequence number, so that all peers show the same.
 *
 * A segment that cannot be had stays listed, as a gap: players that know EXT-X-GAP do not ask for it, others get 404 and go on to
 * the next, and numbers and times stay right for both. The segment behind a gap is marked as a discontinuity, because
 * continuity counters and reference frames do not go on there.
 */

import { TICKS_PER_SECOND } from './ticks.ts';

export interface PlaylistEntry {
  readonly number: number;
  readonly durationTicks: number;
  /** Null for a gap. */
  readonly programDateTimeMs: number | null;
  readonly isDiscontinuous: boolean;
}

export interface Playlist {
  /** Segments listed. */
  readonly windowSize: number;
  readonly entries: PlaylistEntry[];
  /** Discontinuities that have left the window. */
  discontinuitySequence: number;
  isEnded: boolean;
}

export const createPlaylist = (windowSize: number): Playlist => ({
  windowSize,
  entries: [],
  discontinuitySequence: 0,
  isEnded: false,
});

/** Appends an entry and lets the oldest go. Numbers count on; if one does not, what is there is from another time and goes. */
export function appendEntry(playlist: Playlist, entry: PlaylistEntry): void {
  const { entries } = playlist;
  const last = entries.at(-1);
  const isLost = last !== undefined && entry.number !== last.number + 1;
  const isBehindGap = entry.programDateTimeMs !== null && last?.programDateTimeMs === null;
  entries.push(isBehindGap || isLost ? { ...entry, isDiscontinuous: true } : entry);
  const leaving = isLost ? entries.length - 1 : Math.max(0, entries.length - playlist.windowSize);
  for (const { isDiscontinuous } of entries.splice(0, leaving))
    if (isDiscontinuous) playlist.discontinuitySequence++;
}

export const isGap = ({ programDateTimeMs }: PlaylistEntry): boolean => programDateTimeMs === null;

export const segmentName = (number: number): string => `${number}.ts`;

/** The text; `dateOf` writes a time as ISO 8601 in UTC. */
export function renderPlaylist(playlist: Playlist, targetS: number, dateOf: (ms: number) => string): string {
  const { entries, discontinuitySequence } = playlist;
  const lines = [
    '#EXTM3U',
    // 8 is the first version with gaps, 3 the first with decimal durations: no more than what is needed.
    `#EXT-X-VERSION:${entries.some(isGap) ? 8 : 3}`,
    `#EXT-X-TARGETDURATION:${targetS}`,
    `#EXT-X-MEDIA-SEQUENCE:${entries[0]?.number ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`,
  ];
  for (const entry of entries) {
    if (entry.isDiscontinuous) lines.push('#EXT-X-DISCONTINUITY');
    if (entry.programDateTimeMs === null) lines.push('#EXT-X-GAP');
    else lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateOf(entry.programDateTimeMs)}`);
    lines.push(`#EXTINF:${(entry.durationTicks / TICKS_PER_SECOND).toFixed(6)},`, segmentName(entry.number));
  }
  if (playlist.isEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
