/**
 * The media playlist of a live stream (RFC 8216): a sliding window over the segments that are there. A segment that cannot be had
 * is left out, and the one behind it is a discontinuity: continuity counters and reference frames do not go on there, and players
 * close up the time that is missing.
 *
 * Not EXT-X-GAP (draft-pantos-hls-rfc8216bis, section 4.4.4.7), which would list it: VLC 3 does not know the tag, asks for the
 * segment, and takes its absence for the end of the stream; hls.js knows it and stalls at the hole. Names are numbers that all peers
 * share; media sequence numbers count what this peer has listed.
 */

import { TICKS_PER_SECOND } from './ticks.ts';

export interface PlaylistEntry {
  readonly number: number;
  readonly durationTicks: number;
  readonly programDateTimeMs: number;
  readonly isDiscontinuous: boolean;
}

export interface Playlist {
  /** Segments listed. */
  readonly windowSize: number;
  readonly entries: PlaylistEntry[];
  /** Of the first entry. */
  mediaSequence: number;
  /** Discontinuities that have left the window. */
  discontinuitySequence: number;
  isEnded: boolean;
}

export const createPlaylist = (windowSize: number): Playlist => ({
  windowSize,
  entries: [],
  mediaSequence: 0,
  discontinuitySequence: 0,
  isEnded: false,
});

/** Appends an entry, whose number is above those before it, and lets the oldest go. */
export function appendEntry(playlist: Playlist, entry: PlaylistEntry): void {
  const { entries } = playlist;
  const last = entries.at(-1);
  if (last === undefined) playlist.mediaSequence = entry.number;
  const isBehindGap = last !== undefined && entry.number !== last.number + 1;
  entries.push(isBehindGap ? { ...entry, isDiscontinuous: true } : entry);
  if (entries.length <= playlist.windowSize) return;
  if (entries.shift()?.isDiscontinuous) playlist.discontinuitySequence++;
  playlist.mediaSequence++;
}

export const segmentName = (number: number): string => `${number}.ts`;

/** The text; `dateOf` writes a time as ISO 8601 in UTC. */
export function renderPlaylist(playlist: Playlist, targetS: number, dateOf: (ms: number) => string): string {
  const { entries, mediaSequence, discontinuitySequence } = playlist;
  const lines = [
    '#EXTM3U',
    // The first version with decimal durations.
    '#EXT-X-VERSION:3',
    `#EXT-X-TARGETDURATION:${targetS}`,
    `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`,
  ];
  for (const { number, durationTicks, programDateTimeMs, isDiscontinuous } of entries) {
    if (isDiscontinuous) lines.push('#EXT-X-DISCONTINUITY');
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${dateOf(programDateTimeMs)}`,
      `#EXTINF:${(durationTicks / TICKS_PER_SECOND).toFixed(6)},`,
      segmentName(number),
    );
  }
  if (playlist.isEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
