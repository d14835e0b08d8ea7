/**
 * The mechanisms of FlightPath (Li et al., OSDI 2008) as numbers and switches. Each switch turns one mechanism off and
 * nothing else, so that an ablation compares what is left with the whole; a session runs with all of them on.
 */

import type { FlightParameters } from '../config.ts';

export interface FlightPathPolicy {
  /** Permitted partners per round; null: max(4, ceil(log2 N)). 1 is BAR Gossip's single partner. */
  readonly candidates: number | null;
  /** Trades begun by others that a peer takes part in per round; null: every one (no reservations). */
  readonly acceptLimit: number | null;
  /** Bytes that a peer may upload per round; null: anything. */
  readonly capBytes: number | null;
  /** Share by which one side of a trade may give more than it gets. 0: strictly one for one. */
  readonly alpha: number;
  /** Most that one peer may be ahead of another, in packets. */
  readonly debtMax: number;
  /** Further trades in the same round when old rounds do not decode; 0: the trouble detector is off. */
  readonly troubleTrades: number;
  /** Closing rounds are asked for first. */
  readonly invertsTail: boolean;
  /** Concurrent trades ask for different packets. */
  readonly splitsNeed: boolean;
  /** Newcomers of an epoch choose partners by tub; otherwise all members are one tub. */
  readonly usesTubs: boolean;
}

/** Further trades of a peer in trouble, per round. */
export const TROUBLE_TRADES = 2;

/** All mechanisms, with the numbers that the stream's config has. */
export const policyOf = ({
  acceptLimit,
  capBytes,
  debtMax,
  imbalance,
}: FlightParameters): FlightPathPolicy => ({
  candidates: null,
  acceptLimit,
  capBytes,
  alpha: imbalance,
  debtMax,
  troubleTrades: TROUBLE_TRADES,
  invertsTail: true,
  splitsNeed: true,
  usesTubs: true,
});

/** Each mechanism off, by name. `no-code` is not among them: that is K = U in the stream's config. */
export const FLIGHTPATH_ABLATIONS = {
  'single-candidate': { candidates: 1 },
  'accept-all': { acceptLimit: null },
  'no-cap': { capBytes: null },
  'no-alpha': { alpha: 0 },
  'no-trouble-detector': { troubleTrades: 0 },
  'no-tail-inversion': { invertsTail: false },
  'no-splitting': { splitsNeed: false },
  'no-tubs': { usesTubs: false },
} as const satisfies Record<string, Partial<FlightPathPolicy>>;

/** How many partners a peer may choose from in a round, among `members`. */
export const candidatesOf = (policy: FlightPathPolicy, members: number): number =>
  policy.candidates ?? Math.max(4, Math.ceil(Math.log2(Math.max(2, members))));
