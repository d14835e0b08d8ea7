/** A simulated FlightPath stream: broadcaster, tracker, peers that join and leave, of any conduct, and what came of it. */

import type { EvictionList } from '@concordat/accountability';
import { modelHash } from '@concordat/crypto';
import { createPrng, type NodeId, type Process, type Strategy } from '@concordat/kernel';
import { createWorld, type NetworkOptions, type World } from '@concordat/sim';
import { type BroadcasterState, createBroadcaster } from '../broadcaster/broadcaster.ts';
import { flightPreset, type StreamConfig } from '../config.ts';
import { createRoundCode, type RoundCode } from '../content/encode.ts';
import { createPacketCheck } from '../content/packets.ts';
import { evidenceContext } from '../evidence/context.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import { type FlightConduct, OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import { createFlightPeer, type FlightPeer, leaveStream } from '../flightpath/peer.ts';
import type { FlightPathPolicy } from '../flightpath/policy.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import { listMembers, type MemberList } from '../membership/member-list.ts';
import { memberWith } from '../membership/roster.ts';
import type { PlacedMember } from '../membership/ticket.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { createReferenceSealing } from '../model/reference-sealing.ts';
import { shareCheck } from '../model/shared-check.ts';
import { createBasics } from '../peer/state.ts';
import { streamId } from '../statement.ts';
import { convictsBy } from '../tracker/conviction.ts';
import { likelyMembers } from '../tracker/pings.ts';
import type { TrackerOptions, TrackerState } from '../tracker/state.ts';
import { createTracker } from '../tracker/tracker.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';
import type { Sealing } from '../trade/sealing.ts';
import {
  type Directory,
  type Enveloped,
  FIRST_NAMELESS,
  type Names,
  namelessNode,
  withDirectory,
} from './directory.ts';
import { createModelStreamKeys, type Participant } from './model-keys.ts';

/**
 * Ids of those who are no members; nodes of the simulation have the small ones, peers those from 2 on. PERF: one that is no small integer to
 * V8 would make every id a number of its own on the heap.
 */
export const BROADCASTER: NodeId = FIRST_NAMELESS - 1;
export const TRACKER: NodeId = FIRST_NAMELESS - 2;
const BROADCASTER_NODE: NodeId = 0;
export const TRACKER_NODE: NodeId = 1;
export const FIRST_NODE: NodeId = 2;

type Wrapped = Process<FlightPeer, Enveloped<FlightMessage>>;

export interface FlightSwarmOptions {
  readonly seed: number;
  /** Peers that there can be at most. */
  readonly capacity: number;
  readonly config?: Partial<StreamConfig>;
  readonly policy?: Partial<FlightPathPolicy>;
  readonly tracker?: Partial<TrackerOptions>;
  /** What the peer at a node makes of itself; obedient if undefined. */
  readonly conductOf?: (
    node: NodeId,
  ) => { readonly trade?: Conduct; readonly flight?: FlightConduct } | undefined;
  readonly strategyOf?: (node: NodeId) => Strategy<FlightPeer, FlightMessage> | undefined;
  /** What the tracker makes of itself. */
  readonly trackerStrategy?: Strategy<TrackerState, FlightMessage>;
  /** Told of each round at each peer's deadline. */
  readonly play?: (node: NodeId, round: number, media: Uint8Array | null) => void;
  /** Where a peer says to be; its node if undefined. */
  readonly addressOf?: (node: NodeId) => string | undefined;
  readonly network?: NetworkOptions;
  readonly checkInvariants?: boolean;
  /** Default false. */
  readonly allowsUnsound?: boolean;
}

export interface FlightSwarm {
  readonly world: World;
  readonly config: StreamConfig;
  /** Adds peers, who join in the present moment; their nodes. */
  add(count: number): NodeId[];
  /** Tells of every ACCEPT from now on, and at whose node it arrives. */
  observeAccepts(tell: (node: NodeId) => void): void;
  /** Lets the peer at `node` leave, in its next turn. */
  leave(node: NodeId): void;
  runRounds(count: number): void;
  /** False for a node that is down, or was added in this very moment. */
  hasStarted(node: NodeId): boolean;
  peer(node: NodeId): FlightPeer;
  tracker(): TrackerState;
  broadcaster(): BroadcasterState;
}

/** Bytes of media per packet in a simulation; `packetBytes` is what is accounted. */
const SIMULATED_BYTES = 16;

function mediaOf(seed: number, config: StreamConfig): (round: number) => Uint8Array {
  const random = createPrng(seed, 'media');
  return () => Uint8Array.from({ length: config.neededPackets * SIMULATED_BYTES }, () => random.below(256));
}

