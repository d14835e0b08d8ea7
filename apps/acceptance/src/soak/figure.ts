/** A soak as one picture: answers per second, the memory of the largest domain, and which trouble came when. */

import { drawCurves } from '@concordat/lab';
import type { Sample } from './sampling.ts';
import type { Piece } from './soak.ts';

export interface Soak {
  /** Times of answers, from the beginning, in ms. */
  readonly answers: readonly number[];
  readonly samples: readonly Sample[];
  readonly pieces: readonly Piece[];
}

const SECOND_MS = 1000;

export function drawSoak({ answers, samples, pieces }: Soak): string {
  const seconds = Math.ceil(Math.max(0, ...pieces.map(({ toMs }) => toMs)) / SECOND_MS);
  const counts = new Array<number>(seconds).fill(0);
  for (const at of answers) {
    const second = Math.floor(at / SECOND_MS);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  // A row for each below the curves.
  const rowHeight = Math.max(1, ...counts) / 25;
  const families = [...new Set(pieces.map(({ family }) => family))].map((family, row) => ({
    name: family,
    points: pieces
      .filter((piece) => piece.family === family)
      .map(({ fromMs }): [number, number] => [fromMs / SECOND_MS, -(row + 1) * rowHeight]),
    isLoose: true,
  }));
  return drawCurves({
    title: 'Answers a second, and MiB, while one of four domains is in trouble',
    x: { name: 'seconds' },
    y: { name: '' },
    series: [
      { name: 'answers', points: counts.map((count, second) => [second, count]) },
      {
        name: 'MiB of the largest',
        points: samples.map(({ atMs, residentBytes }) => [atMs / SECOND_MS, residentBytes / 1_048_576]),
        isDashed: true,
      },
      ...families,
    ],
  });
}
