/** A simulated stream of BAR Gossip: one broadcaster, peers of any conduct, and what came of it. */

import { modelHash } from '@concordat/crypto';
import { createPrng, type MessageCodec, type NodeId, type Process } from '@concordat/kernel';
import { type ClockOptions, createWorld, type LinkOptions, type Observer, type World } from '@concordat/sim';
import { type BroadcasterState, createBroadcaster } from '../broadcaster/broadcaster.ts';
import { gossipPreset, type StreamConfig } from '../config.ts';
import { createRoundCode } from '../content/encode.ts';
import { createPacketCheck } from '../content/packets.ts';
import { type Deviant, type Deviation, gossipView } from '../deviations/index.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import { gossipEvidenceContext } from '../gossip/evidence.ts';
import { createGossipPeer } from '../gossip/peer.ts';
import type { GossipState } from '../gossip/rules.ts';
import { createMemberList, type Member, type MemberList } from '../membership/member-list.ts';
import { createMessageCodec } from '../messages/codec.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { createReferenceSealing } from '../model/reference-sealing.ts';
import { shareCheck } from '../model/shared-check.ts';
import { createBasics, type PeerState } from '../peer/state.ts';
import { streamUtility } from '../peer/utility.ts';
import { OBEDIENT } from '../trade/conduct.ts';
import { createModelStreamKeys, keyOf } from './model-keys.ts';
import { sampleSealing } from './samples.ts';

export const BROADCASTER: NodeId = 0;
export const FIRST_PEER: NodeId = 1;

export type GossipPeer = Process<PeerState<GossipState>, StreamMessage>;

export interface DeviantGroup {
  readonly ids: readonly NodeId[];
  readonly deviation: Pick<Deviation, 'make'>;
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
  /** Messages travel as bytes, sealed for real; packets then are as large as the config says. Default false. */
  readonly isEncoded?: boolean;
  /** Default false. */
  readonly allowsUnsound?: boolean;
  readonly observers?: readonly Observer[];
  /** Told of each round at each peer's deadline. */
  readonly play?: (id: NodeId, round: number, media: Uint8Array | null) => void;
  readonly checkInvariants?: boolean;
  /** What travels when a peer sends something, where messages are encoded; the stream's codec if undefined. */
  readonly codecOf?: (
    id: NodeId,
    codec: MessageCodec<StreamMessage>,
  ) => MessageCodec<StreamMessage> | undefined;
  /** How wrong each peer's clock is. */
  readonly clockOf?: (id: NodeId) => ClockOptions;
}

export interface Swarm {
  readonly world: World;
  readonly config: StreamConfig;
  readonly ids: readonly NodeId[];
  readonly list: MemberList<Member>;
  readonly evidence: (evictions: BroadcasterState['evictions']['entries']) => EvidenceContext;
  runRounds(count: number): void;
  peer(id: NodeId): PeerState<GossipState>;
  broadcaster(): BroadcasterState;
}

/** Bytes of media per packet in a simulation; `packetBytes` is what is accounted. */
const SIMULATED_BYTES = 16;

export function mediaOf(
  seed: number,
  config: StreamConfig,
  packetBytes: number,
): (round: number) => Uint8Array {
  return (round) => {
    const random = createPrng(seed, `media ${round}`);
    return Uint8Array.from({ length: config.neededPackets * packetBytes }, () => random.below(256));
  };
}

function deviantsOf({ deviants = [] }: SwarmOptions): Map<NodeId, Deviant> {
  const all = new Map<NodeId, Deviant>();
  for (const { ids, deviation, strength } of deviants) {
    const deviant = deviation.make(strength ?? 1);
    for (const id of ids) all.set(id, deviant);
  }
  return all;
}

/** What all processes of a stream have in common. */
function planOf({ seed, peers, ...options }: SwarmOptions) {
  const broadcaster = { id: BROADCASTER, publicKey: keyOf(BROADCASTER) };
  const identity = {
    session: new Uint8Array(16).fill(seed),
    broadcasterKey: broadcaster.publicKey,
    trackerKey: broadcaster.publicKey,
  };
  const config = gossipPreset(identity, options.config);
  const keysOf = createModelStreamKeys(peers + FIRST_PEER, seed);
  const ids = Array.from({ length: peers }, (_, i) => FIRST_PEER + i);
  const members: Member[] = ids.map((id) => keysOf(id).member);
  const list = createMemberList(modelHash, 0, members);
  const isEncoded = options.isEncoded ?? false;
  const sealing = isEncoded ? sampleSealing(config) : createReferenceSealing(modelHash, config.packetBytes);
  const judge = { config, keys: keysOf(BROADCASTER).keys, broadcaster, list, sealing };
  const transport: { readonly codec?: MessageCodec<StreamMessage> } = isEncoded
    ? { codec: createMessageCodec(config) }
    : {};
  return {
    ids,
    keysOf,
    transport,
    source: mediaOf(seed, config, isEncoded ? config.packetBytes : SIMULATED_BYTES),
    evidence: (evictions: BroadcasterState['evictions']['entries']) =>
      gossipEvidenceContext(judge, evictions),
    startInMs: 2 * config.roundMs,
    shared: {
      config,
      basics: createBasics(modelHash, config),
      list,
      allowsUnsound: options.allowsUnsound ?? false,
      broadcaster,
      clock: broadcaster,
      sealing,
      check: shareCheck(createPacketCheck(modelHash, config.packetsPerRound)),
      code: createRoundCode(config.neededPackets, config.packetsPerRound),
    },
  };
}

export function createSwarm(options: SwarmOptions): Swarm {
  const { ids, keysOf, transport, source, evidence, startInMs, shared } = planOf(options);
  const { config, list } = shared;
  const world = createWorld({
    seed: options.seed,
    network: { latencyMs: 20, jitterMs: 10, ...options.network },
    checkInvariants: options.checkInvariants ?? false,
    observers: options.observers ?? [],
  });
  const { keys } = keysOf(BROADCASTER);
  const process = createBroadcaster({ ...shared, keys, source, list: () => list, evidence, startInMs });
  world.add({ id: BROADCASTER, process, ...transport });
  const deviants = deviantsOf(options);
  const { codec } = transport;
  const transportOf = (id: NodeId): typeof transport =>
    codec === undefined ? {} : { codec: options.codecOf?.(id, codec) ?? codec };
  for (const id of ids) {
    const deviant = deviants.get(id);
    const conduct = deviant?.conduct ?? OBEDIENT;
    const { play } = options;
    const playing = play === undefined ? {} : { play: play.bind(null, id) };
    const honest = createGossipPeer({ ...shared, ...playing, keys: keysOf(id).keys, conduct });
    world.add({
      id,
      process: deviant?.wrap(honest, gossipView()) ?? honest,
      link: 'peer',
      clock: options.clockOf?.(id) ?? {},
      ...transportOf(id),
    });
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

/** Mean utility of the peers in `ids`. */
export function meanUtility(swarm: Swarm, ids: readonly NodeId[]): number {
  let sum = 0;
  for (const id of ids) sum += streamUtility(swarm.config, swarm.peer(id).meter) ?? 0;
  return sum / ids.length;
}

/** Who has been evicted, in the order of the announcements. */
export const evictedOf = (swarm: Swarm): NodeId[] =>
  swarm.broadcaster().evictions.entries.map(({ member }) => member);
