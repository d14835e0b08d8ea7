/**
 * Where nodes stand in a picture: by forces (Fruchterman and Reingold, Software: Practice and Experience 21(11), 1991), where edges
 * draw together, all nodes push each other away, and each side of the cut is drawn to its own half, so that the cut runs down the
 * middle. The same neighbourhood gives the same picture.
 *
 * PERF: every pair in every round: 1,500 nodes take 0.5 s, 4,000 take 3 s.
 */

import { createPrng } from '@concordat/kernel';

export interface Layout {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

const ROUNDS = 120;
/**
 * How strongly a node is drawn to the middle of its half, against the pull of an edge of unit length: more across than along the cut,
 * so that the halves stand upright and near each other.
 */
const [ACROSS, ALONG] = [0.25, 0.05];

/** Edges of the cut draw so much less: all together they would press the halves against the middle. */
const ACROSS_PULL = 0.1;

/** `side[i]` 1: the right half. Coordinates in units of the usual length of an edge. */
export function layOut(edges: readonly (readonly [number, number])[], side: readonly number[]): Layout {
  const count = side.length;
  const random = createPrng(1, 'layout');
  const spread = Math.sqrt(count) + 1;
  const centre = 0.5 * spread;
  const homes = Float64Array.from(side, (value) => (value === 1 ? centre : -centre));
  // Nobody crosses the middle: however many edges the cut has, it runs there.
  const wall = 0.05 * spread;
  const x = homes.map((home) => home + spread * (random.unit() - 0.5));
  const y = new Float64Array(count).map(() => spread * (random.unit() - 0.5));
  const degrees = new Float64Array(count);
  for (const [a, b] of edges) {
    degrees[a]! += 1;
    degrees[b]! += 1;
  }
  const [dx, dy] = [new Float64Array(count), new Float64Array(count)];
  for (let round = 0; round < ROUNDS; round += 1) {
    dx.fill(0);
    dy.fill(0);
    push(x, y, dx, dy);
    pull(edges, homes, degrees, x, y, dx, dy);
    const heat = 0.1 * spread * (1 - round / ROUNDS) ** 2 + 0.01;
    for (let node = 0; node < count; node += 1) {
      const [fx, fy] = [
        (dx[node] as number) + ACROSS * ((homes[node] as number) - (x[node] as number)),
        (dy[node] as number) - ALONG * (y[node] as number),
      ];
      const length = Math.hypot(fx, fy) || 1;
      const step = Math.min(length, heat) / length;
      const moved = (x[node] as number) + step * fx;
      x[node] = (homes[node] as number) > 0 ? Math.max(wall, moved) : Math.min(-wall, moved);
      y[node]! += step * fy;
    }
  }
  return { x, y };
}

/** All pairs away from each other, by one over their distance. */
function push(x: Float64Array, y: Float64Array, dx: Float64Array, dy: Float64Array): void {
  for (let a = 0; a < x.length; a += 1) {
    const [ax, ay] = [x[a] as number, y[a] as number];
    let [sumX, sumY] = [0, 0];
    for (let b = a + 1; b < x.length; b += 1) {
      const [px, py] = [ax - (x[b] as number), ay - (y[b] as number)];
      const force = 1 / (px * px + py * py + 0.01);
      sumX += px * force;
      sumY += py * force;
      dx[b]! -= px * force;
      dy[b]! -= py * force;
    }
    dx[a]! += sumX;
    dy[a]! += sumY;
  }
}

/** Ends of edges towards each other, by their distance; less at hubs, or everything would hang in one clump around them. */
function pull(
  edges: readonly (readonly [number, number])[],
  homes: Float64Array,
  degrees: Float64Array,
  x: Float64Array,
  y: Float64Array,
  dx: Float64Array,
  dy: Float64Array,
): void {
  for (const [a, b] of edges) {
    const [px, py] = [(x[a] as number) - (x[b] as number), (y[a] as number) - (y[b] as number)];
    const weight = homes[a] === homes[b] ? 1 : ACROSS_PULL;
    const hubs = Math.sqrt((degrees[a] as number) * (degrees[b] as number));
    const force = (weight * Math.hypot(px, py)) / hubs;
    dx[a]! -= px * force;
    dy[a]! -= py * force;
    dx[b]! += px * force;
    dy[b]! += py * force;
  }
}
