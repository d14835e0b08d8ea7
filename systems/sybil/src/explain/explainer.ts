/**
 * Why an account is judged as it is: which cut lies between it and the seeds, what an attacker would have paid for it, and what is proved
 * then. Two cuts are looked at, each the sparsest within a bounded region: the one around the account, and the one around the seeds. The
 * sparser of them decides, if it is sparse: if walks of O(log n) steps, on which all these methods rest, would rarely cross it.
 *
 * The seeds are not forced to the far side of the account's cut: that would cut off the seeds themselves, a few edges each, and call it a
 * finding. A Sybil region and an honest community look alike from outside, so "apart" is no conviction; the number of communities says
 * how far it can be trusted.
 */

import {
  type Components,
  connectedComponents,
  createPushScratch,
  degreeOf,
  type Graph,
  inducedSubgraph,
  type PathSearch,
  type PushScratch,
  volumeOf,
  weightedDegreeOf,
} from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { createChainSearch } from './chains.ts';
import { type Mixing, measureMixing } from './mixing.ts';
import { type Region, regionAround } from './region.ts';
import { type SparseCut, sparsestCut } from './sparsest-cut.ts';

export interface ExplainOptions {
  /** Volume (degrees summed) of the region that is searched around an account: time is about linear in it. */
  readonly volumeLimit?: number;
}

const VOLUME_LIMIT = 100_000;

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
  /** Around the seeds of that component; null where there are none. */
  readonly seedCut: SparseCut | null;
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

/**
 * Prepares explanations on an undirected graph with distinct seeds. Some 50 passes over the arcs and 200 bytes for each; then an account
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
  const isSeed = new Uint8Array(graph.nodeCount);
  for (const seed of seeds) isSeed[seed] = 1;
  const base = {
    graph,
    seeds,
    isSeed,
    components,
    home,
    componentVolumes: componentVolumes(graph, components),
    volumeLimit: Math.min(options.volumeLimit ?? VOLUME_LIMIT, volumeOf(graph)),
    push: createPushScratch(graph),
    chains: createChainSearch(graph, seeds),
    marks: new Uint8Array(graph.nodeCount),
  };
  if (home < 0) return { ...base, mixing: null, seedCut: null };
  const explainer = { ...base, mixing: mixingOf(graph, components, home, seeds, random), seedCut: null };
  const anchors = seeds.filter((seed) => components.of[seed] === home);
  return { ...explainer, seedCut: cutWithin(explainer, searchRegion(explainer, anchors), anchors) };
}
