/**
 * SybilGuard (Yu, Kaminsky, Gibbons and Flaxman, SIGCOMM 2006): a verifier and a suspect each send one long route over every edge
 * that they have, and the suspect is accepted by those of the verifier's routes that meet one of its own. Few routes cross g attack
 * edges, so all Sybils together meet few of the verifier's. One instance of routes serves everybody.
 */

import { degreeOf } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import type { Admissions } from './admission.ts';
import { nextArc, type Routing } from './route.ts';

export interface GuardOptions {
  /** Arcs of a route, w. */
  readonly routeLength: number;
  /** Share of the verifier's routes that must accept: 1/2 in the paper. */
  readonly quorum?: number;
}

/** w = sqrt(n) ln n: the length at which two routes in a fast-mixing region of n nodes meet with high probability. */
export function guardRouteLength(nodeCount: number): number {
  return Math.max(1, Math.ceil(Math.sqrt(nodeCount) * Math.log(nodeCount)));
}

/** All routes of an instance: its arcs fall into cycles, each laid out in the order in which a route runs through it. */
interface Cycles {
  /** The node that each arc leads to, cycle after cycle; the arc leaves the one before, the first of a cycle that of the last. */
  readonly ends: Uint32Array;
  /** Where cycles begin, and after the last one the number of arcs. */
  readonly starts: readonly number[];
}

function cyclesOf(routing: Routing, instance: number): Cycles {
  const { targets } = routing.graph;
  const ends = new Uint32Array(targets.length);
  const isLaidOut = new Uint8Array(targets.length);
  const starts: number[] = [];
  let filled = 0;
  for (let first = 0; first < targets.length; first += 1) {
    if (isLaidOut[first] === 1) continue;
    starts.push(filled);
    for (let arc = first; isLaidOut[arc] === 0; arc = nextArc(routing, instance, arc)) {
      isLaidOut[arc] = 1;
      ends[filled] = targets[arc] as number;
      filled += 1;
    }
  }
  starts.push(filled);
  return { ends, starts };
}

/** Marks with `mark` each node on the verifier's route over `arc`, itself included. */
function markRoute(
  routing: Routing,
  instance: number,
  arc: number,
  length: number,
  marks: Uint32Array,
  mark: number,
): void {
  let at = arc;
  marks[routing.graph.targets[routing.reverse[arc] as number] as number] = mark;
  for (let step = 1; ; step += 1) {
    marks[routing.graph.targets[at] as number] = mark;
    if (step === length) return;
    at = nextArc(routing, instance, at);
  }
}

/** Notes with `mark` in `met` each node one of whose routes of `length` arcs reaches a node that is marked so. */
function noteMeetings(
  cycles: Cycles,
  length: number,
  marks: Uint32Array,
  met: Uint32Array,
  mark: number,
): void {
  const { ends, starts } = cycles;
  for (let cycle = 0; cycle + 1 < starts.length; cycle += 1) {
    const [from, to] = [starts[cycle] as number, starts[cycle + 1] as number];
    // Backwards, twice round: the second time the distance to the next marked node is known from the start.
    let distance = Number.POSITIVE_INFINITY;
    for (let lap = 0; lap < 2; lap += 1)
      for (let at = to - 1; at >= from; at -= 1) {
        distance = marks[ends[at] as number] === mark ? 1 : distance + 1;
        if (distance <= length) met[ends[at === from ? to - 1 : at - 1] as number] = mark;
      }
  }
}

/**
 * Whom `verifier` admits: those whom at least `quorum` of its routes accept; the score is the share that does. O(arcs) for each
 * edge of the verifier, and 9 bytes per arc. A verifier without edges admits nobody but itself.
 */
export function guardAdmissions(
  routing: Routing,
  verifier: number,
  options: GuardOptions,
  random: Prng,
): Admissions {
  const { nodeCount, offsets } = routing.graph;
  const { routeLength, quorum = 1 / 2 } = options;
  const instance = random.uint32();
  const routeCount = degreeOf(routing.graph, verifier);
  const scores = new Float64Array(nodeCount);
  const [marks, met] = [new Uint32Array(nodeCount), new Uint32Array(nodeCount)];
  const cycles = cyclesOf(routing, instance);
  for (let route = 1; route <= routeCount; route += 1) {
    markRoute(routing, instance, (offsets[verifier] as number) + route - 1, routeLength, marks, route);
    noteMeetings(cycles, routeLength, marks, met, route);
    // Whoever stands on the route meets it: over the edge by which the route came, or by which it leaves.
    for (let node = 0; node < nodeCount; node += 1) if (met[node] === route) scores[node]! += 1 / routeCount;
  }
  scores[verifier] = 1;
  return { accepted: Uint8Array.from(scores, (share) => (share >= quorum - 1e-9 ? 1 : 0)), scores };
}
