/**
 * Genie's figure: how many profiles a crawler sees, against his accounts and against his attack links, while honest people go
 * about theirs; and how many of those are refused. Time goes in periods of the policy's recovery.
 */

import type { Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { advance, type CreditNetwork, createNetwork } from '../network/network.ts';
import { type GenieSettings, genie, view } from '../policies/genie.ts';
import { type AttackShape, addAttackRegion, cutCapacity } from './attack.ts';
import {
  type Crawler,
  type CrawlOrder,
  crawled,
  createCrawler,
  drawCrawlerView,
  drawHonestView,
  type Habits,
} from './habits.ts';

export interface CrawlSettings {
  /** Honest accounts and their links. */
  readonly graph: Graph;
  readonly policy: GenieSettings;
  readonly attack: AttackShape;
  readonly habits: Habits;
  readonly periods: number;
  /** Views of one honest account in a period, on average. */
  readonly honestViews: number;
  readonly order: CrawlOrder;
  /** The crawler stops for a period after so many attempts in a row that were refused or cost nothing and showed nothing new. */
  readonly patience: number;
}

export interface CrawlFigure {
  readonly honestViews: number;
  readonly honestRefused: number;
  /** Views that the crawler got; `free` of them cost nothing. */
  readonly crawlerViews: number;
  readonly crawlerFree: number;
  readonly crawlerRefused: number;
  /** Different profiles among them. */
  readonly profilesSeen: number;
  /** Units that crossed the cut from the crawler, net. */
  readonly unitsTaken: number;
  /** What the cut can give at most: credit of the attack links, and what they recover, g (c + r T). */
  readonly unitsBound: number;
}

interface Crawl {
  readonly settings: CrawlSettings;
  readonly network: CreditNetwork;
  readonly crawler: Crawler;
  readonly seen: Set<number>;
  readonly prng: Prng;
  readonly counts: {
    honestViews: number;
    honestRefused: number;
    crawlerViews: number;
    crawlerFree: number;
    crawlerRefused: number;
    paid: number;
  };
}

export function simulateCrawl(settings: CrawlSettings, prng: Prng): CrawlFigure {
  const { graph, policy, attack, periods } = settings;
  const network = createNetwork({ graph, policy: genie(policy), nowMs: 0 });
  const accounts = addAttackRegion(network, attack, prng.fork('region'));
  const crawler = createCrawler(network, accounts, graph.nodeCount, settings.order, prng.fork('crawler'));
  const counts = {
    honestViews: 0,
    honestRefused: 0,
    crawlerViews: 0,
    crawlerFree: 0,
    crawlerRefused: 0,
    paid: 0,
  };
  const crawl: Crawl = { settings, network, crawler, seen: new Set(), prng: prng.fork('turns'), counts };
  const began = cutCapacity(network, accounts, graph.nodeCount);
  for (let period = 0; period < periods; period += 1) {
    advance(network, period * policy.everyMs);
    playPeriod(crawl);
  }
  const { paid, ...figure } = counts;
  const recovered = attack.attackLinks * policy.replenish * (periods - 1);
  return { ...figure, profilesSeen: crawl.seen.size, unitsTaken: paid, unitsBound: began + recovered };
}

/** A crawler's attempts between two views of honest people, below this. */
const ATTEMPTS_MAX = 4;

/** The crawler takes what he can get from the beginning of a period on, among the views of honest people. */
function playPeriod(crawl: Crawl): void {
  const { settings, prng } = crawl;
  const views = Math.round(settings.graph.nodeCount * settings.honestViews);
  let vain = 0;
  for (let turn = 0; turn < views; turn += 1) {
    playHonest(crawl);
    for (let i = prng.below(ATTEMPTS_MAX); i > 0 && vain < settings.patience; i -= 1)
      vain = playCrawler(crawl) ? 0 : vain + 1;
  }
  while (vain < settings.patience) vain = playCrawler(crawl) ? 0 : vain + 1;
}

function playHonest({ settings, network, prng, counts }: Crawl): void {
  const honestCount = settings.graph.nodeCount;
  const viewer = prng.below(honestCount);
  const viewed = drawHonestView(network, viewer, honestCount, settings.habits, prng);
  if (viewed === viewer) return;
  counts.honestViews += 1;
  if (!view(network, { viewer, viewed }).isAllowed) counts.honestRefused += 1;
}

/** One attempt; whether it brought anything: credit and profiles are bounded, so a crawler with patience comes to an end. */
function playCrawler({ network, crawler, seen, counts }: Crawl): boolean {
  const attempt = drawCrawlerView(crawler);
  if (attempt === null) return false;
  const { isAllowed, cost } = view(network, attempt);
  crawled(crawler, isAllowed);
  if (!isAllowed) {
    counts.crawlerRefused += 1;
    return false;
  }
  const isNew = !seen.has(attempt.viewed);
  seen.add(attempt.viewed);
  counts.crawlerViews += 1;
  counts.paid += cost;
  if (cost === 0) counts.crawlerFree += 1;
  return isNew || cost > 0;
}
