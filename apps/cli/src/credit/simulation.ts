/**
 * Genie's figure on a graph: what a crawler gets, once against his attack links and once against his accounts, while honest people go
 * about theirs. What should be seen: linear in links, flat in accounts, hardly anybody honest refused.
 */

import {
  type CrawlFigure,
  type CrawlOrder,
  type GenieSettings,
  HONEST_HABITS,
  simulateCrawl,
} from '@concordat/credit';
import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import type { Curves } from '@concordat/lab';
import { csvOf, type Value } from '../sybil/csv.ts';

export interface SimulationSettings {
  readonly policy: GenieSettings;
  readonly orders: readonly CrawlOrder[];
  /** Attack links to go through, with the last number of accounts. */
  readonly links: readonly number[];
  /** Accounts to go through, with the middle number of links. */
  readonly accounts: readonly number[];
  readonly periods: number;
  /** Views of an honest account in a period. */
  readonly honestViews: number;
  readonly patience: number;
  readonly dice: number;
}

export type Sweep = 'links' | 'accounts';

export interface Point {
  readonly sweep: Sweep;
  readonly order: CrawlOrder;
  readonly accounts: number;
  readonly links: number;
  readonly figure: CrawlFigure;
}

/** The points to be simulated, by sweep and order. */
export function planOf({ orders, links, accounts }: SimulationSettings): Omit<Point, 'figure'>[] {
  const most = accounts.at(-1) ?? 1;
  const middle = links[Math.floor(links.length / 2)] ?? 1;
  return orders.flatMap((order) => [
    ...links.map((count) => ({
      sweep: 'links' as const,
      order,
      accounts: Math.max(most, count),
      links: count,
    })),
    ...accounts.map((count) => ({ sweep: 'accounts' as const, order, accounts: count, links: middle })),
  ]);
}

export async function simulate(
  graph: Graph,
  settings: SimulationSettings,
  onProgress: (done: number, total: number) => void,
): Promise<Point[]> {
  const plan = planOf(settings);
  const points: Point[] = [];
  for (const point of plan) {
    const { policy, periods, honestViews, patience, dice } = settings;
    const attack = { accounts: point.accounts, attackLinks: point.links };
    const crawl = {
      graph,
      policy,
      attack,
      habits: HONEST_HABITS,
      periods,
      honestViews,
      order: point.order,
      patience,
    };
    points.push({ ...point, figure: simulateCrawl(crawl, createPrng(dice, 'crawl')) });
    onProgress(points.length, plan.length);
    // Signals and the meter get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return points;
}

export const POINT_COLUMNS = [
  'sweep',
  'order',
  'crawler_accounts',
  'attack_links',
  'crawler_views',
  'free_views',
  'profiles_seen',
  'units_taken',
  'units_bound',
  'crawler_refused',
  'honest_views',
  'honest_refused',
  'honest_refused_share',
] as const;

export const refusedShare = ({ honestViews, honestRefused }: CrawlFigure): number =>
  honestViews === 0 ? 0 : honestRefused / honestViews;

export const valuesOf = ({ sweep, order, accounts, links, figure }: Point): Value[] => [
  sweep,
  order,
  accounts,
  links,
  figure.crawlerViews,
  figure.crawlerFree,
  figure.profilesSeen,
  figure.unitsTaken,
  figure.unitsBound,
  figure.crawlerRefused,
  figure.honestViews,
  figure.honestRefused,
  refusedShare(figure),
];

export const pointsCsv = (points: readonly Point[]): Iterable<string> =>
  csvOf(POINT_COLUMNS, points.map(valuesOf));

export function pointsText(points: readonly Point[]): string {
  const titles = ['sweep', 'order', 'accounts', 'links', 'views', 'units', 'bound', 'honest refused'];
  const rows = points.map(({ sweep, order, accounts, links, figure }) => [
    sweep,
    order,
    String(accounts),
    String(links),
    String(figure.crawlerViews),
    String(figure.unitsTaken),
    String(figure.unitsBound),
    `${(100 * refusedShare(figure)).toFixed(2)} %`,
  ]);
  const lines = [titles, ...rows].map((row) =>
    row
      .map((cell, at) => (at < 2 ? cell.padEnd(9) : cell.padStart(Math.max(9, titles[at]?.length ?? 0))))
      .join(' '),
  );
  return `${lines.join('\n')}\n`;
}

/** Views that were paid, and what the cut can pay at most: a paid view costs at least one unit. */
export function figureOf(points: readonly Point[], sweep: Sweep): Curves {
  const shown = points.filter((point) => point.sweep === sweep);
  const at = (point: Point): number => (sweep === 'links' ? point.links : point.accounts);
  const orders = [...new Set(shown.map(({ order }) => order))];
  const first = shown.filter(({ order }) => order === orders[0]);
  const fixed = first[0];
  const setting = sweep === 'links' ? `${fixed?.accounts} accounts` : `${fixed?.links} attack links`;
  return {
    title: `What a crawler gets, by his ${sweep === 'links' ? 'attack links' : 'accounts'} (${setting})`,
    x: { name: sweep === 'links' ? 'attack links' : 'accounts of the crawler', isLog: sweep === 'accounts' },
    y: { name: 'views that are not of friends' },
    series: [
      ...orders.map((order) => ({
        name: order === 'nearest' ? 'nearest profiles first' : 'any profile',
        points: shown
          .filter((point) => point.order === order)
          .map((point): [number, number] => [
            at(point),
            point.figure.crawlerViews - point.figure.crawlerFree,
          ]),
      })),
      {
        name: 'bound: attack links x (credit + what they recover)',
        isDashed: true,
        points: first.map((point): [number, number] => [at(point), point.figure.unitsBound]),
      },
    ],
  };
}
