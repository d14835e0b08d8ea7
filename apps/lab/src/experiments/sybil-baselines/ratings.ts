/**
 * Bitcoin OTC: who trusts whom, from -10 to 10, and some accounts that are known to be honest or fraudulent. Fraud was told from bad ratings
 * by trusted accounts, so methods that read bad ratings are judged by what they read; those here see positive ratings alone.
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  buildGraph,
  createEdgeBuffer,
  edgeListOf,
  type Graph,
  pushEdge,
  undirectedForm,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { dataSetAtHand, loadGraph } from '@concordat/runtime/graphs';
import {
  areaUnderRoc,
  drawLabels,
  HONEST,
  type Labels,
  SYBIL,
  UNJUDGED,
  withoutLabelled,
} from '@concordat/sybil';
import { scoresBy } from '../../harness/sybil-trial.ts';

interface Ratings {
  /** Positive ratings as arcs, weighted, and as edges. */
  readonly directed: Graph;
  readonly undirected: Graph;
  readonly kinds: Uint8Array;
}

/** Names of accounts that are known to be honest, with 1, or fraudulent, with -1. */
function readTruth(path: string): Map<number, number> {
  const bytes = readFileSync(path);
  const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split('\n');
  return new Map(
    lines.map((line) => line.split(',').map(Number)).map(([name = -1, kind = 0]) => [name, kind]),
  );
}

async function readRatings(): Promise<Ratings | null> {
  const [path, truthPath] = [dataSetAtHand('bitcoin-otc'), dataSetAtHand('bitcoin-otc-labels')];
  if (path === null || truthPath === null) return null;
  // Weights are above zero, so ratings are read as another number of each edge.
  const { names, timed } = await loadGraph(path, { isDirected: true, time: 2 });
  if (timed === null) return null;
  const truth = readTruth(truthPath);
  const numbers = new Map<number, number>();
  const edges = createEdgeBuffer(true);
  const numberOf = (node: number): number => {
    const number = numbers.get(node) ?? numbers.size;
    numbers.set(node, number);
    return number;
  };
  for (const [edge, rating] of timed.times.entries())
    if (rating > 0)
      pushEdge(
        edges,
        numberOf(timed.edges.sources[edge] ?? 0),
        numberOf(timed.edges.targets[edge] ?? 0),
        rating,
      );
  const directed = buildGraph({ nodeCount: numbers.size, isDirected: true, ...edgeListOf(edges) }).graph;
  const kinds = new Uint8Array(numbers.size).fill(UNJUDGED);
  for (const [node, number] of numbers) {
    const kind = truth.get(names.ids[node] ?? -1);
    if (kind !== undefined) kinds[number] = kind === 1 ? HONEST : SYBIL;
  }
  return { directed, undirected: { ...undirectedForm(directed), weights: null }, kinds };
}

const LABELS = { honest: 20, sybils: 20, noise: 0 };

/** Methods, with what they see and are told. */
function trialsOf({ directed, undirected }: Ratings, labels: Labels) {
  const seeds = { honest: labels.honest, sybils: [] };
  return [
    ['sybilrank', undirected, seeds],
    ['sybilscar-c', undirected, labels],
    ['acl', undirected, seeds],
    ['consensus', undirected, seeds],
    ['trustrank', directed, seeds],
    ['directed-consensus', directed, seeds],
  ] as const;
}

/** Areas by method, draw by draw; null where the ratings are not at hand. Methods that know no Sybil are judged on those that others know, too. */
export async function rankRatings(
  draws: number,
  oneSeedDraws: number,
): Promise<ReadonlyMap<string, readonly number[]> | null> {
  const ratings = await readRatings();
  if (ratings === null) return null;
  const { undirected, kinds } = ratings;
  const areas = new Map<string, number[]>();
  for (let draw = 1; draw <= oneSeedDraws; draw += 1) {
    const labels = drawLabels(kinds, LABELS, createPrng(draw, 'ratings'));
    const measure = (name: string, method: string, graph: Graph, told: Labels): void => {
      const judged = withoutLabelled(kinds, { honest: labels.honest, sybils: told.sybils }, UNJUDGED);
      const area = areaUnderRoc(scoresBy(method, graph, told), judged);
      areas.set(name, [...(areas.get(name) ?? []), area]);
    };
    measure('acl, 1 seed', 'acl', undirected, { honest: labels.honest.slice(0, 1), sybils: [] });
    if (draw <= draws)
      for (const [method, graph, told] of trialsOf(ratings, labels)) measure(method, method, graph, told);
  }
  return areas;
}
