/** The text of playlists: what RFC 8216 asks for, in this order, line by line. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { appendEntry, createPlaylist, type Playlist, renderPlaylist } from './playlist.ts';

const dateOf = (ms: number): string => `t${ms}`;

const add = (playlist: Playlist, number: number, isDiscontinuous = false): void =>
  appendEntry(playlist, {
    number,
    durationTicks: 180_180,
    programDateTimeMs: number * 1000,
    isDiscontinuous,
  });

const listed = (number: number): string[] => [
  `#EXT-X-PROGRAM-DATE-TIME:t${number}000`,
  '#EXTINF:2.002000,',
  `${number}.ts`,
];

it('a plain live playlist', () => {
  const playlist = createPlaylist(3);
  for (const number of [4, 5, 6, 7]) add(playlist, number);
  assert.equal(
    renderPlaylist(playlist, 2, dateOf),
    [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-MEDIA-SEQUENCE:5',
      '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      ...[5, 6, 7].flatMap(listed),
      '',
    ].join('\n'),
  );
});

it('leaves out what is lost, with a discontinuity behind it, and counts what it has listed', () => {
  const playlist = createPlaylist(4);
  for (const number of [10, 11, 14]) add(playlist, number);
  playlist.isEnded = true;
  assert.deepEqual(renderPlaylist(playlist, 2, dateOf).split('\n').slice(3, -1), [
    '#EXT-X-MEDIA-SEQUENCE:10',
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
    ...listed(10),
    ...listed(11),
    '#EXT-X-DISCONTINUITY',
    ...listed(14),
    '#EXT-X-ENDLIST',
  ]);
  // 11 was the second that was listed, whatever its name; so 16 is the fifth.
  for (const number of [15, 16, 17, 18]) add(playlist, number, number === 16);
  assert.deepEqual(renderPlaylist(playlist, 2, dateOf).split('\n').slice(3, -2), [
    '#EXT-X-MEDIA-SEQUENCE:13',
    '#EXT-X-DISCONTINUITY-SEQUENCE:1',
    ...listed(15),
    '#EXT-X-DISCONTINUITY',
    ...listed(16),
    ...listed(17),
    ...listed(18),
  ]);
});
