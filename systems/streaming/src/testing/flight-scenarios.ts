/**
 * What FlightPath has to stand (facts 3.7), as scenarios of any size: a steady stream, members that take places and deliver
 * nothing, a crowd of newcomers, most members gone at once. Tests run them small; the figures that are quoted are of full size.
 */

import { totalBytes } from '@concordat/accountability';
import type { NodeId } from '@concordat/kernel';
import { packetOverhead, pathLength } from '../content/packets.ts';
import { CONTROL, type StreamMeter, USEFUL } from '../peer/meter.ts';
import type { FlightSwarm } from './flight-swarm.ts';

/** What some peers did between two moments. */
export interface FlightFigures {
  readonly peers: number;
  readonly rounds: number;
  /** Rounds that could not be played, as a share. */
  readonly jitter: number;
  /** Packets uploaded per peer and round, as a multiple of what each needs from others: K/U - C/N of a round. */
  readonly uploadPerNeed: number;
  /** All bytes uploaded, and those that are no packets, in units of the stream. */
  readonly upload: number;
  readonly control: number;
  /** Most that a peer uploaded in a round of its life, in units of the stream. */
  readonly maxUpload: number;
  readonly duplicates: number;
}

type Counted = Pick<StreamMeter, 'rounds' | 'jittered' | 'duplicates'> & {
  readonly useful: number;
  readonly control: number;
  readonly total: number;
};

/** Counters of peers at one moment; those that are not members have none. */
export type Snapshot = ReadonlyMap<NodeId, Counted & { readonly meter: StreamMeter }>;

export function takeSnapshot(swarm: FlightSwarm, nodes: readonly NodeId[]): Snapshot {
  const counts = new Map<NodeId, Counted & { meter: StreamMeter }>();
  for (const node of nodes) {
    if (!swarm.hasStarted(node)) continue;
    const meter = swarm.peer(node).peer?.meter;
    if (meter === undefined) continue;
    counts.set(node, {
      meter,
      rounds: meter.rounds,
      jittered: meter.jittered,
      duplicates: meter.duplicates,
      useful: meter.up[USEFUL] ?? 0,
      control: meter.up[CONTROL] ?? 0,
      total: totalBytes(meter.up),
    });
  }
  return counts;
}

/** Bytes of a packet in a briefcase, with its path, on average. */
function wireBytes({ config }: FlightSwarm): number {
  let path = 0;
  for (let index = 0; index < config.packetsPerRound; index++)
    path += pathLength(config.packetsPerRound, index);
  return 4 + packetOverhead(path / config.packetsPerRound) + config.packetBytes;
}

/** What happened to the peers of `before` that lived through it, in `rounds` rounds. */
export function figuresSince(swarm: FlightSwarm, before: Snapshot, rounds: number): FlightFigures {
  const { config } = swarm;
  const after = takeSnapshot(swarm, [...before.keys()]);
  const sum = { peers: 0, rounds: 0, jittered: 0, useful: 0, control: 0, total: 0, duplicates: 0, max: 0 };
  for (const [node, then] of before) {
    const now = after.get(node);
    if (now === undefined || now.meter !== then.meter) continue;
    sum.peers++;
    sum.rounds += now.rounds - then.rounds;
    sum.jittered += now.jittered - then.jittered;
    sum.useful += now.useful - then.useful;
    sum.control += now.control - then.control;
    sum.total += now.total - then.total;
    sum.duplicates += now.duplicates - then.duplicates;
    sum.max = Math.max(sum.max, now.meter.maxRoundUp, now.meter.roundUp);
  }
  const stream = config.packetsPerRound * config.packetBytes;
  const peerRounds = Math.max(1, sum.peers * rounds);
  const members = swarm.tracker().members.size;
  const need = config.neededPackets / config.packetsPerRound - config.seeds / members;
  return {
    peers: sum.peers,
    rounds: sum.rounds,
    jitter: sum.jittered / Math.max(1, sum.rounds),
    uploadPerNeed: sum.useful / wireBytes(swarm) / config.packetsPerRound / peerRounds / need,
    upload: sum.total / peerRounds / stream,
    control: sum.control / peerRounds / stream,
    maxUpload: sum.max / stream,
    duplicates: sum.duplicates,
  };
}

/** Figures of `rounds` rounds from now on. */
export function watch(swarm: FlightSwarm, nodes: readonly NodeId[], rounds: number): FlightFigures {
  const before = takeSnapshot(swarm, nodes);
  swarm.runRounds(rounds);
  return figuresSince(swarm, before, rounds);
}

/** Half of an epoch in which all have joined, and the beginning of the next. */
export const SETTLED_ROUNDS = 62;

export function settle(swarm: FlightSwarm): void {
  swarm.runRounds(SETTLED_ROUNDS);
}

/** Turns members off without a word, at once. */
export function vanish(swarm: FlightSwarm, nodes: readonly NodeId[]): void {
  for (const node of nodes) swarm.world.crash(node);
}

/** Rounds until a peer of `nodes` plays, by the round in which each played first; those that do not are absent. */
export function delaysToPlay(swarm: FlightSwarm, nodes: readonly NodeId[], joinedInRound: number): number[] {
  const delays: number[] = [];
  for (const node of nodes) {
    const peer = swarm.peer(node).peer;
    if (peer === null || peer.meter.rounds - peer.meter.jittered < 1) continue;
    delays.push(peer.playFrom + swarm.config.lifetimeRounds - joinedInRound);
  }
  return delays;
}

/**
 * Utility per round of what happened since `before`, in units of the stream's rate (config.ts), over all of `nodes` and over their
 * whole time: whoever was no member for a while played nothing then.
 */
export function utilitySince(swarm: FlightSwarm, before: UtilitySnapshot, rounds: number): number {
  const { benefit, upCost, downCost } = swarm.config.utility;
  const after = snapshotUtility(swarm, before.nodes);
  const stream = swarm.config.packetsPerRound * swarm.config.packetBytes;
  const peerRounds = before.nodes.length * rounds;
  const played = (after.played - before.played) / peerRounds;
  return (
    played * benefit -
    (upCost * (after.up - before.up)) / stream / peerRounds -
    (downCost * (after.down - before.down)) / stream / peerRounds
  );
}

export interface UtilitySnapshot {
  readonly nodes: readonly NodeId[];
  readonly played: number;
  readonly up: number;
  readonly down: number;
}

/** Sums over peers, former lives included as far as their counters were carried on. */
export function snapshotUtility(swarm: FlightSwarm, nodes: readonly NodeId[]): UtilitySnapshot {
  const sum = { played: 0, up: 0, down: 0 };
  for (const node of nodes) {
    const { meter } = swarm.peer(node);
    sum.played += meter.rounds - meter.jittered;
    sum.up += totalBytes(meter.up);
    sum.down += totalBytes(meter.down);
  }
  return { nodes, ...sum };
}
