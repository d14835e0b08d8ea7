/**
 * Genie (CoNEXT 2012): what a crawler sees of a social network where looking at a profile is a payment over friendships: by the links that honest
 * people gave him, by the accounts that he made, with links that recover every day and within one day; and how many honest views are refused.
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
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, exactly, type Finding } from '../../finding.ts';
import {
  COMMUNITIES,
  chooseGraph,
  DEEZER,
  EGO_FACEBOOK,
  EPINIONS,
  type GraphChoice,
} from '../../harness/real-graphs.ts';
import { auditCrawl, type Books } from './ledger.ts';

interface Parameters {
  readonly choice: GraphChoice;
  /** There one crawl is looked at for what honest people notice of it. */
  readonly others: readonly GraphChoice[];
  readonly policy: GenieSettings;
  /** Days on which links recover; in between 1 day for crawls without. */
  readonly days: number;
  readonly honestViews: number;
  readonly attackLinks: readonly number[];
  readonly accounts: readonly number[];
}

interface Row {
  readonly order: CrawlOrder;
  readonly recovers: boolean;
  readonly attackLinks: number;
  readonly accounts: number;
  readonly figure: CrawlFigure;
}

interface Data {
  readonly graph: string;
  readonly days: number;
  readonly honestViews: number;
  readonly rows: readonly Row[];
  /** One crawl on each other graph. */
  readonly others: readonly { readonly graph: string; readonly figure: CrawlFigure }[];
  readonly books: Books;
}

/** Where one of the two varies, the other is this. */
const LINKS = 20;
const ACCOUNTS = 100;
/** Refusals in a row after which a crawler waits for the next day; fewer than there are profiles, or friends of his would keep him going for ever. */
const PATIENCE = 200;
const AUDITED_VIEWS = 2000;

type Trial = Omit<Row, 'figure'>;

function trialsOf({ attackLinks, accounts }: Parameters): Trial[] {
  const byLinks = attackLinks.map((links) => ({ attackLinks: links, accounts: ACCOUNTS }));
  const byAccounts = accounts.map((count) => ({ attackLinks: LINKS, accounts: count }));
  const both = [...byLinks, ...byAccounts];
  return [
    ...both.map((shape): Trial => ({ order: 'random', recovers: true, ...shape })),
    ...byAccounts.map((shape): Trial => ({ order: 'nearest', recovers: true, ...shape })),
    ...both.map((shape): Trial => ({ order: 'random', recovers: false, ...shape })),
  ];
}

function crawl(graph: Graph, { policy, days, honestViews }: Parameters, trial: Trial): CrawlFigure {
  const { attackLinks, accounts, order, recovers } = trial;
  const settings = {
    graph,
    policy,
    attack: { accounts, attackLinks },
    habits: HONEST_HABITS,
    periods: recovers ? days : 1,
    honestViews,
    order,
    patience: PATIENCE,
  };
  return simulateCrawl(settings, createPrng(7, 'crawl'));
}

function told({ attackLinks, accounts, order, recovers }: Trial, figure: CrawlFigure): string {
  return (
    `${attackLinks} links, ${accounts} accounts, ${order}${recovers ? '' : ', one day'}: ` +
    `${figure.crawlerViews} views, ${figure.unitsTaken} of ${figure.unitsBound} units, ` +
    `${(100 * refusedShare(figure)).toFixed(2)} % of honest views refused`
  );
}

async function run(parameters: Parameters, progress: (line: string) => void): Promise<Data> {
  const { choice, policy, days, honestViews } = parameters;
  const { name, graph } = await chooseGraph(choice, progress);
  const rows = trialsOf(parameters).map((trial): Row => {
    const figure = crawl(graph, parameters, trial);
    progress(told(trial, figure));
    return { ...trial, figure };
  });
  const others: { graph: string; figure: CrawlFigure }[] = [];
  for (const other of parameters.others) {
    const chosen = await chooseGraph(other, progress);
    const trial: Trial = { order: 'random', recovers: true, attackLinks: LINKS, accounts: ACCOUNTS };
    const figure = crawl(chosen.graph, parameters, trial);
    progress(`${chosen.name}: ${told(trial, figure)}`);
    others.push({ graph: chosen.name, figure });
  }
  const books = auditCrawl(graph, policy, { accounts: ACCOUNTS, attackLinks: LINKS }, days, AUDITED_VIEWS);
  return { graph: name, days, honestViews, rows, others, books };
}

const refusedShare = ({ honestViews, honestRefused }: CrawlFigure): number => honestRefused / honestViews;

const byLinksOf = ({ rows }: Data, recovers: boolean): Row[] =>
  rows.filter((row) => row.order === 'random' && row.recovers === recovers && row.accounts === ACCOUNTS);

const byAccountsOf = ({ rows }: Data, order: CrawlOrder, recovers: boolean): Row[] =>
  rows
    .filter((row) => row.order === order && row.recovers === recovers && row.attackLinks === LINKS)
    .sort((a, b) => a.accounts - b.accounts);

