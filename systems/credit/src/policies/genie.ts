/**
 * Genie (CoNEXT 2012): looking at a profile is a payment over the friendship network. Friends look for free, others pay one
 * unit for each hop beyond the first; so a crawler, who must look at many and far ones, is limited by the links that honest
 * people gave him, however many accounts he has. Links recover by a fixed number of units each period.
 */

import type { Steps } from '../network/holds.ts';
import type { CreditNetwork } from '../network/network.ts';
import { placeBetween } from '../network/network.ts';
import { findSteps, type PaymentRequest, pay, type Refusal, type Router } from '../network/payment.ts';
import { findPath, type SearchBounds, UNBOUNDED } from '../network/search.ts';
import type { LinkPolicy } from './policy.ts';

export interface GenieSettings {
  /** Units that either end of a fresh link can pay over it. */
  readonly credit: number;
  /** Units by which a link recovers each period. */
  readonly replenish: number;
  readonly everyMs: number;
}

/** Views are paid at once: nothing is ever held. */
const UNUSED_HOLD_MS = 60_000;

export function genie({ credit, replenish, everyMs }: GenieSettings): LinkPolicy {
  return {
    name: 'genie',
    credit,
    grain: 1,
    recovery: { kind: 'linear', units: replenish, everyMs },
    isSymmetric: false,
    holdMs: UNUSED_HOLD_MS,
    onExpiry: 'release',
  };
}

export interface ViewRequest {
  readonly viewer: number;
  readonly viewed: number;
  readonly bounds?: SearchBounds;
  /** Exact unless told. */
  readonly route?: Router;
}

export type ViewRefusal = Refusal | 'unconnected';

export interface View {
  readonly isAllowed: boolean;
  /** Why not; null for a view that is allowed. */
  readonly why: ViewRefusal | null;
  /** Links between the two; 0 for oneself, and if there is no way at all. */
  readonly hops: number;
  /** Units: paid, or that would have had to be. */
  readonly cost: number;
  readonly steps: Steps;
}

const FREE: Steps = [];

/**
 * Links between two accounts, whatever they can pay; 0 if there is no way within the bounds. Exhausted links count: the price
 * depends on who knows whom, not on who paid before.
 */
export function hopsBetween(
  network: CreditNetwork,
  from: number,
  to: number,
  bounds: SearchBounds = UNBOUNDED,
): number {
  return placeBetween(network, from, to) >= 0 ? 1 : findPath(network, from, to, 0, bounds);
}

/** A view, paid for if it is allowed. */
export function view(network: CreditNetwork, request: ViewRequest): View {
  const { viewer, viewed, bounds = UNBOUNDED, route = findSteps } = request;
  if (viewer === viewed) return { isAllowed: true, why: null, hops: 0, cost: 0, steps: FREE };
  const hops = hopsBetween(network, viewer, viewed, bounds);
  if (hops === 0) {
    const isBound = network.search.dry === 'hops' || network.search.dry === 'visits';
    return { isAllowed: false, why: isBound ? 'too-far' : 'unconnected', hops: 0, cost: 0, steps: FREE };
  }
  const cost = hops - 1;
  if (cost === 0) return { isAllowed: true, why: null, hops, cost, steps: FREE };
  const payment: PaymentRequest = { from: viewer, to: viewed, amount: cost, bounds };
  const result = pay(network, payment, route);
  return result.ok
    ? { isAllowed: true, why: null, hops, cost, steps: result.steps }
    : { isAllowed: false, why: result.why, hops, cost, steps: FREE };
}
