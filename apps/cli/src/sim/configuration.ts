/** What differs from seed to seed in the keeper's swarm, beside the faults: federation, settings, surroundings, load. */

import { KEEPER_DEFAULTS, type KeeperConfig } from '@concordat/keeper';
import type { Millis, Prng } from '@concordat/kernel';
import { type FaultModel, quorumsOf, type ReplicaOptions } from '@concordat/replication';
import { type NetworkOptions, randomNetwork } from '@concordat/sim';

export interface KeeperSetting {
  readonly faults: FaultModel;
  readonly members: number;
  readonly replica: Partial<Omit<ReplicaOptions, 'self' | 'cluster' | 'faults'>>;
  readonly keeper: KeeperConfig;
  readonly network: NetworkOptions;
  readonly load: LoadSetting;
  /** Proxies, to which all clients connect instead; none unless told. */
  readonly proxies?: number;
}

export interface LoadSetting {
  readonly clients: number;
  /** Further clients, which only read and watch, and stay where they are. */
  readonly readers: number;
  /** Operations of each client before the finale. */
  readonly operations: number;
  readonly pipeline: number;
  readonly paceMs: Millis;
  readonly sessionMs: Millis;
  /** A restless client changes its endpoint this often; 0 for never. */
  readonly moveEveryMs: Millis;
  readonly paths: readonly string[];
}

/** Four organisations more often than others: it is what people run. */
const MODELS: readonly FaultModel[] = [
  { u: 1, r: 1 },
  { u: 1, r: 1 },
  { u: 1, r: 1 },
  { u: 1, r: 0 },
  { u: 2, r: 1 },
  { u: 2, r: 2 },
];

const NAMES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel'];

/**
 * Whoever runs a federation sets its timeouts for its network. A view must last for the three phases, a sync each, and
 * a queue; a third of a session for as much (DESIGN section 9, rule 5).
 */
const DELAYS_PER_VIEW = 10;
const DELAYS_PER_SESSION = 60;

const SHORTEST_SESSION_MS = 2000;

/** Links whose delays vary more than this have no timeout for which thirty seconds are long. */
const MAX_JITTER_MS = 50;
const MAX_TAIL_MS = 200;

/** A delay that is seldom exceeded. */
const delayOf = ({ latencyMs = 0, jitterMs = 0, tailChance = 0, tailMs = 0 }: NetworkOptions): Millis =>
  latencyMs + jitterMs + (tailChance > 0 ? tailMs / 4 : 0);

function drawNetwork(random: Prng): NetworkOptions {
  const { jitterMs = 0, tailMs = 0, ...rest } = randomNetwork(random);
  return { ...rest, jitterMs: Math.min(jitterMs, MAX_JITTER_MS), tailMs: Math.min(tailMs, MAX_TAIL_MS) };
}

/** Draws a setting; `faults` fixes the fault model. */
export function drawSetting(random: Prng, fixed: FaultModel | null): KeeperSetting {
  const drawn = random.pick(MODELS);
  const faults = fixed ?? drawn;
  const { members } = quorumsOf(faults);
  const checkpointInterval = random.pick([4, 8, 16, 32]);
  const heartbeatMs = random.pick([100, 200, 250]);
  const network = drawNetwork(random);
  return {
    faults,
    members,
    replica: {
      checkpointInterval,
      window: 2 * checkpointInterval,
      pipeline: random.pick([1, 2, 4, 8]),
      heartbeatMs,
      viewTimeoutMs: Math.max(random.pick([600, 1000, 2000]), DELAYS_PER_VIEW * delayOf(network)),
      timeToleranceMs: SHORTEST_SESSION_MS / 4,
      retransmitMs: random.pick([100, 200]),
      batchRequests: random.pick([5, 50, 500]),
    },
    keeper: {
      ...KEEPER_DEFAULTS,
      minTimeoutMs: SHORTEST_SESSION_MS,
      heartbeatMs: 2 * heartbeatMs,
      names: Array.from({ length: members }, (_, i) => NAMES[i] ?? `member-${i}`),
    },
    network,
    load: drawLoad(random, delayOf(network)),
  };
}

function drawLoad(random: Prng, delayMs: Millis): LoadSetting {
  const paths = Array.from({ length: random.pick([2, 5, 12]) }, (_, i) => `/node-${i}`);
  return {
    clients: 2 + random.below(3),
    readers: random.below(3),
    operations: 20 + random.below(60),
    pipeline: random.pick([1, 2, 4]),
    paceMs: random.pick([30, 100, 200]),
    // Longer ones would make a client wait longer for a dead endpoint than a run may take to settle.
    sessionMs: Math.max(random.pick([SHORTEST_SESSION_MS, 4000, 9000]), DELAYS_PER_SESSION * delayMs),
    moveEveryMs: random.pick([0, 0, 700, 2500]),
    paths,
  };
}
