/** A crawl over HTTP: honest people and a crawler's accounts ask one server for profiles, and count what they get. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { smallWorld } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  type AttackShape,
  addAttackRegion,
  type Crawler,
  type CreditNetwork,
  crawled,
  createCrawler,
  createNetwork,
  drawCrawlerView,
  drawHonestView,
  genie,
  HONEST_HABITS,
} from '../../index.ts';

export interface TrialSettings {
  readonly directory: string;
  readonly honest: number;
  readonly attack: AttackShape;
  readonly credit: number;
  readonly replenish: number;
}

export interface Trial {
  readonly settings: TrialSettings;
  /** Who is linked with whom, to draw from: what links can pay, only the server knows. */
  readonly network: CreditNetwork;
  readonly crawler: Crawler;
  readonly linksFile: string;
  readonly prng: Prng;
  readonly agent: Agent;
  server: { readonly child: ChildProcess; readonly port: number } | null;
  honestViews: number;
  honestRefused: number;
  crawlerViews: number;
  /** Units of views that the crawler was told he has got: each was acknowledged. */
  crawlerUnits: number;
}

export function createTrial(settings: TrialSettings, seed: number): Trial {
  const prng = createPrng(seed, 'trial');
  const graph = smallWorld({ nodeCount: settings.honest, reach: 8, rewiring: 0.1 }, prng);
  const network = createNetwork({
    graph,
    policy: genie({ credit: settings.credit, replenish: settings.replenish, everyMs: 86_400_000 }),
    nowMs: 0,
  });
  const accounts = addAttackRegion(network, settings.attack, prng);
  const lines: string[] = [];
  for (let node = 0; node < network.nodeCount; node += 1)
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
      if ((network.targets[at] as number) > node) lines.push(`a${node},a${network.targets[at]}`);
  const linksFile = `${settings.directory}.links`;
  writeFileSync(linksFile, lines.join('\n'));
  return {
    settings,
    network,
    crawler: createCrawler(network, accounts, settings.honest, 'random', prng),
    linksFile,
    prng,
    agent: new Agent({ keepAlive: true, maxSockets: 16 }),
    server: null,
    honestViews: 0,
    honestRefused: 0,
    crawlerViews: 0,
    crawlerUnits: 0,
  };
}

export async function startServer(trial: Trial): Promise<void> {
  const { directory, credit, replenish } = trial.settings;
  const script = fileURLToPath(new URL('crawl-server.js', import.meta.url));
  const child = fork(script, [directory, trial.linksFile, `${credit}`, `${replenish}`]);
  const [port] = (await once(child, 'message')) as [number];
  trial.server = { child, port };
}

export async function killServer(trial: Trial): Promise<void> {
  const { server } = trial;
  if (server === null) return;
  trial.server = null;
  server.child.kill('SIGKILL');
  await once(server.child, 'exit');
}

interface Answer {
  readonly status: number;
  readonly cost: number;
}

/** Null if the server went away before it answered. */
function ask(trial: Trial, method: string, path: string, account: string): Promise<Answer | null> {
  const { server, agent } = trial;
  if (server === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const headers = { 'x-account': account };
    const call = request(
      { agent, port: server.port, host: '127.0.0.1', method, path, headers },
      (response) => {
        const limit = String(response.headers['ratelimit'] ?? '');
        response.resume().on('error', () => resolve(null));
        const cost = Number(/concordat-cost=(\d+)/.exec(limit)?.[1] ?? 0);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, cost }));
      },
    );
    call.on('error', () => resolve(null));
    call.end();
  });
}

export const nextDay = (trial: Trial): Promise<Answer | null> => ask(trial, 'POST', '/day', 'clock');

/** One view of an honest account. */
export async function lookHonestly(trial: Trial): Promise<void> {
  const { network, prng, settings } = trial;
  const viewer = prng.below(settings.honest);
  const viewed = drawHonestView(network, viewer, settings.honest, HONEST_HABITS, prng);
  if (viewer === viewed) return;
  const answer = await ask(trial, 'GET', `/profiles/a${viewed}`, `a${viewer}`);
  if (answer === null) return;
  trial.honestViews += 1;
  if (answer.status === 429) trial.honestRefused += 1;
}

/** One attempt of the crawler; false if it was refused or nobody answered. */
export async function crawl(trial: Trial): Promise<boolean> {
  const attempt = drawCrawlerView(trial.crawler);
  if (attempt === null) return false;
  // The next attempt is another one, whether or not this has been answered.
  crawled(trial.crawler, true);
  const answer = await ask(trial, 'GET', `/profiles/a${attempt.viewed}`, `a${attempt.viewer}`);
  if (answer?.status !== 200) return false;
  trial.crawlerViews += 1;
  trial.crawlerUnits += answer.cost;
  return true;
}

/** So many rounds in which ten honest people and four accounts of the crawler ask at a time, or until somebody says stop. */
export async function playRounds(
  trial: Trial,
  rounds: number,
  isOver: () => boolean = () => false,
): Promise<void> {
  const HONEST_AT_ONCE = 10;
  const CRAWLERS_AT_ONCE = 4;
  for (let round = 0; round < rounds && !isOver(); round += 1)
    await Promise.all([
      ...Array.from({ length: HONEST_AT_ONCE }, () => lookHonestly(trial)),
      ...Array.from({ length: CRAWLERS_AT_ONCE }, () => crawl(trial)),
    ]);
}

export interface TrialFigure {
  readonly attackLinks: number;
  readonly accounts: number;
  readonly crawlerViews: number;
  readonly crawlerUnits: number;
  /** What the links give at most in these days. */
  readonly unitsBound: number;
  readonly honestViews: number;
  readonly honestRefused: number;
}

/** One point of Genie's figure, live: a server of its own, so many days of so many rounds. */
export async function playTrial(
  settings: TrialSettings,
  days: number,
  rounds: number,
  seed: number,
): Promise<TrialFigure> {
  const trial = createTrial(settings, seed);
  const { attackLinks, accounts } = settings.attack;
  try {
    await startServer(trial);
    for (let day = 0; day < days; day += 1) {
      if (day > 0) await nextDay(trial);
      await playRounds(trial, rounds);
    }
  } finally {
    await killServer(trial);
    trial.agent.destroy();
  }
  const { crawlerViews, crawlerUnits, honestViews, honestRefused } = trial;
  const unitsBound = attackLinks * (settings.credit + (days - 1) * settings.replenish);
  return { attackLinks, accounts, crawlerViews, crawlerUnits, unitsBound, honestViews, honestRefused };
}
