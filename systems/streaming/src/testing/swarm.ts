/** A simulated stream of BAR Gossip: one broadcaster, peers of any conduct, and what came of it. */

import { modelHash } from '@concordat/crypto';
import { createPrng, type NodeId, type Process } from '@concordat/kernel';
import { createWorld, type LinkOptions, type World } from '@concordat/sim';
import { type BroadcasterState, createBroadcaster } from '../broadcaster/broadcaster.ts';
import { gossipPreset, type StreamConfig } from '../config.ts';
import { createRoundCode } from '../content/encode.ts';
import { createPacketCheck } from '../content/packets.ts';
import type { Deviant, Deviation } from '../deviations/index.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import { gossipEvidenceContext } from '../gossip/evidence.ts';
import { createGossipPeer } from '../gossip/peer.ts';
import type { GossipState } from '../gossip/rules.ts';
import { createMemberList, type Member, type MemberList } from '../membership/member-list.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { createReferenceSealing } from '../model/reference-sealing.ts';
import { shareCheck } from '../model/shared-check.ts';
import type { PeerState } from '../peer/state.ts';
import { OBEDIENT } from '../trade/conduct.ts';
import { createModelStreamKeys } from './model-keys.ts';

export const BROADCASTER: NodeId = 0;
export const FIRST_PEER: NodeId = 1;

export type GossipPeer = Process<PeerState<GossipState>, StreamMessage>;

export interface DeviantGroup {
  readonly ids: readonly NodeId[];
  readonly deviation: Deviation;
  /** Default 1. */
  readonly strength?: number;
}

export interface SwarmOptions {
  readonly seed: number;
  readonly peers: number;
  readonly config?: Partial<StreamConfig>;
  /** Groups of peers that do something else; the others are obedient. */
  readonly deviants?: readonly DeviantGroup[];
  readonly network?: LinkOptions;
  readonly checkInvariants?: boolean;
}

export interface Swarm {
  readonly world: World;
  readonly config: StreamConfig;
  readonly ids: readonly NodeId[];
  readonly list: MemberList;
  readonly evidence: (evictions: BroadcasterState['evictions']['entries']) => EvidenceContext;
  runRounds(count: number): void;
  peer(id: NodeId): PeerState<GossipState>;
  broadcaster(): BroadcasterState;
}

/** Bytes of media per packet in a simulation; `packetBytes` is what is accounted. */
const SIMULATED_BYTES = 16;

function mediaOf(seed: number, config: StreamConfig): (round: number) => Uint8Array {
  const random = createPrng(seed, 'media');
  return () => Uint8Array.from({ length: config.neededPackets * SIMULATED_BYTES }, () => random.below(256));
}

function deviantsOf({ deviants = [] }: SwarmOptions): Map<NodeId, Deviant> {
  const all = new Map<NodeId, Deviant>();
  for (const { ids, deviation, strength } of deviants) {
    const deviant = deviation.make(strength ?? 1);
    for (const id of ids) all.set(id, deviant);
  }
  return all;
}

export function createSwarm(options: SwarmOptions): Swarm {
  const { seed, peers } = options;
  const identity = {
    session: new Uint8Array(16).fill(seed),
    broadcasterKey: new Uint8Array(32).fill(1),
    trackerKey: new Uint8Array(32).fill(1),
  };
  const config = gossipPreset(identity, options.config);
  const keysOf = createModelStreamKeys(peers + FIRST_PEER, seed);
  const ids = Array.from({ length: peers }, (_, i) => FIRST_PEER + i);
  const members: Member[] = ids.map((id) => keysOf(id).member);
  const list = createMemberList(modelHash, 0, members);
  const sealing = createReferenceSealing(modelHash, config.packetBytes);
  const check = shareCheck(createPacketCheck(modelHash, config.packetsPerRound));
  const broadcaster = { id: BROADCASTER, publicKey: identity.broadcasterKey };
  const code = createRoundCode(config.neededPackets, config.packetsPerRound);
  const judge = { config, keys: keysOf(BROADCASTER).keys, broadcaster, list, sealing };
  const evidence: Swarm['evidence'] = (evictions) => gossipEvidenceContext(judge, evictions);
  const world = createWorld({
    seed,
    network: { latencyMs: 20, jitterMs: 10, ...options.network },
    keepNotes: true,
    checkInvariants: options.checkInvariants ?? false,
  });
  const deviants = deviantsOf(options);
  const startInMs = 2 * config.roundMs;
  world.add({
    id: BROADCASTER,
    process: createBroadcaster({
      config,
      keys: keysOf(BROADCASTER).keys,
      code,
      source: mediaOf(seed, config),
      list: () => list,
      evidence,
      startInMs,
    }),
  });
  for (const id of ids) {
    const { keys } = keysOf(id);
    const deviant = deviants.get(id);
    const conduct = deviant?.conduct ?? OBEDIENT;
    const honest = createGossipPeer({
      config,
      keys,
      broadcaster,
      clock: broadcaster,
      sealing,
      check,
      code,
      conduct,
      list,
    });
    world.add({ id, process: deviant?.wrap(honest) ?? honest, link: 'peer' });
  }
  world.run(startInMs);
  return {
    world,
    config,
    ids,
    list,
    evidence,
    runRounds: (count) => world.run(count * config.roundMs),
    peer: (id) => world.stateOf(id),
    broadcaster: () => world.stateOf(BROADCASTER),
  };
}

/** Share of the packets that were there at their deadline, over the peers in `ids`. */
export function inTimeShare(swarm: Swarm, ids: readonly NodeId[]): number {
  let [due, inTime] = [0, 0];
  for (const id of ids) {
    const { meter } = swarm.peer(id);
    due += meter.due;
    inTime += meter.inTime;
  }
  return inTime / due;
}
