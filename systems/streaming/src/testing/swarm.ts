/** A simulated stream of BAR Gossip: one broadcaster, peers of any conduct, and what came of it. */

import { modelHash } from '@concordat/crypto';
import { createPrng, type NodeId, type Process, type Strategy } from '@concordat/kernel';
import { createWorld, type LinkOptions, type World } from '@concordat/sim';
import { type BroadcasterState, createBroadcaster } from '../broadcaster/broadcaster.ts';
import { gossipPreset, type StreamConfig } from '../config.ts';
import { plainCode } from '../content/encode.ts';
import { createPacketCheck } from '../content/packets.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import { gossipEvidenceContext } from '../gossip/evidence.ts';
import { createGossipPeer } from '../gossip/peer.ts';
import type { GossipState } from '../gossip/rules.ts';
import { createMemberList, type Member, type MemberList } from '../membership/member-list.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { createReferenceSealing } from '../model/reference-sealing.ts';
import { shareCheck } from '../model/shared-check.ts';
import type { PeerState } from '../peer/state.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';
import { createModelStreamKeys } from './model-keys.ts';

export const BROADCASTER: NodeId = 0;
export const FIRST_PEER: NodeId = 1;

export type GossipPeer = Process<PeerState<GossipState>, StreamMessage>;

export interface SwarmOptions {
  readonly seed: number;
  readonly peers: number;
  readonly config?: Partial<StreamConfig>;
  /** What a peer makes of itself; obedient if undefined. */
  readonly conductOf?: (id: NodeId) => Conduct | undefined;
  readonly strategyOf?: (id: NodeId) => Strategy<PeerState<GossipState>, StreamMessage> | undefined;
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
  const code = plainCode(config.packetsPerRound);
  const judge = { config, keys: keysOf(BROADCASTER).keys, broadcaster, list, sealing };
  const evidence: Swarm['evidence'] = (evictions) => gossipEvidenceContext(judge, evictions);
  const world = createWorld({
    seed,
    network: { latencyMs: 20, jitterMs: 10, ...options.network },
    keepNotes: true,
    checkInvariants: options.checkInvariants ?? false,
  });
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
    const conduct = options.conductOf?.(id) ?? OBEDIENT;
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
    world.add({ id, process: options.strategyOf?.(id)?.(honest) ?? honest });
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
