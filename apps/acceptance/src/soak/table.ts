/** A soak as a table: a line for each trouble, with how often it came and what clients had of the domains meanwhile. */

import type { Sample } from './sampling.ts';
import type { Piece } from './soak.ts';

const HEAD = ['trouble', 'pieces', 'answers', 'longest stall', 'largest domain'];

export function formatTable(pieces: readonly Piece[], samples: readonly Sample[]): string[] {
  const names = [...new Set(pieces.map(({ name }) => name))];
  const rows = names.map((name) => {
    const same = pieces.filter((piece) => piece.name === name);
    const answers = same.reduce((sum, piece) => sum + piece.answers, 0);
    const stallMs = Math.max(...same.map((piece) => piece.stallMs));
    const during = samples.filter(({ atMs }) =>
      same.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs),
    );
    const bytes = Math.max(0, ...during.map(({ residentBytes }) => residentBytes));
    const figures = [`${same.length}`, `${answers}`, `${(stallMs / 1000).toFixed(1)} s`];
    return [name, ...figures, `${(bytes / 1_048_576).toFixed(0)} MiB`];
  });
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [HEAD, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}
