/**
 * Chains of friends from an account to the seeds that share no edge (Menger's theorem: as many as the fewest edges whose loss would part
 * them). If the account is a Sybil and the seeds are honest, each chain crosses another attack edge; so this many the attacker has
 * at least.
 */

import {
  createPathSearch,
  findPath,
  flowNetwork,
  type Graph,
  joinGraphs,
  type PathSearch,
  sendAlong,
} from '@concordat/graph';

/** Room from the seeds to the common end of all chains: more chains than this end nowhere. */
const PLENTY = 1 << 30;

/** The graph with one node more, behind all seeds. 50 bytes for each arc, made once for many accounts. */
export function createChainSearch(graph: Graph, seeds: Uint32Array): PathSearch {
  const end: Graph = {
    nodeCount: 1,
    isDirected: false,
    offsets: new Uint32Array(2),
    targets: new Uint32Array(0),
    weights: null,
  };
  const sources = new Uint32Array(seeds.length).fill(graph.nodeCount);
  const { graph: joint } = joinGraphs({ ...graph, weights: null }, end, {
    sources,
    targets: seeds,
    weights: null,
  });
  const capacities = new Float64Array(joint.targets.length).fill(1);
  for (const seed of seeds) capacities[(joint.offsets[seed + 1] as number) - 1] = PLENTY;
  capacities.fill(0, joint.offsets[graph.nodeCount]);
  return createPathSearch(flowNetwork(joint, capacities));
}

/** How many chains there are from `account`, which is no seed, up to `limit`. The search is as before afterwards. */
export function countChains(search: PathSearch, account: number, limit: number): number {
  const { network, path } = search;
  const end = network.graph.nodeCount - 1;
  const used: Uint32Array[] = [];
  while (used.length < limit) {
    const length = findPath(search, account, end, 1);
    if (length === 0) break;
    const arcs = path.slice(0, length);
    for (const arc of arcs) sendAlong(network, arc, 1);
    used.push(arcs);
  }
  for (const arcs of used.reverse())
    for (const arc of arcs) sendAlong(network, network.twins[arc] as number, 1);
  return used.length;
}
