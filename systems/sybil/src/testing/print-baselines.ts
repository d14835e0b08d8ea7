/**
 * Prints our baselines next to the figures that they are to reproduce:
 *
 *     node systems/sybil/dist/testing/print-baselines.js FOLDER [DRAWS] [FIRST-WORDS-OF-A-GRAPH ...]
 *
 * FOLDER holds the real graphs, as rows of numbers, compressed. An argument `further` adds the other methods.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildGraph, type Graph } from '@concordat/graph';
import { estimate, pairedDifference } from '../evaluate/paired.ts';
import { HONEST, SYBIL } from '../evaluate/roc.ts';
import {
  type Areas,
  FURTHER_CONTENDERS,
  RATING_CONTENDERS,
  type Rating,
  REPLICA_CONTENDERS,
  ratingDraw,
  ratingNetwork,
  replicaDraw,
} from './baselines.ts';

const [folder = '', drawsText = '20', ...chosen] = process.argv.slice(2);
const draws = Number(drawsText);
const isChosen = (name: string): boolean =>
  chosen.every((word) => word === 'further') || chosen.some((word) => name.startsWith(word));

/** Rows of numbers of a compressed text file; lines that are not are comments or headers. */
function numberRows(file: string): number[][] {
  return gunzipSync(readFileSync(join(folder, file)))
    .toString('utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) =>
      line
        .trim()
        .split(/[\s,]+/)
        .map(Number),
    );
}

function graphFrom(rows: readonly (readonly number[])[]): Graph {
  const names = new Map<number, number>();
  for (const row of rows)
    for (const name of row.slice(0, 2)) if (!names.has(name)) names.set(name, names.size);
  return buildGraph({
    nodeCount: names.size,
    isDirected: false,
    sources: Uint32Array.from(rows, ([from = -1]) => names.get(from) ?? 0),
    targets: Uint32Array.from(rows, ([, to = -1]) => names.get(to) ?? 0),
    weights: null,
  }).graph;
}

const graphOfRatings = (ratings: readonly Rating[], nodeCount: number): Graph =>
  buildGraph({
    nodeCount,
    isDirected: true,
    sources: Uint32Array.from(ratings, ({ source }) => source),
    targets: Uint32Array.from(ratings, ({ target }) => target),
    weights: Float64Array.from(ratings, ({ value }) => value),
  }).graph;

/** Mean, deviation of a draw, interval of the mean, and what it is to be. */
function line(name: string, values: readonly number[], wanted: number | undefined): string {
  const { mean, deviation, low, high } = estimate(values);
  const compared =
    wanted === undefined ? '' : `   to be ${wanted.toFixed(3)}   off ${(mean - wanted).toFixed(3)}`;
  return `  ${name.padEnd(30)} ${mean.toFixed(3)} +- ${deviation.toFixed(3)}   95 % [${low.toFixed(3)}, ${high.toFixed(3)}]${compared}`;
}

const drawAll = (draw: (at: number) => Areas): Areas[] =>
  Array.from({ length: draws }, (_, at) => draw(at + 1));

/** The figures to reproduce, in the order of `REPLICA_CONTENDERS`. */
const REPLICA_FIGURES: readonly [file: string, edges: number, figures: readonly (number | undefined)[]][] = [
  ['ego-facebook.txt.gz', 100, [0.999, 1, 0.667, 0.999]],
  ['ego-facebook.txt.gz', 1000, [0.991, 0.999, 0.382, 0.987]],
  ['ego-facebook.txt.gz', 5000, [0.868, 0.98, 0.404, 0.865]],
  ['ego-facebook.txt.gz', 20_000, [0.619, 0.808, 0.371, 0.707]],
  ['soc-epinions1.txt.gz', 1000, [1, 1, 0.96, 0.996]],
  ['soc-epinions1.txt.gz', 20_000, [0.986, 0.993, 0.839, 0.955]],
  ['deezer-hu.csv.gz', 11_885, [0.999, 0.998, undefined, 0.993]],
];
const RATING_FIGURES: Readonly<Record<string, number>> = {
  SybilRank: 0.903,
  'SCAR-C (also told 20 frauds)': 0.885,
  'ACL, 1 seed': 0.899,
  'ACL, 20 seeds': 0.912,
};

for (const [file, edges, figures] of REPLICA_FIGURES) {
  if (!isChosen(file)) continue;
  const graph = graphFrom(numberRows(file));
  const contenders = [...REPLICA_CONTENDERS, ...(chosen.includes('further') ? FURTHER_CONTENDERS : [])];
  const areas = drawAll((draw) => replicaDraw(graph, edges, draw, contenders));
  console.log(`${file}, replica, ${edges} random attack edges, ${draws} draws`);
  for (const [at, { name }] of contenders.entries())
    console.log(
      line(
        name,
        areas.map((area) => area[name] ?? Number.NaN),
        figures[at],
      ),
    );
}

if (isChosen('bitcoin-otc.csv.gz')) {
  const truth = new Map(
    numberRows('bitcoin-otc-labels.csv.gz').map(([name = -1, label]) => [name, label === 1 ? HONEST : SYBIL]),
  );
  const ratings = numberRows('bitcoin-otc.csv.gz').map(
    ([source = -1, target = -1, value = 0]): Rating => ({ source, target, value }),
  );
  const network = ratingNetwork(graphOfRatings, ratings, truth);
  const areas = drawAll((draw) => ratingDraw(network, draw));
  const of = (name: string): number[] => areas.map((area) => area[name] ?? Number.NaN);
  console.log(`bitcoin-otc.csv.gz, 20 honest seeds, ${draws} draws`);
  for (const [information, contenders] of Object.entries(RATING_CONTENDERS)) {
    console.log(` from ${information}`);
    for (const { name } of contenders) {
      const lead = pairedDifference(of(name), of('ACL, 20 seeds'));
      console.log(
        `${line(name, of(name), RATING_FIGURES[name])}   lead over ACL ${lead.mean.toFixed(3)} [${lead.low.toFixed(3)}, ${lead.high.toFixed(3)}]`,
      );
    }
  }
}
