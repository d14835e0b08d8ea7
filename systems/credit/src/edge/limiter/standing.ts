/** How an account stands: what its links have left, when they are whole again, and what that means, in sentences. */

import type { Ledger } from '../../ledger/ledger.ts';
import type { CreditNetwork } from '../../network/network.ts';
import { debtAfter, settleRow } from '../../network/recovery.ts';

export interface LinkStanding {
  readonly with: string;
  /** Units that the account can pay over it now, and began with. */
  readonly left: number;
  readonly began: number;
}

export interface Standing {
  readonly account: string;
  /** Over all links. */
  readonly remaining: number;
  readonly limit: number;
  readonly linkCount: number;
  /** Links over which the account can pay nothing. */
  readonly spentLinks: number;
  /** Until all links are as they began; null if they do not recover. */
  readonly wholeInMs: number | null;
  /** The links with the least left, at most as many as were asked for. */
  readonly links: readonly LinkStanding[];
  readonly explanation: readonly string[];
}

/** Units that an account's links have left and began with, all recovered up to now. */
export function totalsOf(
  network: CreditNetwork,
  node: number,
): { readonly remaining: number; readonly limit: number } {
  settleRow(network, node);
  let [remaining, limit] = [0, 0];
  for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1) {
    remaining += network.out[at] as number;
    limit += network.base[at] as number;
  }
  return { remaining, limit };
}

/** Null if there is no such account. */
export function standingOf(
  ledger: Ledger,
  account: string,
  nowMs: number,
  linksMax: number,
): Standing | null {
  const { network, names } = ledger;
  const node = ledger.nodes.get(account);
  if (node === undefined) return null;
  const totals = totalsOf(network, node);
  const links: LinkStanding[] = [];
  let [spentLinks, worst] = [0, 0];
  for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1) {
    const [left, began] = [network.out[at] as number, network.base[at] as number];
    if (left < network.policy.grain) spentLinks += 1;
    worst = Math.max(worst, Math.abs(began - left));
    links.push({ with: names[network.targets[at] as number] ?? '', left, began });
  }
  links.sort((a, b) => a.left - b.left);
  const wholeInMs = untilWhole(network, worst, nowMs);
  const linkCount = links.length;
  const standing = { account, ...totals, linkCount, spentLinks, wholeInMs };
  return { ...standing, links: links.slice(0, linksMax), explanation: explain(standing, network) };
}

/** Until a debt of so many units is recovered, in whole periods from the current one on. */
export function untilWhole(network: CreditNetwork, units: number, nowMs: number): number | null {
  const { recovery } = network.policy;
  if (units === 0) return 0;
  if (recovery === null) return null;
  let periods = recovery.kind === 'linear' ? Math.ceil(units / recovery.units) : 0;
  if (recovery.kind === 'geometric') while (debtAfter(recovery, units, periods) > 0) periods += 1;
  return (network.period + periods) * recovery.everyMs - nowMs;
}

function explain(standing: Omit<Standing, 'links' | 'explanation'>, { policy }: CreditNetwork): string[] {
  const { account, remaining, limit, linkCount, spentLinks, wholeInMs } = standing;
  if (linkCount === 0) return [`${account} has no links: it can look at nobody else, and nobody else at it.`];
  const said = [
    `${account} can pay at most ${remaining} units now; its ${linkCount} links began with ${limit}.`,
  ];
  said.push(
    'A look at a friend is free; at anybody else it costs one unit for each link between them beyond the first.',
  );
  if (spentLinks === linkCount)
    said.push('All of its links are spent: only friends can be looked at until they recover.');
  else if (spentLinks > 0) said.push(`${spentLinks} of them are spent.`);
  if (remaining > limit) said.push('It has more than it began with: others have looked at it, or past it.');
  const { recovery } = policy;
  if (recovery?.kind === 'linear')
    said.push(`Each link recovers ${recovery.units} units every ${recovery.everyMs / 1000} s.`);
  if (wholeInMs !== null && wholeInMs > 0)
    said.push(`All will be as it began in ${Math.ceil(wholeInMs / 1000)} s.`);
  return said;
}
