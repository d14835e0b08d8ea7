/**
 * A whitelist around trusted accounts (the aim that the SoK of Alvisi et al., S&P 2013, sets for the field): personalised PageRank from
 * the seeds, a sweep over mass by degree (Andersen, Chung, Lang, FOCS 2006), and of its profile the first dip that it climbs out of again,
 * within bounds of size and volume. The lowest point of the whole profile is no good: it may be the far border of the Sybil region.
 * Of the set there the settled core is kept, in the order of plain mass: in the order of mass by degree accounts come first that
 * hang on one edge.
 */

import {
  type Cut,
  cutAround,
  firstDip,
  type Graph,
  lowestWithin,
  marksOf,
  orderAllByDensity,
  rankNodes,
  type SweepProfile,
  sweepProfile,
  volumeOf,
  weightedDegreeOf,
  weightedDegrees,
} from '@concordat/graph';
import { ACL_RESTART, seedPageRank } from '../rank/acl.ts';
import { labelObjection } from '../rank/ranking.ts';
import { type EscapeBound, escapeBound } from './escape-bound.ts';
import { settledCore } from './settled-core.ts';
import { weighByTriangles } from './triangle-weights.ts';

export interface WhitelistOptions {
  /** Probability per step that the lazy walk starts over. Default 0.01. */
  readonly restart?: number;
  /** Least number of accounts on the list, where the seeds reach so many. Default 600. */
  readonly leastSize?: number;
  /** The share of the graph's volume that is honest at least; the sweep goes no further. Default 0.5. */
  readonly honestShare?: number;
  /** A dip counts when conductance climbs to so many times its own. Default 1.2. */
  readonly rise?: number;
  /** Edges weigh what they weigh in the graph, or that times one more than their triangles. Default: triangles. */
  readonly weighting?: 'plain' | 'triangles';
}

export interface LocalWhitelist {
  /** Accounts on the list, the most trusted first. */
  readonly nodes: Uint32Array;
  /** PageRank mass by node. */
  readonly mass: Float64Array;
  /** The whole sweep, before anything was chosen, and the last place of the chosen prefix. */
  readonly profile: SweepProfile;
  readonly chosen: number;
  /** Why that prefix: a dip of the profile, or, where there is none within bounds, its lowest point there. */
  readonly reason: 'dip' | 'lowest';
  /** The cut around the list, in the weights that were used. */
  readonly cut: Cut;
  readonly bound: EscapeBound;
}

/** Why there can be no whitelist around `seeds` with these options, as a sentence for the user, or null. */
export function whitelistObjection(
  graph: Graph,
  seeds: readonly number[],
  options: WhitelistOptions,
): string | null {
  const { restart = ACL_RESTART, leastSize = 1, honestShare = 1, rise = 2 } = options;
  if (graph.isDirected) return 'a whitelist needs an undirected graph';
  if (seeds.length === 0) return 'a whitelist needs accounts known to be honest';
  if (!(restart > 0 && restart < 1)) return `restart ${restart}: between 0 and 1, both excluded`;
  if (!(Number.isInteger(leastSize) && leastSize >= 1)) return `least size ${leastSize}: 1, 2, 3 ...`;
  if (!(honestShare > 0 && honestShare <= 1)) return `honest share ${honestShare}: above 0, at most 1`;
  if (!(rise > 1 && rise < Infinity)) return `rise ${rise}: above 1`;
  return labelObjection('honest', seeds, graph.nodeCount);
}

/** Residual per unit of degree that pushes leave, as a share of what an account holds where the whole graph is mixed. */
const RESIDUAL_SHARE = 0.2;
/** Candidates for the prefix are at least so much larger than the one before. */
const STEP = 1.25;

interface Choice {
  readonly core: Uint32Array;
  readonly chosen: number;
  readonly reason: 'dip' | 'lowest';
}

/** The first dip within bounds whose settled core is large enough; if none is, the core of the lowest point within bounds. */
function choosePrefix(
  graph: Graph,
  profile: SweepProfile,
  leastSize: number,
  atMost: number,
  rise: number,
): Choice {
  const { order, volumes } = profile;
  const degrees = weightedDegrees(graph);
  const first = Math.min(leastSize, order.length) - 1;
  for (let atLeast = volumes[first] ?? 0; atLeast <= atMost; ) {
    const dip = firstDip(profile, rise, atLeast);
    if (dip < 0 || (volumes[dip] as number) > atMost) break;
    const core = settledCore(graph, order.subarray(0, dip + 1), degrees);
    if (core.length >= Math.min(leastSize, order.length)) return { core, chosen: dip, reason: 'dip' };
    atLeast = STEP * (volumes[dip] as number);
  }
  // Never less than the seed itself, however small the bounds are.
  const chosen = Math.max(0, lowestWithin(profile, { atLeast: volumes[first] ?? 0, atMost }));
  return { core: settledCore(graph, order.subarray(0, chosen + 1), degrees), chosen, reason: 'lowest' };
}

/** A whitelist of an undirected graph around `seeds`; only after `whitelistObjection` returned null. Work: triangles of the graph, then what the walk reaches. */
export function localWhitelist(
  graph: Graph,
  seeds: readonly number[],
  options: WhitelistOptions = {},
): LocalWhitelist {
  const { restart = ACL_RESTART, leastSize = 600, honestShare = 0.5, rise = 1.2 } = options;
  const weighed = options.weighting === 'plain' ? graph : weighByTriangles(graph);
  const total = volumeOf(weighed);
  const residual = Math.min(1e-4, RESIDUAL_SHARE / Math.max(1, total));
  const shares = seeds.map((seed) => weightedDegreeOf(weighed, seed) || 1);
  const mass = seedPageRank(weighed, seeds, restart, residual, shares);
  const profile = sweepProfile(weighed, orderAllByDensity(weighed, mass));
  const { core, chosen, reason } = choosePrefix(weighed, profile, leastSize, honestShare * total, rise);
  const nodes = rankNodes(
    core,
    Float64Array.from(core, (node) => mass[node] as number),
  );
  const degrees = weightedDegrees(weighed);
  const least = core.reduce(
    (low, node) => Math.min(low, (mass[node] as number) / Math.max(1e-300, degrees[node] as number)),
    Number.POSITIVE_INFINITY,
  );
  return {
    nodes,
    mass,
    profile,
    chosen,
    reason,
    cut: cutAround(weighed, marksOf(graph.nodeCount, nodes)),
    bound: escapeBound(restart, honestShare * total, least),
  };
}
