/**
 * Reservations that stand: units that have left the direction they were taken from and have arrived nowhere yet. Bounded in
 * number; each stands equally long, so they expire in the order in which they were made.
 */

/** Flat triples: payer, payee, units, of one link after the other. */
export type Steps = readonly number[];

export interface Hold {
  readonly token: number;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly expiresAtMs: number;
  readonly steps: Steps;
}

export interface Holds {
  /** By token, the oldest first. */
  readonly byToken: Map<number, Hold>;
  /** How many may stand at a time; more are refused. */
  max: number;
  nextToken: number;
  /** Expiry never goes back, whatever the caller's clock does. */
  lastExpiryMs: number;
}

const DEFAULT_MAX = 100_000;

export const createHolds = (max = DEFAULT_MAX): Holds => ({
  byToken: new Map(),
  max,
  nextToken: 1,
  lastExpiryMs: 0,
});

/** Tokens of at most `limit` reservations that are over at `nowMs`, the oldest first. */
export function expired(holds: Holds, nowMs: number, limit: number): number[] {
  const tokens: number[] = [];
  for (const { token, expiresAtMs } of holds.byToken.values()) {
    if (expiresAtMs > nowMs || tokens.length === limit) break;
    tokens.push(token);
  }
  return tokens;
}
