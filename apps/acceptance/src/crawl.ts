/**
 * A Fastify server with the limiter, a thousand honest people, and a crawler with up to ten thousand accounts: what he sees against
 * his attack links and against his accounts (Genie, CoNEXT 2012), over sockets, with charges that are durable before they are answered.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playTrial, type TrialFigure } from '@concordat/credit/trial';
import { drawCurves } from '@concordat/lab';
import type { Acceptance, Trial } from './trial.ts';

const HONEST = 1000;
const CREDIT = 5;
const REPLENISH = 2;
const DAYS = 3;
/** In each, ten honest people and four accounts of the crawler ask at a time. */
const ROUNDS_A_DAY = 100;
const LINKS = [5, 10, 20, 40];
const ACCOUNTS = [10, 100, 1000];
const MOST_ACCOUNTS = 10_000;
const USUAL_LINKS = 20;
/** Of honest views, at most. */
const REFUSED = 0.02;

export const crawl: Acceptance = {
  name: 'crawl',
  summary: 'a server with the limiter under a crawl: do more accounts bring a crawler anything?',
  needs: [],
  deadlineMs: 240_000,
  run: runCrawl,
};

async function runCrawl(trial: Trial): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-crawl-'));
  try {
    const byLinks: TrialFigure[] = [];
    for (const links of LINKS) byLinks.push(await play(trial, folder, MOST_ACCOUNTS, links));
    const byAccounts: TrialFigure[] = [];
    for (const accounts of ACCOUNTS) byAccounts.push(await play(trial, folder, accounts, USUAL_LINKS));
    byAccounts.push(...byLinks.filter(({ attackLinks }) => attackLinks === USUAL_LINKS));
    judge(trial, byLinks, byAccounts);
    mkdirSync(trial.out, { recursive: true });
    const file = join(trial.out, 'crawl.svg');
    writeFileSync(file, figureOf(byLinks, byAccounts));
    trial.note(`the figure is in ${file}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function play(
  trial: Trial,
  folder: string,
  accounts: number,
  attackLinks: number,
): Promise<TrialFigure> {
  const directory = join(folder, `${accounts}-${attackLinks}`);
  const attack = { accounts, attackLinks };
  const settings = { directory, honest: HONEST, attack, credit: CREDIT, replenish: REPLENISH };
  trial.signal.throwIfAborted();
  const figure = await playTrial(settings, DAYS, ROUNDS_A_DAY, 1);
  const { crawlerViews, crawlerUnits, unitsBound, honestViews, honestRefused } = figure;
  trial.note(
    `${accounts} accounts, ${attackLinks} attack links: ${crawlerViews} views for ${crawlerUnits} of at most ${unitsBound} units;` +
      ` ${honestRefused} of ${honestViews} honest views refused`,
  );
  return figure;
}

function judge(trial: Trial, byLinks: readonly TrialFigure[], byAccounts: readonly TrialFigure[]): void {
  const all = [...byLinks, ...byAccounts];
  trial.check(
    all.every(
      ({ crawlerUnits, unitsBound }) => crawlerUnits <= unitsBound && crawlerUnits > 0.8 * unitsBound,
    ),
    'a crawler gets what his links give, and never more',
  );
  const [least, most] = [byLinks[0], byLinks.at(-1)];
  const ratio = (most?.crawlerUnits ?? 0) / (least?.crawlerUnits ?? 1);
  const times = (most?.attackLinks ?? 0) / (least?.attackLinks ?? 1);
  trial.check(
    ratio > 0.8 * times && ratio < 1.25 * times,
    `${times} times the attack links give ${ratio.toFixed(2)} times the units`,
  );
  const [few, many] = [byAccounts[0], byAccounts.at(-1)];
  trial.check(
    (many?.crawlerViews ?? 0) <= (few?.crawlerViews ?? 0),
    `a thousand times the accounts give no more views: ${few?.crawlerViews} and ${many?.crawlerViews}`,
  );
  const worst = Math.max(...all.map(({ honestRefused, honestViews }) => honestRefused / honestViews));
  trial.check(
    worst < REFUSED,
    `at most ${(100 * worst).toFixed(2)} % of honest views refused, below ${100 * REFUSED} %`,
  );
}

const figureOf = (byLinks: readonly TrialFigure[], byAccounts: readonly TrialFigure[]): string =>
  drawCurves({
    title: 'Profiles that a crawler sees at a live server',
    series: [
      {
        name: `${MOST_ACCOUNTS} accounts, by attack links`,
        points: byLinks.map(({ attackLinks, crawlerViews }) => [attackLinks, crawlerViews] as const),
      },
      {
        name: `${USUAL_LINKS} attack links, by accounts`,
        points: byAccounts.map(({ accounts, crawlerViews }) => [accounts, crawlerViews] as const),
      },
    ],
    x: { name: 'attack links, or accounts', isLog: true },
    y: { name: 'views in three days' },
  });
