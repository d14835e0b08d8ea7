/**
 * Another policy for a network that runs: a setting that turned out too tight or too loose. Links that began with the former
 * policy's credit begin with the new one's and keep what they owe; links made with credit of their own keep it.
 */

import { assert } from '@concordat/kernel';
import { forgetCuts } from '../network/cuts.ts';
import { type CreditNetwork, placeBetween } from '../network/network.ts';
import { settleRow } from '../network/recovery.ts';
import { type LinkPolicy, policyProblems } from '../policies/policy.ts';

/** O(links). Reservations stand as they were made. */
export function adoptPolicy(network: CreditNetwork, policy: LinkPolicy, nowMs: number): void {
  assert(policyProblems(policy).length === 0, 'the policy of a network is sound');
  assert(policy.isSymmetric === network.policy.isSymmetric, 'links have a direction or have none, for good');
  const former = network.policy;
  for (let node = 0; node < network.nodeCount; node += 1) settleRow(network, node);
  const period = policy.recovery === null ? 0 : Math.max(0, Math.floor(nowMs / policy.recovery.everyMs));
  network.policy = policy;
  network.period = period;
  network.stamps.fill(period);
  forgetCuts(network.cuts);
  // What is put by recovers from here on; a period's worth may be lost.
  for (const [pair, link] of network.parked) network.parked.set(pair, { ...link, period });
  const more = policy.credit - former.credit;
  if (more === 0) return;
  for (let node = 0; node < network.nodeCount; node += 1)
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
      if ((network.targets[at] as number) > node) shift(network, node, at, former.credit, more);
}

function shift(network: CreditNetwork, node: number, place: number, credit: number, more: number): void {
  const { base, out, back } = network;
  const twin = placeBetween(network, network.targets[place] as number, node);
  if (base[place] !== credit || base[twin] !== credit) return;
  const [own, other] = [(out[place] as number) + more, (back[place] as number) + more];
  // A direction that owes more than the new credit is empty, and so much more is taken from the other one.
  const lacking = Math.min(0, own) + Math.min(0, other);
  if (own + other < 0) return;
  base[place]! += more;
  base[twin]! += more;
  out[place] = back[twin] = Math.max(0, own) + (other > 0 ? lacking : 0);
  back[place] = out[twin] = Math.max(0, other) + (own > 0 ? lacking : 0);
}
