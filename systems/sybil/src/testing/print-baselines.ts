/**
 * Prints our baselines next to the figures that they are to reproduce:
 *
 *     node systems/sybil/dist/testing/print-baselines.js FOLDER [DRAWS] [FIRST-WORDS-OF-A-GRAPH ...]
 *
 * FOLDER holds the real graphs under their usual names. An argument `further` adds the other methods.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadGraph } from '@concordat/runtime/graphs';
import { estimate, pairedDifference } from '../evaluate/paired.ts';
import { HONEST, SYBIL, UNJUDGED } from '../evaluate/roc.ts';
import {
  type Areas,
  FURTHER_CONTENDERS,
  RATING_CONTENDERS,
  REPLICA_CONTENDERS,
  ratingDraw,
  ratingNetwork,
  replicaDraw,
} from './baselines.ts';

const [folder = '', drawsText = '20', ...chosen] = process.argv.slice(2);
const draws = Number(drawsText);
const isChosen = (name: string): boolean =>
  chosen.every((word) => word === 'further') || chosen.some((word) => name.startsWith(word));

/** Lines `node,label` of a compressed file, 1 for honest and -1 for fraudulent. */
function labelledNodes(file: string): [node: number, kind: number][] {
  return gunzipSync(readFileSync(join(folder, file)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [node = -1, label] = line.split(',').map(Number);
      return [node, label === 1 ? HONEST : SYBIL];
    });
}

/** Mean, deviation of a draw, interval of the mean, and what it is to be. */
function line(name: string, values: readonly number[], wanted: number | undefined): string {
  const { mean, deviation, low, high } = estimate(values);
  const compared =
    wanted === undefined
      ? ''
      : `   to be ${(wanted / 1000).toFixed(3)}   off ${(mean - wanted / 1000).toFixed(3)}`;
  return `  ${name.padEnd(30)} ${mean.toFixed(3)} +- ${deviation.toFixed(3)}   95 % [${low.toFixed(3)}, ${high.toFixed(3)}]${compared}`;
}

const drawAll = (draw: (at: number) => Areas): Areas[] =>
  Array.from({ length: draws }, (_, at) => draw(at + 1));

/** The figures to reproduce, in thousandths, in the order of `REPLICA_CONTENDERS`. */
const REPLICA_FIGURES: readonly [file: string, edges: number, figures: readonly (number | undefined)[]][] = [
  ['ego-facebook.txt.gz', 100, [999, 1000, 667, 999, 999]],
  ['ego-facebook.txt.gz', 1000, [991, 999, 382, 987, 987]],
  ['ego-facebook.txt.gz', 5000, [868, 980, 404, 865, 865]],
  ['ego-facebook.txt.gz', 20_000, [619, 808, 371, 707, 707]],
  ['soc-epinions1.txt.gz', 1000, [1000, 1000, 960, 996, 996]],
  ['soc-epinions1.txt.gz', 20_000, [986, 993, 839, 955, 955]],
  ['deezer-hu.csv.gz', 11_885, [999, 998, undefined, 993, 993]],
];
const RATING_FIGURES: Readonly<Record<string, number>> = {
  SybilRank: 903,
  'SCAR-C (also told 20 frauds)': 885,
  'ACL, 1 seed': 899,
  'ACL, 20 seeds': 912,
};

for (const [file, edges, figures] of REPLICA_FIGURES) {
  if (!isChosen(file)) continue;
  const { graph } = await loadGraph(join(folder, file));
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
  // Ratings may be below zero, which weights may not: they are read as another number of each edge.
  const { names, timed } = await loadGraph(join(folder, 'bitcoin-otc.csv.gz'), { isDirected: true, time: 2 });
  assert(timed !== null, 'ratings were read');
  const truth = new Map(labelledNodes('bitcoin-otc-labels.csv.gz'));
  const kinds = new Uint8Array(names.count).map(
    (_, node) => truth.get(names.ids[node] as number) ?? UNJUDGED,
  );
  const network = ratingNetwork(timed.edges, timed.times, kinds);
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
