/** The text of playlists: what RFC 8216 asks for, in this order, line by line. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { appendEntry, createPlaylist, type Playlist, renderPlaylist } from './playlist.ts';

const dateOf = (ms: number): string => `t${ms}`;

const add = (
  playlist: Playlist,
  number: number,
  programDateTimeMs: number | null,
  isDiscontinuous = false,
): void => appendEntry(playlist, { number, durationTicks: 180_180, programDateTimeMs, isDiscontinuous });

it('a plain live playlist', () => {
  const playlist = createPlaylist(3);
  for (const number of [4, 5, 6, 7]) add(playlist, number, number * 1000);
  assert.equal(
    renderPlaylist(playlist, 2, dateOf),
    [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-MEDIA-SEQUENCE:5',
      '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      ...[5, 6, 7].flatMap((n) => [`#EXT-X-PROGRAM-DATE-TIME:t${n}000`, '#EXTINF:2.002000,', `${n}.ts`]),
      '',
    ].join('\n'),
  );
});

it('gaps, the discontinuity behind them, the end; and the count of discontinuities that have left', () => {
  const playlist = createPlaylist(4);
  add(playlist, 0, 0);
  add(playlist, 1, null);
  add(playlist, 2, null);
  add(playlist, 3, 3000);
  playlist.isEnded = true;
  assert.deepEqual(renderPlaylist(playlist, 2, dateOf).split('\n').slice(1, -1), [
    '#EXT-X-VERSION:8',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
    '#EXT-X-PROGRAM-DATE-TIME:t0',
    '#EXTINF:2.002000,',
    '0.ts',
    '#EXT-X-GAP',
    '#EXTINF:2.002000,',
    '1.ts',
    '#EXT-X-GAP',
    '#EXTINF:2.002000,',
    '2.ts',
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:t3000',
    '#EXTINF:2.002000,',
    '3.ts',
    '#EXT-X-ENDLIST',
  ]);
  for (let number = 4; number < 8; number++) add(playlist, number, number, number === 5);
  assert.equal(playlist.discontinuitySequence, 1);
  assert.match(renderPlaylist(playlist, 2, dateOf), /#EXT-X-VERSION:3\n/);
});

it('numbers that do not go on begin the playlist anew', () => {
  const playlist = createPlaylist(4);
  for (const number of [0, 1, 9]) add(playlist, number, number);
  assert.deepEqual(
    playlist.entries.map(({ number, isDiscontinuous }) => [number, isDiscontinuous]),
    [[9, true]],
  );
});
