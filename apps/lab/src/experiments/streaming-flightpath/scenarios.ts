/** What FlightPath is put through: a steady stream, peers that deliver nothing, a crowd of newcomers, most peers gone at once. */

import type { NodeId } from '@concordat/kernel';
import { beginningWith, flightDeviant } from '@concordat/streaming/deviations';
import {
  createFlightSwarm,
  delaysToPlay,
  type FlightSwarm,
  figuresSince,
  SETTLED_ROUNDS,
  settle,
  takeSnapshot,
  vanish,
} from '@concordat/streaming/simulation';
import { type Course, follow, meanUpload, someOf, uploadAt, watchedFlight } from '../../harness/streaming.ts';

/** A course with its uploads told in three figures, in units of the stream. */
export interface Told extends Pick<Course, 'lost' | 'due' | 'maxUpload'> {
  readonly mean: number;
  readonly p99: number;
}

const told = (course: Course): Told => ({
  lost: course.lost,
  due: course.due,
  maxUpload: course.maxUpload,
  mean: meanUpload(course),
  p99: uploadAt(course, 0.99),
});

/** Where no deviation is named, all obey; whoever deviates begins with it once the stream has settled. */
function swarmOf(seed: number, capacity: number, seeds: number, byzantine?: string): FlightSwarm {
  const named = byzantine === undefined ? undefined : flightDeviant(byzantine);
  const deviation = named === undefined ? undefined : beginningWith(SETTLED_ROUNDS, named);
  const of = (node: NodeId) => (someOf([node], BYZANTINE).length > 0 ? deviation : undefined);
  return createFlightSwarm({
    seed,
    capacity,
    config: { seeds },
    checkInvariants: false,
    conductOf: of,
    strategyOf: (node) => of(node)?.strategy,
  });
}

/** Share of the peers that are Byzantine, where some are. */
export const BYZANTINE = 0.1;

export interface Steady extends Told {
  /** Packets uploaded, over what peers need from each other: K/U - C/N of a round for each. */
  readonly overNeed: number;
}

/** Follows `nodes` for `rounds` rounds from now on. */
function measure(swarm: FlightSwarm, nodes: readonly NodeId[], rounds: number): Steady {
  const before = takeSnapshot(swarm, nodes);
  const course = follow(watchedFlight(swarm), nodes, rounds);
  return { ...told(course), overNeed: figuresSince(swarm, before, rounds).uploadPerNeed };
}

export function runSteady(seed: number, peers: number, seeds: number, rounds: number): Steady {
  const swarm = swarmOf(seed, peers, seeds);
  const nodes = swarm.add(peers);
  settle(swarm);
  return measure(swarm, nodes, rounds);
}

/** What a tenth of the peers may do to the others: every step of a trade at which it can be brought to nothing. */
export const BYZANTINE_KINDS = [
  'delivers-nothing',
  'reserves-only',
  'accepts-only',
  'hoards-keys',
  'stalls',
] as const;
export type ByzantineKind = (typeof BYZANTINE_KINDS)[number];

/** Those of the tenth have obeyed for as long as the stream took to settle, and are known as such. Counted from their first round on. */
export function runByzantine(
  kind: ByzantineKind,
  seed: number,
  peers: number,
  seeds: number,
  rounds: number,
): Steady {
  const swarm = swarmOf(seed, peers, seeds, kind);
  const nodes = swarm.add(peers);
  settle(swarm);
  const byzantine = someOf(nodes, BYZANTINE);
  const others = nodes.filter((node) => !byzantine.includes(node));
  return measure(swarm, others, rounds);
}

export interface Crowd {
  readonly old: Told;
  /** Rounds from joining to playing, by newcomer; those who never play are absent. */
  readonly delays: readonly number[];
  readonly newcomers: number;
}

export function runCrowd(seed: number, from: number, to: number, seeds: number, rounds: number): Crowd {
  const swarm = swarmOf(seed, to, seeds);
  const old = swarm.add(from);
  settle(swarm);
  const joinedIn = swarm.tracker().round;
  const young = swarm.add(to - from);
  const course = follow(watchedFlight(swarm), old, rounds);
  return { old: told(course), delays: delaysToPlay(swarm, young, joinedIn), newcomers: young.length };
}

export function runDeparture(
  seed: number,
  peers: number,
  seeds: number,
  share: number,
  rounds: number,
): Told {
  const swarm = swarmOf(seed, peers, seeds);
  const nodes = swarm.add(peers);
  settle(swarm);
  const gone = Math.round(share * peers);
  vanish(swarm, nodes.slice(0, gone));
  return told(follow(watchedFlight(swarm), nodes.slice(gone), rounds));
}
