/**
 * Ostra (NSDI 2008): unwanted messages are bounded by trust links, not by identities. The balance of a link stays in
 * [-credit, credit]; a message reserves one token along a path, unwanted ones are committed, others released; balances decay.
 */

import type { LinkPolicy } from './policy.ts';

/** Units in one token: a tenth of a day's decay is still a whole number. */
export const OSTRA_TOKEN = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface OstraSettings {
  /** Tokens from balance zero to either bound. */
  readonly tokens?: number;
  /** Share of a balance that decays in a day. */
  readonly decayPerDay?: number;
  /** A message that nobody has classified by then is classified as nobody complained of. */
  readonly classifyWithinMs?: number;
}

/** Deviation: what becomes of an unclassified message is not known of the paper; here it is released, as what nobody minded. */
export function ostra(settings: OstraSettings = {}): LinkPolicy {
  const { tokens = 3, decayPerDay = 0.1, classifyWithinMs = 7 * DAY_MS } = settings;
  return {
    name: 'ostra',
    credit: tokens * OSTRA_TOKEN,
    grain: OSTRA_TOKEN,
    recovery: { kind: 'geometric', share: decayPerDay, everyMs: DAY_MS },
    isSymmetric: false,
    holdMs: classifyWithinMs,
    onExpiry: 'release',
  };
}