/** Who a model key is of (`keyOf`). */
const numberOf = (key: Uint8Array): NodeId =>
  (((key[0] as number) << 24) | ((key[1] as number) << 16) | ((key[2] as number) << 8) | (key[3] as number)) -
  1;

/** Checks by the key that a record has: in a stream of newcomers an id alone says nothing. */
function checkByKey({ verify }: StreamKeys): StreamKeys['verify'] {
  return ({ publicKey }, bytes, signature) =>
    verify({ id: numberOf(publicKey), publicKey }, bytes, signature);
}

/** Model keys of a simulated stream: all check with one function, which so stays in reach. */
function createFlightKeys(count: number, seed: number): (node: NodeId) => Participant {
  const keysOf = createModelStreamKeys(count, seed);
  const verify = checkByKey(keysOf(BROADCASTER_NODE).keys);
  return (node) => {
    const { keys, member } = keysOf(node);
    return { keys: { ...keys, verify }, member };
  };
}

/** Whom the broadcaster seeds. Nobody draws from it, so it has no digest. */
const listNow = (state: TrackerState): MemberList =>
  listMembers(state.epoch.head.head.epoch, likelyMembers(state), new Uint8Array(0));

const nodeAt = (member: PlacedMember | undefined): NodeId | null =>
  member === undefined ? null : Number(member.address);

/** Who knows whom: a peer by its rosters, those who are no members by their fixed ids. */
const peerDirectory: Directory<FlightPeer> = {
  idOf: ({ peer }) => peer?.self ?? null,
  nodeOf: (state, id) => {
    const peer = state?.peer ?? null;
    if (id === BROADCASTER) return BROADCASTER_NODE;
    if (id === TRACKER) return TRACKER_NODE;
    if (peer === null) return null;
    const { roster, next, helpers } = peer.own;
    const known = memberWith(roster, id) ?? (next === null ? undefined : memberWith(next, id));
    return nodeAt(known ?? helpers.find((helper) => helper.id === id));
  },
};

function serverDirectory<S>(id: NodeId, members: (state: S) => TrackerState): Directory<S> {
  return {
    idOf: () => id,
    nodeOf: (state, to) =>
      namelessNode(to) ?? (state === null ? null : nodeAt(members(state).members.get(to)?.member)),
  };
}

/** Observers see what travels without its type. */
const isAccept = (enveloped: unknown): boolean =>
  typeof enveloped === 'object' &&
  enveloped !== null &&
  'message' in enveloped &&
  typeof enveloped.message === 'object' &&
  enveloped.message !== null &&
  'kind' in enveloped.message &&
  enveloped.message.kind === 'accept';

/** What a judge of evidence knows: ids are never given twice, so any list that has a member tells its key. */
function judgeOf(
  parts: Omit<BroadcasterParts, 'judge' | 'seed' | 'code' | 'names' | 'allowsUnsound'>,
): BroadcasterParts['judge'] {
  const { config, keysOf, sealing, broadcaster, tracker } = parts;
  const keys = keysOf(BROADCASTER_NODE).keys;
  return (evictions) => {
    const list = listNow(tracker());
    return evidenceContext({ config, keys, broadcaster, listOf: () => list, sealing }, evictions);
  };
}

interface BroadcasterParts {
  readonly judge: (evictions: EvictionList['entries']) => EvidenceContext;
  readonly config: StreamConfig;
  readonly keysOf: (node: NodeId) => Participant;
  readonly seed: number;
  readonly code: RoundCode;
  readonly sealing: Sealing;
  readonly broadcaster: Signer;
  readonly tracker: () => TrackerState;
  readonly names: Names;
  readonly allowsUnsound: boolean;
}

function addBroadcaster(world: World, parts: BroadcasterParts): void {
  const { config, keysOf, seed, code, judge, tracker, names } = parts;
  world.add({
    id: BROADCASTER_NODE,
    link: 'peer',
    process: withDirectory<BroadcasterState, StreamMessage>(
      createBroadcaster({
        config,
        keys: keysOf(BROADCASTER_NODE).keys,
        code,
        source: mediaOf(seed, config),
        list: () => listNow(tracker()),
        evidence: judge,
        startInMs: 0,
        allowsUnsound: parts.allowsUnsound,
      }),
      serverDirectory<BroadcasterState>(BROADCASTER, tracker),
      names,
    ),
  });
}

/** A tracker that lets everybody in. */
const TRACKER_DEFAULTS: Pick<TrackerOptions, 'admission' | 'maxMembers' | 'joinsPerRound'> = {
  admission: {
    identityOf: ({ publicKey }) => publicKey,
    isWelcome: () => true,
    onAdmitted: () => {},
    isUniqueKey: () => true,
  },
  maxMembers: 60_000,
  joinsPerRound: 2000,
};

