/** A soak as one picture: answers per second, the memory of the largest domain, and what happened when. */

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

/** By a word of what happened. */
const KINDS = { killed: 'a domain is killed', attacks: 'a domain attacks', power: 'power fails' };

export function drawSoak({ answers, samples, pieces }: Soak): string {
  const seconds = Math.ceil(Math.max(0, ...pieces.map(({ toMs }) => toMs)) / SECOND_MS);
  const counts = new Array<number>(seconds).fill(0);
  for (const at of answers) {
    const second = Math.floor(at / SECOND_MS);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  const kinds = Object.entries(KINDS).map(([word, name]) => ({
    name,
    points: pieces
      .filter(({ what }) => what.includes(word))
      .map(({ fromMs }): [number, number] => [fromMs / SECOND_MS, 0]),
    isLoose: true,
  }));
  return drawCurves({
    title: 'Clients of honest domains while others are killed or attack',
    x: { name: 'seconds' },
    y: { name: 'answers a second, MiB' },
    series: [
      { name: 'answers a second', points: counts.map((count, second) => [second, count]) },
      {
        name: 'memory of the largest domain, MiB',
        points: samples.map(({ atMs, residentBytes }) => [atMs / SECOND_MS, residentBytes / 1_048_576]),
        isDashed: true,
      },
      ...kinds,
    ],
  });
}
