/**
 * A crawler's region: accounts without number behind a few attack edges. Links among them cost him nothing, so they hold as
 * much as he likes; what binds him are the links that honest people gave him.
 */

import { assert, type Prng } from '@concordat/kernel';
import { addAccount, link } from '../network/links.ts';
import type { CreditNetwork } from '../network/network.ts';

export interface AttackShape {
  readonly accounts: number;
  /** Links between his accounts and honest ones. */
  readonly attackLinks: number;
}

/** What a crawler gives to links among his own. */
const OWN_CREDIT = 2 ** 28;
const OWN_LINKS = 3;

/**
 * Adds the region to a network whose accounts are all honest, and returns its accounts. Attack links go to random honest accounts,
 * from the first of his in turn; every other account of his is linked to some of those.
 */
export function addAttackRegion(network: CreditNetwork, shape: AttackShape, prng: Prng): readonly number[] {
  const honestCount = network.nodeCount;
  const { accounts: count, attackLinks } = shape;
  assert(count > 0 && attackLinks <= count * honestCount, 'there are pairs enough for the attack links');
  const accounts = Array.from({ length: count }, () => addAccount(network));
  const holders = accounts.slice(0, Math.max(1, Math.min(count, attackLinks)));
  for (let made = 0; made < attackLinks; ) {
    const holder = holders[made % holders.length] as number;
    if (link(network, holder, prng.below(honestCount))) made += 1;
  }
  for (const [index, account] of accounts.entries()) {
    // Holders in a chain, so that all attack links serve all accounts.
    if (index > 0 && index < holders.length) link(network, account, holders[index - 1] as number, OWN_CREDIT);
    if (index < holders.length) continue;
    for (let i = 0; i < OWN_LINKS; i += 1) link(network, account, prng.pick(holders), OWN_CREDIT);
  }
  return accounts;
}

/** What the crawler's accounts can pay to honest ones right now: the capacity of his cut, in units. */
export function cutCapacity(
  network: CreditNetwork,
  accounts: readonly number[],
  honestCount: number,
): number {
  let units = 0;
  for (const account of accounts)
    for (let at = network.starts[account] as number; at < (network.ends[account] as number); at += 1) {
      const target = network.targets[at] as number;
      if (target < honestCount) units += network.out[at] as number;
    }
  return units;
}
