/**
 * What everybody in a stream agrees on: who broadcasts, how a round is cut into packets, how long packets live, and by which
 * protocol they are traded. An invite carries it (`config-codec.ts`). `soundness.ts` says what is wrong with one, including costs
 * under which following the protocol would not pay.
 */

import { createShape, type Shape } from './bits.ts';

/** How withheld keys are dealt with (BAR Gossip, section on keys; facts of rule 0.5.5 and the last-exchange problem). */
export interface KeyPolicy {
  /** How often a key that is owed is asked for at most, the first time included. */
  readonly asks: number;
  /** Bytes of one request: padded, so that refusing costs more than answering. */
  readonly askBytes: number;
  /** True only in the broken variant, for tests: a peer that owes a key or a briefcase is served like any other. */
  readonly servesDebtors: boolean;
  /** True only in the broken variant: what is sealed may be smaller than what is listed, which a withheld key hides. */
  readonly acceptsScraps: boolean;
}

/** BAR Gossip (Li et al., OSDI 2006): one partner that nobody chose, equal trades, optimistic pushes. */
export interface GossipParameters {
  readonly kind: 'gossip';
  /** Packets per optimistic push; 0 does without. */
  readonly pushSize: number;
  /** Packets of so many latest rounds are offered in a push. */
  readonly youngRounds: number;
  /** Packets of so many rounds before their deadline are asked for in return. */
  readonly oldRounds: number;
  /** Bytes of junk that stand for a packet, as a multiple of its bytes. */
  readonly junkFactor: number;
}

/** FlightPath (Li et al., OSDI 2008). */
export interface FlightParameters {
  readonly kind: 'flightpath';
  readonly epochRounds: number;
  /** Share by which a trade may be uneven. */
  readonly imbalance: number;
  /** Packets that a pair may be uneven by over time. */
  readonly debtMax: number;
  /** Trades of others that a peer takes part in per round. */
  readonly acceptLimit: number;
  /** Bytes a peer uploads per round at most. */
  readonly capBytes: number;
}

/**
 * What a peer gains and pays, per round and in units of the stream's rate: (1 - jitter) * benefit - upCost * upload -
 * downCost * download.
 */
export interface UtilityWeights {
  readonly benefit: number;
  readonly upCost: number;
  readonly downCost: number;
  /** What an old packet can still be traded for, as a share of the cost of uploading one. */
  readonly oldTradeValue: number;
  /** Chance that a pushed packet is answered with a useful one. */
  readonly pushUsefulChance: number;
}

export interface StreamConfig {
  /** 16 bytes that no other stream has. */
  readonly session: Uint8Array;
  readonly broadcasterKey: Uint8Array;
  /** Signs clocks and, in FlightPath, membership. The broadcaster's own in BAR Gossip. */
  readonly trackerKey: Uint8Array;
  readonly roundMs: number;
  /** Packets of a round (U), and how many of them suffice to play it (K). */
  readonly packetsPerRound: number;
  readonly neededPackets: number;
  /** Bytes of media in a packet at most; also what one is accounted with. */
  readonly packetBytes: number;
  /** Rounds until the packets of a round are played or lost, the round of their release included. */
  readonly lifetimeRounds: number;
  /** Peers that get each packet from the broadcaster. */
  readonly seeds: number;
  readonly keys: KeyPolicy;
  /** Peers that the broadcaster asks for evidence per round. */
  readonly auditsPerRound: number;
  readonly utility: UtilityWeights;
  readonly protocol: GossipParameters | FlightParameters;
}

export const SESSION_BYTES = 16;
/** A mask of rounds has one bit for each round of the window. */
export const MAX_LIFETIME_ROUNDS = 32;
export const MAX_PACKETS_PER_ROUND = 1024;
export const MAX_PACKET_BYTES = 64 * 1024;

export const shapeOf = (config: StreamConfig): Shape =>
  createShape(config.lifetimeRounds, config.packetsPerRound);

/** Bytes that stand for a packet which the sender of a briefcase does not have. */
export const junkBytesOf = (config: StreamConfig): number =>
  config.protocol.kind === 'gossip' ? Math.ceil(config.packetBytes * config.protocol.junkFactor) : 0;

export const UTILITY_DEFAULTS: UtilityWeights = {
  benefit: 12,
  upCost: 1,
  downCost: 0.25,
  oldTradeValue: 0.35,
  pushUsefulChance: 0.1,
};

/** Of a request for a key without padding. */
export const MIN_ASK_BYTES = 7;

const KEY_DEFAULTS: KeyPolicy = { asks: 4, askBytes: 96, servesDebtors: false, acceptsScraps: false };

const COMMON = {
  roundMs: 1000,
  packetBytes: 1250,
  lifetimeRounds: 10,
  keys: KEY_DEFAULTS,
  auditsPerRound: 4,
  utility: UTILITY_DEFAULTS,
};

/** Who streams: what no preset can know. */
export type StreamIdentity = Pick<StreamConfig, 'session' | 'broadcasterKey' | 'trackerKey'>;

/** The figures of the BAR Gossip paper's simulations, as far as they are known: 250 clients, 12 seeds. */
export const gossipPreset = (
  identity: StreamIdentity,
  changes: Partial<StreamConfig> = {},
): StreamConfig => ({
  ...identity,
  ...COMMON,
  packetsPerRound: 10,
  neededPackets: 10,
  seeds: 12,
  protocol: { kind: 'gossip', pushSize: 2, youngRounds: 3, oldRounds: 7, junkFactor: 1.39 },
  ...changes,
});

/**
 * Broken on purpose, for tests and audits only: withholding a key costs nothing, and hides what was sealed. `configProblems`
 * refuses it.
 */
export const withoutKeyPenalty = (config: StreamConfig): StreamConfig => ({
  ...config,
  keys: { asks: 1, askBytes: MIN_ASK_BYTES, servesDebtors: true, acceptsScraps: true },
});

/** FlightPath for 500 peers: any 45 of 50 packets play a round. */
export const flightPreset = (
  identity: StreamIdentity,
  changes: Partial<StreamConfig> = {},
): StreamConfig => ({
  ...identity,
  ...COMMON,
  packetsPerRound: 50,
  neededPackets: 45,
  seeds: 25,
  protocol: {
    kind: 'flightpath',
    epochRounds: 40,
    imbalance: 0.1,
    debtMax: 25,
    acceptLimit: 2,
    capBytes: 2 * 50 * 1250,
  },
  ...changes,
});
