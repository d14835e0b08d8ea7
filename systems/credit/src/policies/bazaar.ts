/**
 * Bazaar (NSDI 2011): a market's risk network. The weight of a link is the value of what its two ends have traded to their
 * satisfaction; a purchase needs a flow of its price between buyer and seller, reserved until the buyer has judged it. A good
 * purchase gives the flow back and adds its price to the link between the two; a fraud takes the flow away for good.
 */

import { growLink, link } from '../network/links.ts';
import type { CreditNetwork } from '../network/network.ts';
import { endHold } from '../network/payment.ts';
import type { LinkPolicy } from './policy.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface BazaarSettings {
  /** A purchase that nobody has judged by then counts as good. */
  readonly judgeWithinMs?: number;
}

/** Units are the smallest coin. Links begin with nothing: `link` gives what two accounts are trusted with from outside. */
export function bazaar({ judgeWithinMs = 60 * DAY_MS }: BazaarSettings = {}): LinkPolicy {
  return {
    name: 'bazaar',
    credit: 0,
    grain: 1,
    recovery: null,
    isSymmetric: true,
    holdMs: judgeWithinMs,
    onExpiry: 'release',
  };
}

/** Ends a purchase that was reserved from buyer to seller; false if it had ended. */
export function judgePurchase(network: CreditNetwork, token: number, isGood: boolean): boolean {
  const hold = endHold(network, token, isGood ? 'release' : 'forfeit');
  if (hold === null) return false;
  if (isGood) growLink(network, hold.from, hold.to, hold.amount);
  return true;
}

/** Trust from outside the market (a deposit, an insurance): capacity of `units` both ways. */
export const vouch = (network: CreditNetwork, a: number, b: number, units: number): boolean =>
  link(network, a, b, units, units);
