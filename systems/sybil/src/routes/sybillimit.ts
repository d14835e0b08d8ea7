/**
 * SybilLimit (Yu, Gibbons, Kaminsky and Xiao, IEEE S&P 2008): instead of few long routes, r = r0 sqrt(m) short ones, each in an instance
 * of its own. A suspect is accepted if the last arc (tail) of one of its routes is the tail of one of the verifier's, and if that tail
 * does not yet carry too many suspects: a tail that slipped into the Sybil region then admits a bounded number of them.
 */

import { createWalker, degreeOf, edgeCountOf, type Graph, walkEnd } from '@concordat/graph';
import { assert, type Prng } from '@concordat/kernel';
import { scoreOfTrust, spreadTrust } from '../rank/sybilrank.ts';
import type { Admissions } from './admission.ts';
import { firstArc, type Routing, routeBack, routeOn, sourceOf } from './route.ts';

export interface LimitOptions {
  /** r, instances of the verifier's routes and as many of the suspects'. */
  readonly instanceCount: number;
  /** w, arcs of a route: about the mixing time of the honest region, O(log n). */
  readonly routeLength: number;
  /** h of the balance condition, 4 in the paper; infinite: no such condition. */
  readonly slack?: number;
  /** Suspects in the order in which they ask: the balance condition serves who comes first. Null: by number. */
  readonly order?: Uint32Array | null;
}

export interface LimitAdmissions extends Admissions {
  /** Suspects admitted over each of the verifier's tails. */
  readonly loads: Uint32Array;
  /** Suspects with a common tail that the balance condition turned away. */
  readonly overloadCount: number;
}

/** r0 sqrt(m), by the birthday paradox the number of tails at which two honest nodes share one; r0 about 4. */
export function limitInstances(graph: Graph, r0 = 4): number {
  return Math.max(1, Math.ceil(r0 * Math.sqrt(edgeCountOf(graph))));
}

/** The last arcs of the routes of `nodes` in each of the instances, one instance after the other. */
function tailsOf(
  routing: Routing,
  instances: Uint32Array,
  nodes: readonly number[],
  length: number,
): Uint32Array {
  const ofEach = new Uint32Array(nodes.length * instances.length);
  for (let at = 0; at < ofEach.length; at += 1)
    ofEach[at] = instances[Math.floor(at / nodes.length)] as number;
  const arcs = ofEach.map((instance, at) => firstArc(routing, instance, nodes[at % nodes.length] as number));
  routeOn(routing, ofEach, arcs, length);
  return arcs;
}

function drawSeeds(random: Prng, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, () => random.uint32());
}

/** Pairs (suspect, tail) in which they intersect, grouped by suspect: those of `u` are `tails[offsets[u] .. offsets[u + 1] - 1]`. */
interface Intersections {
  readonly offsets: Uint32Array;
  readonly tails: Uint32Array;
}

function groupedBySuspect(
  nodeCount: number,
  suspects: readonly number[],
  tails: readonly number[],
): Intersections {
  const offsets = new Uint32Array(nodeCount + 1);
  for (const suspect of suspects) offsets[suspect + 1]! += 1;
  for (let node = 0; node < nodeCount; node += 1) offsets[node + 1]! += offsets[node] as number;
  const next = offsets.slice(0, nodeCount);
  const grouped = new Uint32Array(tails.length);
  for (const [at, suspect] of suspects.entries()) {
    grouped[next[suspect] as number] = tails[at] as number;
    next[suspect]! += 1;
  }
  return { offsets, tails: grouped };
}

/** The verifier's tails; several of its routes may end with one arc. */
function tailsByArc(tails: Uint32Array): Map<number, number[]> {
  const tailsOfArc = new Map<number, number[]>();
  for (const [tail, arc] of tails.entries()) {
    const same = tailsOfArc.get(arc);
    if (same === undefined) tailsOfArc.set(arc, [tail]);
    else same.push(tail);
  }
  return tailsOfArc;
}

/**
 * All suspects' intersections with the verifier's tails. Routes are back-traceable, so each tail is followed to the one node that could
 * have sent a route there in each of the suspects' instances: r^2 w steps for all suspects together, instead of n r w.
 */
function intersectionsOf(
  routing: Routing,
  tails: Uint32Array,
  seeds: Uint32Array,
  length: number,
): Intersections {
  const [suspects, met]: [number[], number[]] = [[], []];
  const tailsOfArc = tailsByArc(tails);
  const arcs = Uint32Array.from(tailsOfArc.keys());
  const same = [...tailsOfArc.values()];
  const sources = arcs.map((arc) => sourceOf(routing, arc));
  const [heads, nodes] = [new Uint32Array(arcs.length), new Uint32Array(arcs.length)];
  for (const seed of seeds) {
    heads.set(arcs);
    nodes.set(sources);
    routeBack(routing, seed, heads, nodes, length);
    for (let at = 0; at < heads.length; at += 1) {
      const suspect = nodes[at] as number;
      if (firstArc(routing, seed, suspect) !== heads[at]) continue;
      for (const tail of same[at] ?? []) {
        suspects.push(suspect);
        met.push(tail);
      }
    }
  }
  return groupedBySuspect(routing.graph.nodeCount, suspects, met);
}

