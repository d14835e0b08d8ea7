/** What the experiments with streams have in common: who misbehaves, how many get each packet, what happened round by round. */

import { totalBytes } from '@concordat/accountability';
import type { NodeId } from '@concordat/kernel';
import type { StreamConfig, StreamMeter } from '@concordat/streaming';
import type { FlightSwarm, Swarm } from '@concordat/streaming/simulation';

/** 5 % of the peers get each packet from the broadcaster. */
export const seedsFor = (peers: number): number => Math.max(2, Math.floor(0.05 * peers));

/** A share of the ids, in tenths, evenly spread. */
export const someOf = (ids: readonly NodeId[], share: number): NodeId[] =>
  ids.filter((id) => (id * 7) % 10 < Math.round(10 * share));

/** A stream of either protocol. */
export interface Watched {
  readonly config: StreamConfig;
  runRounds(count: number): void;
  meterOf(id: NodeId): StreamMeter;
}

export const watchedGossip = (swarm: Swarm): Watched => ({
  config: swarm.config,
  runRounds: swarm.runRounds,
  meterOf: (id) => swarm.peer(id).meter,
});

export const watchedFlight = (swarm: FlightSwarm): Watched => ({
  config: swarm.config,
  runRounds: swarm.runRounds,
  meterOf: (node) => swarm.peer(node).meter,
});

/** What some peers did in some rounds, one after the other. */
export interface Course {
  /** Rounds that could not be played of those whose deadline came, by round. */
  readonly lost: readonly number[];
  readonly due: readonly number[];
  /** Packets that were there in time, of all that were due. */
  readonly inTime: number;
  /** Bytes uploaded by each peer in each round, in units of the stream; ascending. */
  readonly uploads: Float64Array;
  /** The most that a peer uploaded in a round of its own clock, as far back as it lives. */
  readonly maxUpload: number;
  readonly duplicates: number;
}

interface Counts {
  readonly rounds: number;
  readonly jittered: number;
  readonly inTime: number;
  readonly due: number;
  readonly duplicates: number;
  readonly bytes: number;
}

const countsOf = ({ rounds, jittered, inTime, due, duplicates, up }: StreamMeter): Counts => ({
  rounds,
  jittered,
  inTime,
  due,
  duplicates,
  bytes: totalBytes(up),
});

/** Bytes of the media of a round as peers exchange them. */
export const streamBytes = ({ packetsPerRound, packetBytes }: StreamConfig): number =>
  packetsPerRound * packetBytes;

/** Lets `rounds` rounds pass and says what `ids` did in them. None of `ids` goes meanwhile. */
export function follow(stream: Watched, ids: readonly NodeId[], rounds: number): Course {
  const [lost, due]: [number[], number[]] = [[], []];
  const uploads = new Float64Array(rounds * ids.length);
  const first = ids.map((id) => countsOf(stream.meterOf(id)));
  let before = first;
  for (let round = 0; round < rounds; round++) {
    stream.runRounds(1);
    const now = ids.map((id) => countsOf(stream.meterOf(id)));
    const sum = (of: (counts: Counts) => number): number =>
      now.reduce((all, counts, i) => all + of(counts) - of(before[i]!), 0);
    lost.push(sum(({ jittered }) => jittered));
    due.push(sum(({ rounds: ended }) => ended));
    for (const [i, { bytes }] of now.entries())
      uploads[round * ids.length + i] = (bytes - before[i]!.bytes) / streamBytes(stream.config);
    before = now;
  }
  const total = (of: (counts: Counts) => number): number =>
    before.reduce((all, counts, i) => all + of(counts) - of(first[i]!), 0);
  return {
    lost,
    due,
    inTime:
      total(({ inTime }) => inTime) /
      Math.max(
        1,
        total((counts) => counts.due),
      ),
    uploads: uploads.sort(),
    maxUpload: Math.max(...ids.map((id) => mostOf(stream.meterOf(id)))) / streamBytes(stream.config),
    duplicates: total(({ duplicates }) => duplicates),
  };
}

const mostOf = ({ maxRoundUp, roundUp }: StreamMeter): number => Math.max(maxRoundUp, roundUp);

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Share of the rounds that could not be played, from the `from`th round on to before the `to`th. */
export const jitterOf = (
  courses: readonly Pick<Course, 'lost' | 'due'>[],
  from = 0,
  to = Number.POSITIVE_INFINITY,
): number =>
  sumOf(courses.flatMap(({ lost }) => lost.slice(from, to))) /
  Math.max(1, sumOf(courses.flatMap(({ due }) => due.slice(from, to))));

export const meanUpload = ({ uploads }: Course): number =>
  uploads.reduce((sum, value) => sum + value, 0) / Math.max(1, uploads.length);

/** What so large a share of all peer-rounds does not exceed. */
export const uploadAt = ({ uploads }: Course, share: number): number =>
  uploads[Math.min(uploads.length - 1, Math.floor(share * uploads.length))] ?? 0;
