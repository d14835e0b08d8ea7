/**
 * A peer, whatever the protocol: what it holds, whom it knows, the trades that are under way, what it owes and is owed. `setup` never
 * changes; `own` is the protocol's.
 */

import {
  addStrike,
  createStrikes,
  type EvictionList,
  isEvicted,
  NO_EVICTIONS,
  type Strikes,
} from '@concordat/accountability';
import type { Hash } from '@concordat/crypto';
import { assert, type Digest, type Env, type NodeId } from '@concordat/kernel';
import type { Shape } from '../bits.ts';
import { type StreamConfig, shapeOf } from '../config.ts';
import type { RoundCode } from '../content/encode.ts';
import type { PacketCheck } from '../content/packets.ts';
import { createStore, type Store, storeInvariants } from '../content/store.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import type { Members } from '../membership/member-list.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { createSizes, type Sizes } from '../messages/sizes.ts';
import { createRoundClock, type RoundClock } from '../rounds.ts';
import { streamId } from '../statement.ts';
import type { Conduct } from '../trade/conduct.ts';
import type { Sealing } from '../trade/sealing.ts';
import type { Trade, TradeRules } from '../trade/trade.ts';
import { createStreamMeter, type StreamMeter } from './meter.ts';

/** What follows from a stream's config. */
export interface StreamBasics {
  readonly shape: Shape;
  readonly stream: Digest;
  readonly sizes: Sizes;
}

export const createBasics = (hash: Hash, config: StreamConfig): StreamBasics => ({
  shape: shapeOf(config),
  stream: streamId(hash, config),
  sizes: createSizes(config),
});

export interface PeerOptions {
  readonly config: StreamConfig;
  /** Of the config, if somebody has them: who runs thousands of peers makes them once. */
  readonly basics?: StreamBasics | undefined;
  readonly keys: StreamKeys;
  readonly broadcaster: Signer;
  /** Who signs beacons and is asked for them. */
  readonly clock: Signer;
  readonly sealing: Sealing;
  readonly check: PacketCheck;
  readonly code: RoundCode;
  readonly conduct: Conduct;
  /** Runs under an unsound config, too: for tests and audits. Default false. */
  readonly allowsUnsound?: boolean | undefined;
  /** Gets the media of each round at its deadline, or null for one that cannot be played. */
  readonly play?: ((round: number, media: Uint8Array | null) => void) | undefined;
}

export interface PeerSetup<X> extends Omit<PeerOptions, 'basics'>, StreamBasics {
  readonly rules: TradeRules<X>;
}

export interface PeerState<X = unknown> {
  readonly setup: PeerSetup<X>;
  readonly self: NodeId;
  readonly store: Store;
  readonly clock: RoundClock;
  list: Members;
  evictions: EvictionList;
  /** The round in which the broadcaster was last asked for those that are lacking. */
  evictionsAskedIn: number;
  /** The present round; -1 before the first beacon. */
  round: number;
  /** Nothing is signed for earlier rounds: a former life of this peer may have said something else in them. */
  tradesFrom: number;
  /** The first round that it is to play. */
  playFrom: number;
  /** By round mod lifetime. */
  readonly trades: Trade[][];
  /** Who owes a key or a briefcase, and the round from which that is forgotten. */
  readonly debtors: Map<NodeId, number>;
  /** Encoded evidence that the broadcaster has not been given, of different peers. */
  readonly evidence: Map<NodeId, Uint8Array>;
  readonly strikes: Strikes;
  readonly meter: StreamMeter;
  readonly own: X;
}

const FORGIVE_MS = 10_000;
const MAX_EVIDENCE = 64;

export function createPeerState<X>(
  self: NodeId,
  options: PeerOptions,
  rules: TradeRules<X>,
  list: Members,
  own: X,
): PeerState<X> {
  const { config, keys, broadcaster, clock, sealing, check, code, conduct, allowsUnsound, play } = options;
  const { shape, stream, sizes } = options.basics ?? createBasics(keys.hash, config);
  return {
    // PERF: one by one. Spread, each peer's would be of a shape of its own.
    setup: {
      config,
      keys,
      broadcaster,
      clock,
      sealing,
      check,
      code,
      conduct,
      allowsUnsound,
      play,
      shape,
      stream,
      sizes,
      rules,
    },
    self,
    store: createStore(shape),
    clock: createRoundClock(config.roundMs),
    list,
    evictions: NO_EVICTIONS,
    evictionsAskedIn: -1,
    round: -1,
    tradesFrom: Number.POSITIVE_INFINITY,
    playFrom: Number.POSITIVE_INFINITY,
    trades: Array.from({ length: config.lifetimeRounds }, () => []),
    debtors: new Map(),
    evidence: new Map(),
    strikes: createStrikes(FORGIVE_MS),
    meter: createStreamMeter(),
    own,
  };
}

/** Sends, unless the protocol's cap on upload forbids it, and counts what it takes; whether it was sent. */
export function post(peer: PeerState, env: Env<StreamMessage>, to: NodeId, message: StreamMessage): boolean {
  const { meter, setup } = peer;
  if (setup.rules.allows?.(peer, env, to, message, setup.sizes.of(message)) === false) return false;
  meter.roundUp += setup.sizes.count(message, meter.up);
  env.send(to, message);
  return true;
}

/** The member `id`, unless it is none, or evicted by now. */
export function partnerOf(peer: PeerState, id: NodeId): Signer | null {
  const member = peer.list.memberOf(id);
  const { entries } = peer.evictions;
  if (member === undefined) return null;
  return entries.length > 0 && isEvicted(entries, entries.length, id, peer.round) ? null : member;
}

export function strike(peer: PeerState, env: Env<StreamMessage>, who: NodeId, reason: string): void {
  addStrike(peer.strikes, who, reason, env.now);
}

/** Keeps the first evidence against each peer. */
export function keepEvidence(
  peer: PeerState,
  env: Env<StreamMessage>,
  accused: NodeId,
  rule: string,
  bytes: Uint8Array,
): void {
  if (peer.evidence.has(accused) || peer.evidence.size >= MAX_EVIDENCE) return;
  peer.evidence.set(accused, bytes);
  env.note({ kind: 'evidence', accused, rule });
}

export const isDebtor = (peer: PeerState, id: NodeId): boolean =>
  !peer.setup.config.keys.servesDebtors && (peer.debtors.get(id) ?? -1) > peer.round;

export function tradesOf(peer: PeerState, round: number): Trade[] {
  return peer.trades[round % peer.trades.length] as Trade[];
}

export function findTrade(
  peer: PeerState,
  round: number,
  tag: number,
  who: NodeId,
  isInitiator: boolean,
): Trade | null {
  if (round < 0 || round > peer.round + 1 || round <= peer.round - peer.trades.length) return null;
  for (const trade of tradesOf(peer, round))
    if (trade.peer === who && trade.tag === tag && trade.isInitiator === isInitiator && trade.round === round)
      return trade;
  return null;
}

export function peerInvariants(peer: PeerState): void {
  storeInvariants(peer.store);
  for (const trades of peer.trades)
    for (const trade of trades) {
      assert(trade.peer !== peer.self, 'nobody trades with itself');
      assert(trade.round >= peer.tradesFrom, 'nothing is signed for rounds of a former life');
      assert(!trade.isKeyGiven || trade.key !== null, 'a key that was given exists');
    }
}