/** The least loaded tail that a suspect shares with the verifier, or -1. */
function lightestTail(intersections: Intersections, loads: Uint32Array, suspect: number): number {
  let lightest = -1;
  for (
    let at = intersections.offsets[suspect] as number;
    at < (intersections.offsets[suspect + 1] as number);
    at += 1
  ) {
    const tail = intersections.tails[at] as number;
    if (lightest < 0 || (loads[tail] as number) < (loads[lightest] as number)) lightest = tail;
  }
  return lightest;
}

/**
 * Whom `verifier` admits (section 4.3 of the paper). The score is the number of intersections over r, which the balance condition does
 * not touch: honest nodes expect r / 2m each, whatever their degree. O(r^2 w) time.
 */
export function limitAdmissions(
  routing: Routing,
  verifier: number,
  options: LimitOptions,
  random: Prng,
): LimitAdmissions {
  const { graph } = routing;
  const { instanceCount, routeLength, slack = 4, order = null } = options;
  const accepted = new Uint8Array(graph.nodeCount);
  const scores = new Float64Array(graph.nodeCount);
  const loads = new Uint32Array(instanceCount);
  accepted[verifier] = 1;
  scores[verifier] = 1;
  if (degreeOf(graph, verifier) === 0) return { accepted, scores, loads, overloadCount: 0 };
  const tails = tailsOf(routing, drawSeeds(random, instanceCount), [verifier], routeLength);
  const intersections = intersectionsOf(routing, tails, drawSeeds(random, instanceCount), routeLength);
  let [admitted, overloadCount] = [0, 0];
  for (let turn = 0; turn < graph.nodeCount; turn += 1) {
    const suspect = order === null ? turn : (order[turn] as number);
    if (suspect === verifier) continue;
    const found = (intersections.offsets[suspect + 1] as number) - (intersections.offsets[suspect] as number);
    scores[suspect] = found / instanceCount;
    const tail = lightestTail(intersections, loads, suspect);
    if (tail < 0) continue;
    const limit = slack * Math.max(Math.log(instanceCount), (1 + admitted) / instanceCount);
    if ((loads[tail] as number) + 1 > limit) overloadCount += 1;
    else {
      loads[tail]! += 1;
      admitted += 1;
      accepted[suspect] = 1;
    }
  }
  return { accepted, scores, loads, overloadCount };
}

/**
 * What the scores of `seeds` as verifiers approach, by r, with more instances and in the mean. A route is a walk but for its second visits to a
 * node, so the verifier's tail leaves `x` with the chance P^(w-1)(v, x), and is one of d(x); the suspect's is the same arc with P^(w-1)(u, x) /
 * d(x), which is P^(w-1)(x, u) / d(u) since the walk is reversible. Summed over `x` that is P^(2w-2)(v, u) / d(u): trust over degree after
 * 2w - 2 steps of SybilRank's walk. O(arcs x w), and no dice.
 */
export function expectedLimitScores(
  graph: Graph,
  seeds: readonly number[],
  routeLength: number,
): Float64Array {
  const trust = spreadTrust(graph, seeds, 2 * (routeLength - 1));
  return scoreOfTrust(graph, trust, 'suspects').map((score) => score / graph.nodeCount);
}

export interface InstanceEstimate {
  readonly instanceCount: number;
  /** Share of the benchmark set that shares a tail with the verifier at that count. */
  readonly benchmarkShare: number;
}

/**
 * r without knowing m (section 4.5): doubled until `wanted` of a benchmark set, the ends of walks from the verifier, intersects. Too
 * few instances refuse honest nodes, which shows; too many help the Sybils, so the first count that suffices is taken. Stops at
 * `limit` instances, and says what share it had there.
 */
export function estimateInstances(
  routing: Routing,
  verifier: number,
  routeLength: number,
  random: Prng,
  { benchmarkSize = 100, wanted = 0.95, limit = 1 << 16 } = {},
): InstanceEstimate {
  assert(benchmarkSize > 0 && limit >= 1, 'an estimate needs a benchmark and instances');
  const { graph } = routing;
  const walker = createWalker(graph);
  if (degreeOf(graph, verifier) === 0) return { instanceCount: 1, benchmarkShare: 1 };
  // Who once shared a tail keeps it: only the others are looked at again.
  let waiting = Array.from({ length: benchmarkSize }, () => ({
    node: walkEnd(walker, verifier, routeLength, random),
    tails: new Set<number>(),
  }));
  const mine = new Set<number>();
  for (let instanceCount = 1, drawn = 0; ; instanceCount = Math.min(limit, 2 * instanceCount)) {
    const [own, suspects] = [
      drawSeeds(random, instanceCount - drawn),
      drawSeeds(random, instanceCount - drawn),
    ];
    drawn = instanceCount;
    for (const tail of tailsOf(routing, own, [verifier], routeLength)) mine.add(tail);
    const nodes = waiting.map(({ node }) => node);
    for (const [at, tail] of tailsOf(routing, suspects, nodes, routeLength).entries())
      waiting[at % nodes.length]?.tails.add(tail);
    waiting = waiting.filter(({ tails }) => ![...tails].some((tail) => mine.has(tail)));
    const benchmarkShare = 1 - waiting.length / benchmarkSize;
    if (benchmarkShare >= wanted || instanceCount >= limit) return { instanceCount, benchmarkShare };
  }
}
