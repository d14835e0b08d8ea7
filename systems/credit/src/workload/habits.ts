/**
 * Who looks at whose profile: honest people look at few and mostly near ones, a crawler at many and far ones. Genie's whole
 * leverage is this difference (CoNEXT 2012). Draws come from a `Prng`, so that a lab, a test and a live trial play the same.
 */

import { assert, type Prng } from '@concordat/kernel';
import type { CreditNetwork } from '../network/network.ts';

export interface Habits {
  /** Shares of views by steps of a walk over friends: of friends, of their friends, and so on; the rest are of anyone. */
  readonly nearby: readonly number[];
}

/** Three quarters friends, most others friends of friends; our choice, to be replaced by what an application has logged. */
export const HONEST_HABITS: Habits = { nearby: [0.75, 0.17, 0.05] };

/** Whom an honest account looks at next, among the accounts below `honestCount`; itself if it has no way to anybody. */
export function drawHonestView(
  network: CreditNetwork,
  viewer: number,
  honestCount: number,
  habits: Habits,
  prng: Prng,
): number {
  let left = prng.unit();
  for (const [index, share] of habits.nearby.entries()) {
    left -= share;
    if (left < 0) return walk(network, viewer, index + 1, honestCount, prng);
  }
  return prng.below(honestCount);
}

/** Where so many random steps lead that do not turn round; steps to accounts beyond `honestCount` are not taken. */
function walk(network: CreditNetwork, from: number, steps: number, honestCount: number, prng: Prng): number {
  let [before, node] = [from, from];
  for (let step = 0; step < steps; step += 1) {
    const [start, end] = [network.starts[node] as number, network.ends[node] as number];
    if (start === end) return node;
    const next = network.targets[start + prng.below(end - start)] as number;
    if (next === before || next >= honestCount) continue;
    [before, node] = [node, next];
  }
  return node;
}

/** Which profiles a crawler goes for: any, by all of his accounts in turn; or the cheapest first, each by the account nearest to it. */
export type CrawlOrder = 'random' | 'nearest';

export interface Crawler {
  readonly order: CrawlOrder;
  /** His accounts, or by profile the one that is to look at it. */
  readonly viewers: Uint32Array;
  /** Profiles that he wants, in this order, round after round. */
  readonly wanted: Uint32Array;
  nextViewer: number;
  nextProfile: number;
}

/** A crawler that wants every profile below `honestCount`. */
export function createCrawler(
  network: CreditNetwork,
  accounts: readonly number[],
  honestCount: number,
  order: CrawlOrder,
  prng: Prng,
): Crawler {
  assert(accounts.length > 0 && honestCount > 0, 'a crawler has accounts, and somebody to look at');
  const start = { order, nextViewer: 0, nextProfile: 0 };
  if (order === 'nearest') return { ...start, ...nearestPairs(network, accounts, honestCount) };
  const wanted = Uint32Array.from({ length: honestCount }, (_, profile) => profile);
  for (let at = honestCount - 1; at > 0; at -= 1) {
    const other = prng.below(at + 1);
    [wanted[at], wanted[other]] = [wanted[other] as number, wanted[at] as number];
  }
  return { ...start, viewers: Uint32Array.from(accounts), wanted };
}

/** Honest accounts by their distance from the crawler's, each with the one of his that is nearest. */
function nearestPairs(
  network: CreditNetwork,
  accounts: readonly number[],
  honestCount: number,
): Pick<Crawler, 'viewers' | 'wanted'> {
  const viewerOf = new Int32Array(network.nodeCount).fill(-1);
  for (const account of accounts) viewerOf[account] = account;
  const order = [...accounts];
  for (const node of order)
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1) {
      const target = network.targets[at] as number;
      if (target >= honestCount || viewerOf[target] !== -1) continue;
      viewerOf[target] = viewerOf[node] as number;
      order.push(target);
    }
  const wanted = Uint32Array.from(order.slice(accounts.length));
  return { wanted, viewers: wanted.map((profile) => viewerOf[profile] as number) };
}

/** His next attempt; null if there is no profile in reach. */
export function drawCrawlerView(
  crawler: Crawler,
): { readonly viewer: number; readonly viewed: number } | null {
  const viewed = crawler.wanted[crawler.nextProfile];
  const viewer = crawler.viewers[crawler.nextViewer];
  return viewed === undefined || viewer === undefined ? null : { viewer, viewed };
}

/** Tells whether the last attempt got its profile. If not, another account tries it, or the next nearest profile is tried. */
export function crawled(crawler: Crawler, isSeen: boolean): void {
  const { order, viewers, wanted } = crawler;
  if (isSeen || order === 'nearest') crawler.nextProfile = (crawler.nextProfile + 1) % wanted.length;
  crawler.nextViewer = order === 'nearest' ? crawler.nextProfile : (crawler.nextViewer + 1) % viewers.length;
}
