/** Genie's figure in a size that runs as a test: linear in attack links, flat in accounts, honest people hardly refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallWorld } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { type CrawlFigure, type CrawlOrder, HONEST_HABITS, simulateCrawl } from '../index.ts';

const DAY_MS = 86_400_000;
const GRAPH = smallWorld({ nodeCount: 600, reach: 6, rewiring: 0.1 }, createPrng(1));

function crawl(accounts: number, attackLinks: number, order: CrawlOrder, credit = 4): CrawlFigure {
  const settings = {
    graph: GRAPH,
    policy: { credit, replenish: 2, everyMs: DAY_MS },
    attack: { accounts, attackLinks },
    habits: HONEST_HABITS,
    periods: 6,
    honestViews: 5,
    order,
    patience: 200,
  };
  return simulateCrawl(settings, createPrng(7));
}

const refusedShare = ({ honestViews, honestRefused }: CrawlFigure): number => honestRefused / honestViews;

for (const order of ['random', 'nearest'] as const) {
  test(`${order}: a crawler's views grow with his attack links, and no faster`, () => {
    const figures = [5, 10, 20, 40].map((links) => ({ links, figure: crawl(100, links, order) }));
    for (const { links, figure } of figures) {
      assert.ok(figure.unitsTaken <= figure.unitsBound && figure.unitsTaken > 0.9 * figure.unitsBound);
      // Every view that was not free cost at least one unit.
      assert.ok(figure.crawlerViews - figure.crawlerFree <= links * (4 + 2 * 5));
      assert.ok(refusedShare(figure) < 0.02, `${100 * refusedShare(figure)} % of honest views refused`);
    }
    const [least, most] = [figures[0], figures[3]].map((point) => point?.figure.unitsTaken ?? 0);
    const ratio = (most ?? 0) / (least ?? 1);
    assert.ok(ratio > 7 && ratio < 9, `8 times the links, ${ratio} times the units`);
  });

  test(`${order}: more accounts give a crawler nothing`, () => {
    const [few, many] = [crawl(20, 20, order), crawl(2000, 20, order)];
    assert.ok(many.crawlerViews <= 1.05 * few.crawlerViews, `${few.crawlerViews} and ${many.crawlerViews}`);
    assert.equal(many.unitsBound, few.unitsBound);
    assert.ok(refusedShare(many) < 0.02);
  });
}

test('a crawler with more patience than there are profiles comes to an end: free looks bring nothing new', () => {
  const settings = {
    graph: GRAPH,
    policy: { credit: 2, replenish: 1, everyMs: DAY_MS },
    attack: { accounts: 10, attackLinks: 10 },
    habits: HONEST_HABITS,
    periods: 2,
    honestViews: 1,
    order: 'nearest' as const,
    patience: 3 * GRAPH.nodeCount,
  };
  const figure = simulateCrawl(settings, createPrng(2));
  assert.ok(figure.unitsTaken > 0 && figure.unitsTaken <= figure.unitsBound);
});

test('without attack links a crawler sees nothing; with too little credit honest people are refused, too', () => {
  const alone = crawl(50, 0, 'random');
  assert.deepEqual([alone.crawlerViews, alone.unitsTaken, alone.unitsBound], [0, 0, 0]);
  assert.ok(alone.crawlerRefused > 0);
  assert.equal(crawl(50, 0, 'nearest').crawlerViews, 0);
  const settings = {
    graph: GRAPH,
    policy: { credit: 1, replenish: 1, everyMs: 30 * DAY_MS },
    attack: { accounts: 1, attackLinks: 1 },
    habits: { nearby: [0, 0, 0.5] },
    periods: 2,
    honestViews: 20,
    order: 'random' as const,
    patience: 5,
  };
  assert.ok(refusedShare(simulateCrawl(settings, createPrng(3))) > 0.1);
});
