/**
 * A ranking as a table. Suspects come lowest score first, a whitelist highest first; equal scores in the order of the graph's file.
 * Accounts that no seed reaches score whatever the method gives to strangers, which says nothing about them: they come last, without
 * a place and a score.
 */

import { connectedComponents, degreeOf, descendingOrder, type Graph } from '@concordat/graph';
import type { Purpose } from '@concordat/sybil';
import { csvOf, type Value } from './csv.ts';
import { type NamedGraph, reachableFrom } from './named-graph.ts';

export interface RankedAccounts {
  readonly named: NamedGraph;
  readonly purpose: Purpose;
  readonly scores: Float64Array;
  readonly isSeed: Uint8Array;
  /** Judged accounts in their order. */
  readonly order: Uint32Array;
  /** Those that no seed reaches, in the graph's order. */
  readonly unreached: Uint32Array;
  readonly componentCount: number;
}

export function rankAccounts(
  named: NamedGraph,
  seeds: readonly number[],
  scores: Float64Array,
  purpose: Purpose,
): RankedAccounts {
  const { graph } = named;
  const reached = reachableFrom(graph, seeds);
  // Stable in both directions: the lowest first is the highest of the negated.
  const keys = purpose === 'suspects' ? scores.map((score) => -score) : scores;
  const isSeed = new Uint8Array(graph.nodeCount);
  for (const seed of seeds) isSeed[seed] = 1;
  return {
    named,
    purpose,
    scores,
    isSeed,
    order: descendingOrder(keys).filter((node) => reached[node] === 1),
    unreached: Uint32Array.from(reached.keys()).filter((node) => reached[node] === 0),
    componentCount: connectedComponents(graph).count,
  };
}

/** What a user has to know before believing the list, or null: how many accounts it says nothing about. */
export function unreachedRemark({ unreached, componentCount, order }: RankedAccounts): string | null {
  if (unreached.length === 0) return null;
  const all = unreached.length + order.length;
  return (
    `the graph has ${componentCount} components; ${unreached.length} of ${all} accounts are in those without a seed and cannot be ` +
    'judged (listed last, without a place). A seed in each component that matters helps.'
  );
}

export const RANK_COLUMNS = ['place', 'account', 'score', 'degree', 'seed'] as const;

const valuesOf = (ranked: RankedAccounts, node: number, place: number | null): Value[] => [
  place,
  ranked.named.nameOf(node),
  place === null ? null : (ranked.scores[node] as number),
  degreeOf(ranked.named.graph, node),
  ranked.isSeed[node] === 1,
];

/** The first `limit` judged accounts, and after a whole list those that cannot be judged. */
export function* rankedRows(ranked: RankedAccounts, limit: number): Iterable<Value[]> {
  for (const [at, node] of ranked.order.subarray(0, limit).entries()) yield valuesOf(ranked, node, at + 1);
  if (limit < ranked.order.length) return;
  for (const node of ranked.unreached) yield valuesOf(ranked, node, null);
}

export const rankedCsv = (ranked: RankedAccounts, limit: number): Iterable<string> =>
  csvOf(RANK_COLUMNS, rankedRows(ranked, limit));

/** Rows as the members of a JSON array, one a line. */
export function* jsonArray(rows: Iterable<unknown>): Iterable<string> {
  let before = '[\n';
  for (const row of rows) {
    yield `${before}${JSON.stringify(row)}`;
    before = ',\n';
  }
  yield before === '[\n' ? '[]' : '\n]';
}

export function sizesOf(graph: Graph): { readonly accounts: number; readonly edges: number } {
  const arcs = graph.targets.length;
  return { accounts: graph.nodeCount, edges: graph.isDirected ? arcs : arcs / 2 };
}

/** One JSON document: what was asked, and the rows as records. */
export function* rankedJson(
  ranked: RankedAccounts,
  limit: number,
  about: Readonly<Record<string, unknown>>,
): Iterable<string> {
  const head = JSON.stringify({
    version: 1,
    ...about,
    graph: { ...sizesOf(ranked.named.graph), components: ranked.componentCount },
    judged: ranked.order.length,
    unjudged: ranked.unreached.length,
  });
  yield `${head.slice(0, -1)},"accounts":`;
  yield* jsonArray(recordsOf(ranked, limit));
  yield '}\n';
}

function* recordsOf(ranked: RankedAccounts, limit: number): Iterable<Record<string, Value>> {
  for (const values of rankedRows(ranked, limit))
    yield Object.fromEntries(RANK_COLUMNS.map((column, at) => [column, values[at] ?? null]));
}
