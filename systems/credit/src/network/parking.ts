/**
 * Links that were removed while somebody owed something over them: they are put by as they are, recover, and see their reservations
 * end. Who ends a friendship and makes it again has the link that he had: nothing is gained by it, and nothing lost.
 */

import type { HoldOutcome, LinkPolicy } from '../policies/policy.ts';
import { type CreditNetwork, type ParkedLink, pairKey, placeBetween } from './network.ts';
import { recovering, settleLink } from './recovery.ts';

/** Beyond this those that were removed first are forgotten: made again, they are fresh. */
const PARKED_MAX = 1_000_000;

/** Puts the link by, unless it is as it began. */
export function park(network: CreditNetwork, a: number, b: number): void {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const place = placeBetween(network, low, high);
  settleLink(network, low, place);
  const parked: ParkedLink = {
    low: [network.out[place] as number, network.base[place] as number],
    high: [network.back[place] as number, network.base[placeBetween(network, high, low)] as number],
    period: network.period,
  };
  if (isFresh(parked)) return;
  network.parked.set(pairKey(a, b), parked);
  if (network.parked.size <= PARKED_MAX) return;
  const first = network.parked.keys().next().value;
  if (first !== undefined) network.parked.delete(first);
}

/** Takes the link out again; null if there is none, or it has become as it began. */
export function unpark(network: CreditNetwork, a: number, b: number): ParkedLink | null {
  const key = pairKey(a, b);
  const found = network.parked.get(key);
  if (found === undefined) return null;
  network.parked.delete(key);
  const settled = settleParked(network, found);
  return isFresh(settled) ? null : settled;
}

const isFresh = ({ low, high }: ParkedLink): boolean => low[0] === low[1] && high[0] === high[1];

function settleParked({ policy, period }: CreditNetwork, parked: ParkedLink): ParkedLink {
  if (policy.recovery === null || parked.period === period) return parked;
  const units = recovering(policy.recovery, period - parked.period, parked.low, parked.high);
  const [low, high] = [parked.low[0] - units, parked.high[0] + units];
  return { low: [low, parked.low[1]], high: [high, parked.high[1]], period };
}

/** What the end of a reservation means for one link: changes of what payer and payee can pay, and of what they began with. */
export interface StepEnd {
  readonly payer: number;
  readonly payee: number;
  readonly payerBase: number;
  readonly payeeBase: number;
}

/** `payerBase`: what the payer's direction began with. */
export function stepEnd(policy: LinkPolicy, outcome: HoldOutcome, units: number, payerBase: number): StepEnd {
  const unchanged: StepEnd = { payer: 0, payee: 0, payerBase: 0, payeeBase: 0 };
  if (outcome === 'release') return { ...unchanged, payer: units, payee: policy.isSymmetric ? units : 0 };
  if (policy.isSymmetric) return { ...unchanged, payerBase: -units, payeeBase: -units };
  if (outcome === 'commit') return { ...unchanged, payee: units };
  // What is gone for good is no balance that could recover. Who had received more than he began with loses that, too.
  const own = Math.min(units, payerBase);
  return { ...unchanged, payerBase: -own, payeeBase: own - units };
}

/** Ends a reservation's part on a link that was removed. */
export function endParked(
  network: CreditNetwork,
  from: number,
  to: number,
  units: number,
  outcome: HoldOutcome,
): void {
  const found = network.parked.get(pairKey(from, to));
  if (found === undefined) return;
  const { low, high, period } = settleParked(network, found);
  const [payer, payee] = from < to ? [low, high] : [high, low];
  const end = stepEnd(network.policy, outcome, units, payer[1]);
  const own: [number, number] = [payer[0] + end.payer, payer[1] + end.payerBase];
  const other: [number, number] = [payee[0] + end.payee, payee[1] + end.payeeBase];
  network.parked.set(pairKey(from, to), {
    low: from < to ? own : other,
    high: from < to ? other : own,
    period,
  });
}
