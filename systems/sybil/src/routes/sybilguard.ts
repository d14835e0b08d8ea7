/**
 * SybilGuard (Yu, Kaminsky, Gibbons and Flaxman, SIGCOMM 2006): a verifier and a suspect each send one long route over every edge
 * that they have, and the suspect is accepted by those of the verifier's routes that meet one of its own. Few routes cross g attack
 * edges, so all Sybils together meet few of the verifier's. One instance of routes serves everybody.
 */

import type { Prng } from '@concordat/kernel';
import type { Admissions } from './admission.ts';
import { cameFrom, type Routing, reverseOf, sourceOf } from './route.ts';

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

/** All routes of an instance: its arcs fall into cycles, each laid out as the nodes that a route runs through. */
interface Cycles {
  /** The nodes that arcs leave, cycle after cycle; behind the last of a cycle the first ones again, as far as a route goes on. */
  readonly nodes: Uint32Array;
  readonly rows: readonly Row[];
  /** By verifier. */
  readonly routesOf: ReadonlyMap<number, readonly Route[]>;
}

interface Row {
  /** The first place of the row in `nodes`. */
  readonly from: number;
  readonly arcCount: number;
  /** Arcs that a route goes, at most once round. */
  readonly reach: number;
}

interface Route {
  /** The place in `nodes` where it begins, and its row. */
  readonly at: number;
  readonly row: number;
}

const LAID_OUT = 0xffff_ffff;

/** The arc after each. PERF: by node, in the order of memory: 20 ms for 1.6 million arcs. */
function successorsOf(routing: Routing, instance: number): Uint32Array {
  const { nodeCount, offsets, targets } = routing.graph;
  const { primes } = routing.moduli;
  const successors = new Uint32Array(targets.length);
  for (let node = 0; node < nodeCount; node += 1)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      successors[reverseOf(routing, cameFrom(offsets, primes, instance, node, arc))] = arc;
  return successors;
}

function cyclesOf(
  routing: Routing,
  instance: number,
  verifiers: readonly number[],
  routeLength: number,
): Cycles {
  const { nodeCount, targets } = routing.graph;
  const isVerifier = new Uint8Array(nodeCount);
  for (const verifier of verifiers) isVerifier[verifier] = 1;
  const routesOf = new Map(verifiers.map((verifier) => [verifier, [] as Route[]]));
  const successors = successorsOf(routing, instance);
  const nodes = new Uint32Array(2 * targets.length);
  const rows: Row[] = [];
  for (let first = 0, filled = 0; first < targets.length; first += 1) {
    if (successors[first] === LAID_OUT) continue;
    const from = filled;
    let node = sourceOf(routing, first);
    for (let arc = first; successors[arc] !== LAID_OUT; filled += 1) {
      nodes[filled] = node;
      if (isVerifier[node] === 1) routesOf.get(node)?.push({ at: filled, row: rows.length });
      node = targets[arc] as number;
      const next = successors[arc] as number;
      successors[arc] = LAID_OUT;
      arc = next;
    }
    const arcCount = filled - from;
    const reach = Math.min(routeLength, arcCount);
    nodes.copyWithin(filled, from, from + reach);
    filled += reach;
    rows.push({ from, arcCount, reach });
  }
  return { nodes, rows, routesOf };
}

/** By node a bit for each of up to 32 routes that runs through it. */
function markRoutes({ nodes, rows }: Cycles, routes: readonly Route[], marks: Int32Array): void {
  marks.fill(0);
  for (const [bit, { at, row }] of routes.entries()) {
    const end = at + (rows[row]?.reach ?? 0);
    for (let place = at; place <= end; place += 1) marks[nodes[place] as number]! |= 1 << bit;
  }
}

/**
 * By node the bits of all nodes on all of its routes. Each route is a window of `reach + 1` nodes, and the windows' bits come from blocks of that
 * size (van Herk 1992): of its own block all from the route's begin on, and of the next one all up to its end.
 */
function gatherMeetings({ nodes, rows }: Cycles, marks: Int32Array, met: Int32Array): void {
  met.fill(0);
  const rest = new Int32Array(rows.reduce((most, { reach }) => Math.max(most, reach + 1), 0));
  for (const { from, arcCount, reach } of rows)
    for (let block = from; block < from + arcCount; block += reach + 1) {
      let bits = 0;
      for (let at = reach; at >= 0; at -= 1) {
        bits |= marks[nodes[block + at] as number] as number;
        rest[at] = bits;
      }
      const begins = Math.min(reach + 1, from + arcCount - block);
      bits = 0;
      for (let at = 0; at < begins; at += 1) {
        // The end of the first window is still in this block, where it does no harm.
        bits |= marks[nodes[block + at + reach] as number] as number;
        met[nodes[block + at] as number]! |= bits | (rest[at] as number);
      }
    }
}

function bitCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** By node the share of `routes` that one of its own meets. */
function shareMet(cycles: Cycles, routes: readonly Route[], nodeCount: number): Float64Array {
  const shares = new Float64Array(nodeCount);
  const [marks, met] = [new Int32Array(nodeCount), new Int32Array(nodeCount)];
  for (let first = 0; first < routes.length; first += 32) {
    markRoutes(cycles, routes.slice(first, first + 32), marks);
    gatherMeetings(cycles, marks, met);
    for (let node = 0; node < nodeCount; node += 1) shares[node]! += bitCount(met[node] as number);
  }
  for (let node = 0; node < nodeCount && routes.length > 0; node += 1) shares[node]! /= routes.length;
  return shares;
}

function admissionsOf(cycles: Cycles, verifier: number, nodeCount: number, quorum = 1 / 2): Admissions {
  const scores = shareMet(cycles, cycles.routesOf.get(verifier) ?? [], nodeCount);
  scores[verifier] = 1;
  const accepted = new Uint8Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1)
    accepted[node] = (scores[node] as number) >= quorum - 1e-9 ? 1 : 0;
  return { accepted, scores };
}

/**
 * Whom `verifier` admits: those whom at least `quorum` of its routes accept; the score is the share that does. O(arcs) once and for every
 * 32 edges of the verifier, and 12 bytes per arc. A verifier without edges admits nobody but itself.
 */
export function guardAdmissions(
  routing: Routing,
  verifier: number,
  options: GuardOptions,
  random: Prng,
): Admissions {
  const cycles = cyclesOf(routing, random.uint32(), [verifier], options.routeLength);
  return admissionsOf(cycles, verifier, routing.graph.nodeCount, options.quorum);
}

/** Whom each of several verifiers admits, all of them in one instance. */
export function guardAdmissionsOf(
  routing: Routing,
  verifiers: readonly number[],
  options: GuardOptions,
  random: Prng,
): Admissions[] {
  const cycles = cyclesOf(routing, random.uint32(), verifiers, options.routeLength);
  return verifiers.map((verifier) => admissionsOf(cycles, verifier, routing.graph.nodeCount, options.quorum));
}
