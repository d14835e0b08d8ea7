/**
 * Bitcoin OTC: who trusts whom, from -10 to 10, and some accounts that are known to be honest or fraudulent. Fraud was told from bad ratings
 * by trusted accounts, so methods that read bad ratings are judged by what they read; those here see positive ratings alone.
 */

import {
  buildGraph,
  createEdgeBuffer,
  edgeListOf,
  type Graph,
  pushEdge,
  undirectedForm,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { areaUnderRoc, drawLabels, HONEST, SYBIL, UNJUDGED, withoutLabelled } from '@concordat/sybil';
import { rowsOf } from '../../harness/real-graphs.ts';
import { scoresBy } from '../../harness/sybil-trial.ts';

interface Ratings {
  /** Positive ratings as arcs, weighted, and as edges. */
  readonly directed: Graph;
  readonly undirected: Graph;
  readonly kinds: Uint8Array;
}

function readRatings(): Ratings | null {
  const [rows, truth] = [rowsOf('bitcoin-otc.csv.gz'), rowsOf('bitcoin-otc-labels.csv.gz')];
  if (rows === null || truth === null) return null;
  const positive = rows.filter(([, , rating = 0]) => rating > 0);
  const numbers = new Map<number, number>();
  const edges = createEdgeBuffer(true);
  for (const [from = 0, to = 0, rating = 0] of positive) {
    for (const name of [from, to]) if (!numbers.has(name)) numbers.set(name, numbers.size);
    pushEdge(edges, numbers.get(from) ?? 0, numbers.get(to) ?? 0, rating);
  }
  const directed = buildGraph({ nodeCount: numbers.size, isDirected: true, ...edgeListOf(edges) }).graph;
  const kinds = new Uint8Array(numbers.size).fill(UNJUDGED);
  for (const [name = 0, label] of truth) {
    const node = numbers.get(name);
    if (node !== undefined) kinds[node] = label === 1 ? HONEST : SYBIL;
  }
  return { directed, undirected: { ...undirectedForm(directed), weights: null }, kinds };
}

const LABELS = { honest: 20, sybils: 20, noise: 0 };

/** Areas by method, draw by draw; null where the ratings are not at hand. Methods that know no Sybil are judged on those that others know, too. */
export function rankRatings(draws: number): ReadonlyMap<string, readonly number[]> | null {
  const ratings = readRatings();
  if (ratings === null) return null;
  const { directed, undirected, kinds } = ratings;
  const areas = new Map<string, number[]>();
  for (let draw = 1; draw <= draws; draw += 1) {
    const labels = drawLabels(kinds, LABELS, createPrng(draw, 'ratings'));
    const seeds = { honest: labels.honest, sybils: [] };
    const one = { honest: labels.honest.slice(0, 1), sybils: [] };
    const trials = [
      ['sybilrank', undirected, seeds],
      ['sybilscar-c', undirected, labels],
      ['acl, 1 seed', undirected, one],
      ['acl', undirected, seeds],
      ['consensus', undirected, seeds],
      ['directed-consensus', directed, seeds],
    ] as const;
    for (const [name, graph, told] of trials) {
      const scores = scoresBy(name.replace(/,.*/, ''), graph, told);
      const judged = withoutLabelled(kinds, { honest: labels.honest, sybils: told.sybils }, UNJUDGED);
      areas.set(name, [...(areas.get(name) ?? []), areaUnderRoc(scores, judged)]);
    }
  }
  return areas;
}
