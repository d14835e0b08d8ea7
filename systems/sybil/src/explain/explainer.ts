/**
 * Why an account is judged as it is: which cut lies between it and the seeds, what an attacker would have paid for it, and what is proved
 * then. Two cuts are looked at: the sparsest around the account within a bounded region, and that around the seeds, within such a region or
 * along the sweep of their walk over everything. The sparser of the two decides, if it is sparse: if walks of O(log n) steps, on which all these methods rest, would rarely cross it.
 *
 * The seeds are not forced to the far side of the account's cut: that would cut off the seeds themselves, a few edges each, and call it a
 * finding. A Sybil region and an honest community look alike from outside, so "apart" is no conviction; the number of communities says
 * how far it can be trusted.
 */

import {
  type Components,
  conductanceBy,
  connectedComponents,
  createPushScratch,
  degreeOf,
  type Graph,
  inducedSubgraph,
  marksOf,
  orderAllByDensity,
  type PathSearch,
  type PushScratch,
  sweepProfile,
  volumeOf,
  weightedDegreeOf,
} from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { spreadTrust } from '../rank/sybilrank.ts';
import { createChainSearch } from './chains.ts';
import { type Mixing, measureMixing } from './mixing.ts';
import { type Region, regionAround } from './region.ts';
import { type SparseCut, sparsestCut } from './sparsest-cut.ts';

export interface ExplainOptions {
  /** Volume (degrees summed) of the region that is searched around an account: time is about linear in it. */
  readonly volumeLimit?: number;
}

const VOLUME_LIMIT = 100_000;

/** A cut as it is shown. */
export interface ShownCut extends SparseCut {
  /** Whether the members are the account's side, not the seeds'. */
  readonly holdsAccount: boolean;
  /** Seeds among the members. */
  readonly seedCount: number;
  /** Pairs (member, other) of the edges in the cut, one after the other. */
  readonly edges: Uint32Array;
}

/** What is prepared once for a graph and its seeds, and reused for each account. */
export interface Explainer {
  readonly graph: Graph;
  readonly seeds: Uint32Array;
  readonly isSeed: Uint8Array;
  readonly components: Components;
  /** Volume of each component. */
  readonly componentVolumes: Float64Array;
  readonly volumeLimit: number;
  readonly push: PushScratch;
  readonly chains: PathSearch;
  /** Memory to work in: a zero for each node. */
  readonly marks: Uint8Array<ArrayBuffer>;
  /** The component that most of the seeds with neighbours are in, or -1. */
  readonly home: number;
  /** Of that component; null without one. */
  readonly mixing: Mixing | null;
  /** Around the seeds of that component, seen from their side; null where there are none. */
  readonly seedCut: ShownCut | null;
  /** Its members, by node. */
  readonly isBySeeds: Uint8Array;
}

function componentVolumes(graph: Graph, { count, of }: Components): Float64Array {
  const volumes = new Float64Array(count);
  for (let node = 0; node < graph.nodeCount; node += 1)
    volumes[of[node] as number]! += weightedDegreeOf(graph, node);
  return volumes;
}

/** The component that most of the seeds with neighbours are in, or -1. */
function homeOf(graph: Graph, components: Components, seeds: Uint32Array): number {
  const counts = new Map<number, number>();
  for (const seed of seeds) {
    const component = components.of[seed] as number;
    if (degreeOf(graph, seed) > 0) counts.set(component, (counts.get(component) ?? 0) + 1);
  }
  let [home, most] = [-1, 0];
  for (const [component, count] of counts) if (count > most) [home, most] = [component, count];
  return home;
}

function mixingOf(
  graph: Graph,
  components: Components,
  home: number,
  seeds: Uint32Array,
  random: Prng,
): Mixing {
  const isWhole = components.sizes[home] === graph.nodeCount;
  const nodes = new Uint32Array(graph.nodeCount)
    .map((_, node) => node)
    .filter((node) => components.of[node] === home);
  const own = seeds.filter((seed) => components.of[seed] === home);
  if (isWhole) return measureMixing(graph, own, random);
  const part = inducedSubgraph(graph, nodes);
  return measureMixing(
    part.graph,
    own.map((seed) => part.numbers[seed] as number),
    random,
  );
}

