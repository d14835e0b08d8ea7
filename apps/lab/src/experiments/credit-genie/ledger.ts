/**
 * A crawl whose books are checked: after every period all links are looked at, and what both ends of each can pay must be what both began with,
 * none of it below nothing.
 */

import {
  addAttackRegion,
  advance,
  type CreditNetwork,
  crawled,
  createCrawler,
  createNetwork,
  drawCrawlerView,
  drawHonestView,
  type GenieSettings,
  genie,
  HONEST_HABITS,
  settleRow,
  view,
} from '@concordat/credit';
import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';

export interface Books {
  /** Links whose two directions do not add up, or of which one is below nothing, over all looks. */
  readonly brokenLinks: number;
  readonly looks: number;
  readonly paid: number;
}

function brokenLinksOf(network: CreditNetwork): number {
  let broken = 0;
  for (let node = 0; node < network.nodeCount; node += 1) {
    settleRow(network, node);
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1) {
      const [own, other, began] = [network.out[at], network.back[at], network.base[at]] as [
        number,
        number,
        number,
      ];
      // Links of one policy begin with as much in both directions.
      if (own < 0 || other < 0 || own + other !== 2 * began) broken += 1;
    }
  }
  return broken;
}

/** Honest views and the crawler's in turn, for `periods`; `viewsPerPeriod` of each. */
export function auditCrawl(
  graph: Graph,
  policy: GenieSettings,
  attack: { readonly accounts: number; readonly attackLinks: number },
  periods: number,
  viewsPerPeriod: number,
): Books {
  const random = createPrng(11, 'audit');
  const network = createNetwork({ graph, policy: genie(policy), nowMs: 0 });
  const accounts = addAttackRegion(network, attack, random.fork('region'));
  const crawler = createCrawler(network, accounts, graph.nodeCount, 'random', random.fork('crawler'));
  let [brokenLinks, looks, paid] = [0, 0, 0];
  for (let period = 0; period < periods; period += 1) {
    advance(network, period * policy.everyMs);
    for (let turn = 0; turn < viewsPerPeriod; turn += 1) {
      const viewer = random.below(graph.nodeCount);
      paid += view(network, {
        viewer,
        viewed: drawHonestView(network, viewer, graph.nodeCount, HONEST_HABITS, random),
      }).isAllowed
        ? 1
        : 0;
      const attempt = drawCrawlerView(crawler);
      if (attempt !== null) crawled(crawler, view(network, attempt).isAllowed);
    }
    brokenLinks += brokenLinksOf(network);
    looks += 2 * network.linkCount;
  }
  return { brokenLinks, looks, paid };
}