function trackerOptionsFor(
  options: FlightSwarmOptions,
  config: StreamConfig,
  keys: StreamKeys,
  judge: BroadcasterParts['judge'],
): TrackerOptions {
  return {
    ...TRACKER_DEFAULTS,
    stream: streamId(modelHash, config),
    keys,
    roundMs: config.roundMs,
    startInMs: 0,
    epochRounds: config.protocol.kind === 'flightpath' ? config.protocol.epochRounds : 1,
    convicts: convictsBy(() => judge([])),
    ...options.tracker,
  };
}

export function createFlightSwarm(options: FlightSwarmOptions): FlightSwarm {
  const { seed, capacity } = options;
  const keysOf = createFlightKeys(capacity + FIRST_NODE, seed);
  const identity = {
    session: new Uint8Array(16).fill(seed),
    broadcasterKey: keysOf(BROADCASTER_NODE).member.publicKey,
    trackerKey: keysOf(TRACKER_NODE).member.publicKey,
  };
  const config = flightPreset(identity, options.config);
  const world = createWorld({
    seed,
    network: { latencyMs: 20, jitterMs: 20, ...options.network },
    keepNotes: false,
    checkInvariants: options.checkInvariants ?? true,
  });
  const names: Names = new Map();
  let latest: TrackerState | null = null;
  // Whoever asks while it is down hears what it knew last.
  const tracker = (): TrackerState => {
    if (latest === null || world.isUp(TRACKER_NODE)) latest = world.stateOf<TrackerState>(TRACKER_NODE);
    return latest;
  };
  const code = createRoundCode(config.neededPackets, config.packetsPerRound);
  const sealing = createReferenceSealing(modelHash, config.packetBytes);
  const check = shareCheck(createPacketCheck(modelHash, config.packetsPerRound));
  const basics = createBasics(modelHash, config);
  const broadcasterSigner = { id: BROADCASTER, publicKey: identity.broadcasterKey };
  const judge = judgeOf({ config, keysOf, sealing, broadcaster: broadcasterSigner, tracker });
  world.add({
    id: TRACKER_NODE,
    link: 'peer',
    process: withDirectory(
      (options.trackerStrategy ?? ((honest) => honest))(
        createTracker(trackerOptionsFor(options, config, keysOf(TRACKER_NODE).keys, judge)),
      ),
      serverDirectory<TrackerState>(TRACKER, (state) => state),
      names,
    ),
  });
  addBroadcaster(world, {
    config,
    keysOf,
    seed,
    code,
    sealing,
    broadcaster: broadcasterSigner,
    tracker,
    judge,
    names,
    allowsUnsound: options.allowsUnsound ?? false,
  });
  let next = FIRST_NODE;
  const addedAt = new Map<NodeId, number>();
  const createPeer = (node: NodeId): Wrapped => {
    const { keys, member } = keysOf(node);
    const conduct = options.conductOf?.(node);
    const honest = createFlightPeer({
      config,
      basics,
      keys,
      broadcaster: broadcasterSigner,
      clock: { id: TRACKER, publicKey: identity.trackerKey },
      sealing,
      check,
      code,
      conduct: conduct?.trade ?? OBEDIENT,
      flightConduct: conduct?.flight ?? OBEDIENT_FLIGHT,
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      ...(options.play === undefined ? {} : { play: options.play.bind(null, node) }),
      publicKey: member.publicKey,
      address: options.addressOf?.(node) ?? `${node}`,
      token: new TextEncoder().encode(`person ${node}`),
      certificate: new Uint8Array(0),
    });
    return withDirectory(options.strategyOf?.(node)?.(honest) ?? honest, peerDirectory, names);
  };
  return {
    world,
    config,
    add: (count) => {
      const nodes = Array.from({ length: count }, () => next++);
      for (const node of nodes) {
        addedAt.set(node, world.now);
        world.add({ id: node, process: createPeer(node), link: 'peer' });
      }
      return nodes;
    },
    observeAccepts: (tell) =>
      world.observe({
        delivered: (_at, _from, to, enveloped) => {
          if (isAccept(enveloped)) tell(to);
        },
      }),
    leave: (node) =>
      world.call<FlightPeer, Enveloped<FlightMessage>>(node, (state, env) => {
        const from = state.peer?.self;
        if (from === undefined) return;
        const send = (_to: NodeId, message: FlightMessage): void => env.send(TRACKER_NODE, { from, message });
        leaveStream(state, Object.create(env, { send: { value: send } }));
      }),
    runRounds: (count) => world.run(count * config.roundMs),
    hasStarted: (node) => world.isUp(node) && (addedAt.get(node) ?? 0) < world.now,
    peer: (node) => world.stateOf(node),
    tracker,
    broadcaster: () => world.stateOf(BROADCASTER_NODE),
  };
}
