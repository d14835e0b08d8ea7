/**
 * Permutations that only two places at a time find random must admit as truly random ones do: scores and admissions over many draws, by the
 * two-sample test of Kolmogorov and Smirnov. Routes that nobody shuffles show that it can tell.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { preferentialAttachment } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { mountAttack } from '../attack/attack.ts';
import { createRouting, reverseOf } from './route.ts';
import {
  ourRoutes,
  type PlainRoutes,
  shuffledRoutes,
  textbookGuard,
  textbookLimit,
} from './testing/textbook.ts';

const HONEST = 50;
/** Degrees from 3 to about 25, most of them no primes. */
const honest = preferentialAttachment({ nodeCount: HONEST, edgesPerNode: 3 }, createPrng(1, 'honest'));
const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount: 6 } as const;
const { graph } = mountAttack(honest, attack, createPrng(1, 'attack'));
const routing = createRouting(graph);

/** Each node sends on over its next edge, in every instance. */
const unshuffled: PlainRoutes = {
  ...ourRoutes(routing),
  next: (_, arc) => {
    const node = graph.targets[arc] as number;
    const [row, end] = [graph.offsets[node] as number, graph.offsets[node + 1] as number];
    const next = reverseOf(routing, arc) + 1;
    return next === end ? row : next;
  },
};

/** What a draw's scores say: honest and Sybil accounts of at least `quorum`, mean and mean square. */
function summaryOf(scores: Float64Array, quorum: number): number[] {
  const reach = (from: number, to: number) =>
    scores.subarray(from, to).filter((score) => score >= quorum).length;
  const mean = (power: number) => scores.reduce((total, score) => total + score ** power, 0) / scores.length;
  return [reach(0, HONEST), reach(HONEST, 2 * HONEST), mean(1), mean(2)];
}

/** The largest difference of the two distribution functions. */
function distanceOf(one: readonly number[], other: readonly number[]): number {
  const share = (values: readonly number[], limit: number) =>
    values.filter((value) => value <= limit).length / values.length;
  return Math.max(...[...one, ...other].map((limit) => Math.abs(share(one, limit) - share(other, limit))));
}

const DRAWS = 300;
/** Above this once in a thousand comparisons of the same distribution. */
const SAME = 1.95 * Math.sqrt(2 / DRAWS);

function distances(one: readonly number[][], other: readonly number[][]): number[] {
  return [0, 1, 2, 3].map((at) => {
    const valuesOf = (draws: readonly number[][]) => draws.map((draw) => draw[at] as number);
    return distanceOf(valuesOf(one), valuesOf(other));
  });
}

const drawsOf = (draw: (seed: number) => number[]): number[][] =>
  Array.from({ length: DRAWS }, (_, seed) => draw(seed));

const guardDraw = (routes: (seed: number) => PlainRoutes, label: string) => (seed: number) =>
  summaryOf(textbookGuard(routes(seed), 7, createPrng(seed, label).uint32(), 12), 1 / 2);

const limitDraw = (routes: (seed: number) => PlainRoutes, label: string) => (seed: number) => {
  const random = createPrng(seed, label);
  const [own, theirs] = [0, 1].map(() => Array.from({ length: 30 }, () => random.uint32()));
  return summaryOf(textbookLimit(routes(seed), 7, own ?? [], theirs ?? [], 7), 1 / 30);
};

for (const [name, drawOf] of [
  ['SybilGuard', guardDraw],
  ['SybilLimit', limitDraw],
] as const)
  describe(name, () => {
    const random = drawsOf(drawOf((seed) => shuffledRoutes(routing, createPrng(seed, 'shuffles')), 'random'));

    test('scores and admits as with truly random permutations', () => {
      const ours = drawsOf(drawOf(() => ourRoutes(routing), 'ours'));
      for (const distance of distances(ours, random)) assert.ok(distance < SAME, `${distance} ${SAME}`);
    });

    test('does not so with permutations that nobody shuffles', () => {
      const fixed = drawsOf(drawOf(() => unshuffled, 'fixed'));
      assert.ok(Math.max(...distances(fixed, random)) > 3 * SAME);
    });
  });
