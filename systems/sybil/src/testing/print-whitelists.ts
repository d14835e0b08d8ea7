/**
 * Prints what whitelists let in, by graph, attack model and number of seeds:
 *
 *     node systems/sybil/dist/testing/print-whitelists.js FOLDER [DRAWS] [FIRST-WORDS-OF-A-GRAPH ...]
 *
 * FOLDER holds the real graphs under their usual names. A line is kept when every draw has at least 500 honest accounts, a precision of
 * at least 0.9 and fewer than 0.5 Sybils per attack edge.
 */

import { join } from 'node:path';
import { largestComponent } from '@concordat/graph';
import { loadGraph } from '@concordat/runtime/graphs';
import { ATTACK_KINDS } from '../attack/attack-edges.ts';
import { type WhitelistDraw, whitelistDraw } from './whitelist-figures.ts';

const [folder = '', drawsText = '10', ...chosen] = process.argv.slice(2);
const draws = Number(drawsText);

const CASES: readonly [file: string, edgeCounts: readonly number[]][] = [
  ['ego-facebook.txt.gz', [100, 1000, 5000, 20_000]],
  ['soc-epinions1.txt.gz', [1000, 20_000]],
  ['deezer-hu.csv.gz', [11_885]],
];

const isKept = ({ honest, precision, sybilsPerAttackEdge }: WhitelistDraw): boolean =>
  honest >= 500 && precision >= 0.9 && sybilsPerAttackEdge < 0.5;

/** Median and the worse end. */
function spread(
  rows: readonly WhitelistDraw[],
  field: keyof WhitelistDraw,
  worst: 'least' | 'most',
  digits: number,
): string {
  const values = rows.map((row) => row[field]).sort((a, b) => a - b);
  const middle = values[values.length >> 1] ?? 0;
  const end = (worst === 'least' ? values[0] : values.at(-1)) ?? 0;
  return `${middle.toFixed(digits)} (${worst} ${end.toFixed(digits)})`;
}

for (const [file, edgeCounts] of CASES) {
  if (chosen.length > 0 && !chosen.some((word) => file.startsWith(word))) continue;
  const honest = largestComponent((await loadGraph(join(folder, file))).graph).graph;
  for (const seedCount of [1, 20])
    for (const kind of ATTACK_KINDS)
      for (const edgeCount of edgeCounts) {
        const rows = Array.from({ length: draws }, (_, draw) =>
          whitelistDraw(honest, kind, edgeCount, seedCount, draw + 1),
        );
        console.log(
          [
            `${file} ${kind} ${edgeCount}, seeds ${seedCount}`.padEnd(58),
            `kept ${rows.filter(isKept).length}/${draws}`,
            `honest ${spread(rows, 'honest', 'least', 0)}`,
            `precision ${spread(rows, 'precision', 'least', 3)}`,
            `Sybils per edge ${spread(rows, 'sybilsPerAttackEdge', 'most', 4)}`,
            `conductance ${spread(rows, 'conductance', 'most', 3)}`,
            `volume per unit ${spread(rows, 'sybilVolumePerUnit', 'most', 3)} bound ${spread(rows, 'boundPerUnit', 'least', 1)}`,
            `escape over bound ${spread(rows, 'escapeOverBound', 'most', 2)}`,
          ].join('  '),
        );
      }
}