/** The largest over the smallest. */
const spreadOf = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);

const REFUSED_BEFORE = 'about 1.4 % of activity flagged (RenRen; quoted from memory)';

function findingsOf(data: Data): Finding[] {
  const { graph, rows, others, books } = data;
  const [few, many] = [byAccountsOf(data, 'random', true)[0], byAccountsOf(data, 'random', true).at(-1)];
  const growth = (order: CrawlOrder, recovers: boolean): number => {
    const own = byAccountsOf(data, order, recovers);
    const views = own.map(({ figure }) => figure.crawlerViews);
    return Math.max(...views) / (views[0] ?? Number.NaN);
  };
  const linear = [true, false].map((recovers) =>
    atMost(
      `${graph}: units that a crawler takes for each attack link, most over least, ${recovers ? `${data.days} days` : 'one day'}`,
      spreadOf(byLinksOf(data, recovers).map(({ figure, attackLinks }) => figure.unitsTaken / attackLinks)),
      1.15,
      { published: 'linear in attack links' },
    ),
  );
  const flat = (
    [
      ['random', true],
      ['nearest', true],
      ['random', false],
    ] as const
  ).map(([order, recovers]) =>
    atMost(
      `${graph}: views with any number of accounts, up to ${many?.accounts}, over those with ${few?.accounts}, ${order} profiles, ${recovers ? `${data.days} days` : 'one day'}`,
      growth(order, recovers),
      1.05,
      { published: 'independent of accounts' },
    ),
  );
  return [
    ...linear,
    ...flat,
    atMost(
      `${graph}: units taken over what the cut gives, g (c + r T), the most of all crawls`,
      Math.max(...rows.map(({ figure }) => figure.unitsTaken / figure.unitsBound)),
      1,
    ),
    atLeast(
      `${graph}: the same, the least: crawlers do take it`,
      Math.min(...rows.map(({ figure }) => figure.unitsTaken / figure.unitsBound)),
      0.85,
      { remark: 'one who wants random profiles waits for some whose own links are used up' },
    ),
    atMost(
      `${graph}: share of honest views refused, the most of all crawls`,
      Math.max(...rows.map(({ figure }) => refusedShare(figure))),
      0.02,
      { published: REFUSED_BEFORE },
    ),
    ...others.map(({ graph: other, figure }) =>
      atMost(`${other}: share of honest views refused during a crawl`, refusedShare(figure), 0.02, {
        published: REFUSED_BEFORE,
      }),
    ),
    exactly(`${graph}: links whose units are not conserved or below nothing`, books.brokenLinks, 0, {
      remark: `${books.looks} looks at links`,
    }),
  ];
}

function draw(data: Data): string {
  const points = (own: readonly Row[], x: (row: Row) => number) =>
    own.map((row): [number, number] => [x(row), row.figure.crawlerViews]).sort(([a], [b]) => a - b);
  const accounts = byAccountsOf(data, 'random', true);
  return drawCurves({
    title: `What a crawler sees in ${data.days} days, ${data.graph}`,
    series: [
      {
        name: `by attack links, ${ACCOUNTS} accounts`,
        points: points(byLinksOf(data, true), (row) => row.attackLinks),
      },
      { name: `by accounts, ${LINKS} attack links`, points: points(accounts, (row) => row.accounts) },
      {
        name: 'the same, nearest profiles first',
        points: points(byAccountsOf(data, 'nearest', true), (row) => row.accounts),
      },
      {
        name: 'by accounts, one day',
        points: points(byAccountsOf(data, 'random', false), (row) => row.accounts),
      },
      {
        name: 'by accounts, if each could do what an honest one does',
        isDashed: true,
        points: accounts
          .map((row): [number, number] => [row.accounts, row.accounts * data.days * data.honestViews])
          .sort(([a], [b]) => a - b),
      },
    ],
    x: { name: 'attack links, or accounts', isLog: true },
    y: { name: 'profiles looked at', isLog: true },
  });
}

const DAY_MS = 86_400_000;

export const creditGenie: Experiment<Parameters, Data> = {
  name: 'credit-genie',
  claim:
    'What a crawler sees grows with the links that honest people give him, not with his accounts, and honest people hardly notice.',
  source: 'Genie (CoNEXT 2012)',
  small: {
    choice: COMMUNITIES,
    others: [],
    policy: { credit: 4, replenish: 2, everyMs: DAY_MS },
    days: 3,
    honestViews: 5,
    attackLinks: [10, 40],
    accounts: [20, 2000],
  },
  full: {
    choice: EGO_FACEBOOK,
    others: [DEEZER, EPINIONS],
    policy: { credit: 4, replenish: 2, everyMs: DAY_MS },
    days: 14,
    honestViews: 5,
    attackLinks: [5, 10, 20, 40, 80, 160],
    accounts: [1, 10, 1000, 10_000],
  },
  run,
  assert: findingsOf,
  draw,
};