/** Pairs (member, other) of the edges around `members`, one after the other. */
function edgesAround({ offsets, targets }: Graph, members: Uint32Array, marks: Uint8Array): Uint32Array {
  for (const node of members) marks[node] = 1;
  const edges: number[] = [];
  for (const node of members)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const target = targets[arc] as number;
      if (marks[target] === 0) edges.push(node, target);
    }
  for (const node of members) marks[node] = 0;
  return Uint32Array.from(edges);
}

/** A cut with what is told of it; `holdsAccount`: seen from the account's side. */
export function shownCut(
  { graph, marks, isSeed }: Explainer,
  cut: SparseCut,
  holdsAccount: boolean,
): ShownCut {
  const seedCount = cut.members.reduce((sum, node) => sum + (isSeed[node] as number), 0);
  return { ...cut, holdsAccount, seedCount, edges: edgesAround(graph, cut.members, marks) };
}

/** The region around `anchors`, all in one component, within half of that component's volume. */
export function searchRegion(explainer: Explainer, anchors: Uint32Array): Region {
  const component = explainer.components.of[anchors[0] as number] as number;
  const half = (explainer.componentVolumes[component] as number) / 2;
  return regionAround(explainer.push, anchors, Math.min(explainer.volumeLimit, half), explainer.marks);
}

/** The sparsest cut around `anchors` in the region that was searched. */
export function cutWithin(explainer: Explainer, region: Region, anchors: Uint32Array): SparseCut {
  const sweep = region.profile.conductances[region.sweepLength - 1] as number;
  return sparsestCut(explainer.graph, region.nodes, anchors, sweep);
}

/** The prefix with the lowest conductance of their component in the order of the seeds' walk over degree: SybilRank's order. */
function walkedCut(graph: Graph, seeds: Uint32Array, componentVolume: number): SparseCut {
  const trust = spreadTrust(graph, [...seeds]);
  const { order, cuts, volumes } = sweepProfile(graph, orderAllByDensity(graph, trust));
  const conductances = cuts.map((cut, at) => conductanceBy(cut, volumes[at] as number, componentVolume));
  const at = conductances.reduce(
    (best, value, place) => (value < (conductances[best] as number) ? place : best),
    0,
  );
  return {
    members: order.slice(0, at + 1).sort(),
    volume: volumes[at] as number,
    weight: cuts[at] as number,
    conductance: conductances[at] as number,
  };
}

function seedCutOf(explainer: Explainer): SparseCut {
  const { graph, seeds, components, componentVolumes: volumes, home } = explainer;
  const anchors = seeds.filter((seed) => components.of[seed] === home);
  const near = cutWithin(explainer, searchRegion(explainer, anchors), anchors);
  const walked = walkedCut(graph, anchors, volumes[home] as number);
  return walked.conductance < near.conductance ? walked : near;
}

/**
 * Prepares explanations on an undirected graph with distinct seeds. Some 80 passes over the arcs and 200 bytes for each; then an account
 * costs what its region does.
 */
export function createExplainer(
  graph: Graph,
  seeds: Uint32Array,
  random: Prng,
  options: ExplainOptions = {},
): Explainer {
  const components = connectedComponents(graph);
  const home = homeOf(graph, components, seeds);
  const base: Explainer = {
    graph,
    seeds,
    isSeed: marksOf(graph.nodeCount, seeds),
    components,
    home,
    componentVolumes: componentVolumes(graph, components),
    volumeLimit: Math.min(options.volumeLimit ?? VOLUME_LIMIT, volumeOf(graph)),
    push: createPushScratch(graph),
    chains: createChainSearch(graph, seeds),
    marks: new Uint8Array(graph.nodeCount),
    mixing: home < 0 ? null : mixingOf(graph, components, home, seeds, random),
    seedCut: null,
    isBySeeds: new Uint8Array(graph.nodeCount),
  };
  if (home < 0) return base;
  const seedCut = shownCut(base, seedCutOf(base), false);
  return { ...base, seedCut, isBySeeds: marksOf(graph.nodeCount, seedCut.members) };
}
