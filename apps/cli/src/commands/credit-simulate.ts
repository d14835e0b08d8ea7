/** `concordat credit simulate`: what a limit over links leaves to a crawler, and whom it refuses, before anybody is limited by it. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CrawlOrder } from '@concordat/credit';
import { type Graph, largestComponent, smallWorld } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  figureOf,
  POINT_COLUMNS,
  type Point,
  pointsCsv,
  pointsText,
  refusedShare,
  type SimulationSettings,
  simulate,
  valuesOf,
} from '../credit/simulation.ts';
import { CommandError, messageOf } from '../errors.ts';
import { createMeter } from '../sybil/meter.ts';
import { writeParts } from '../sybil/output.ts';
import { natural } from './natural.ts';
import { type GraphFlags, graphOptions, openNamed } from './sybil-input.ts';

interface SimulateFlags extends GraphFlags {
  readonly accounts: number;
  readonly credit: number;
  readonly replenish: number;
  readonly attackLinks: readonly number[];
  readonly crawlerAccounts: readonly number[];
  readonly order: CrawlOrder | 'both';
  readonly periods: number;
  readonly honestViews: number;
  readonly patience: number;
  readonly dice: number;
  readonly format: 'text' | 'csv' | 'json';
  readonly out?: string;
}

function ascending(text: string): readonly number[] {
  const values = text.split(',').map((part) => natural(part.trim()));
  if (values.some((value, at) => value < 1 || value <= (values[at - 1] ?? 0)))
    throw new InvalidArgumentError('Must be numbers from 1 on, ascending, with commas.');
  return values;
}

const say = (line: string): void => void process.stderr.write(`credit: ${line}\n`);

const PERIOD_MS = 86_400_000;

export const simulateCommand = (): Command =>
  graphOptions(
    new Command('simulate')
      .description('what a limit over links leaves to a crawler, and whom it refuses, on a graph')
      .argument('[graph]', 'who knows whom; a generated small world unless given'),
  )
    .option('--accounts <n>', 'of the generated graph', natural, 1000)
    .option('--credit <units>', 'that either end of a fresh link can pay over it', natural, 4)
    .option('--replenish <units>', 'that a link recovers each period', natural, 2)
    .option(
      '--attack-links <list>',
      'to go through: links that honest people gave the crawler',
      ascending,
      [5, 10, 20, 40],
    )
    .option('--crawler-accounts <list>', 'to go through', ascending, [50, 200, 1000, 5000])
    .addOption(
      new Option('--order <name>', 'which profiles he goes for')
        .choices(['random', 'nearest', 'both'])
        .default('both'),
    )
    .option('--periods <n>', 'of recovery', natural, 7)
    .option('--honest-views <n>', 'of an honest account in a period', natural, 5)
    .option(
      '--patience <n>',
      'attempts in a row that bring nothing, after which the crawler waits for the next period',
      natural,
      200,
    )
    .option('--dice <n>', 'another number, other draws', natural, 1)
    .addOption(new Option('--format <name>').choices(['text', 'csv', 'json']).default('text'))
    .option('--out <directory>', 'points.csv, by-links.svg and by-accounts.svg as well')
    .addHelpText(
      'after',
      `
Columns of the CSV: ${POINT_COLUMNS.join(', ')}.

Examples:
  concordat credit simulate --out results
  concordat credit simulate friends.txt --credit 3 --replenish 1 --attack-links 10,100,1000 --format csv
`,
    )
    .action(run);

/** One honest network in which everybody can reach everybody. */
async function honestGraph(file: string | undefined, flags: SimulateFlags): Promise<Graph> {
  if (file === undefined) {
    if (flags.accounts < 50 || flags.accounts > 1_000_000)
      throw new CommandError('bad-shape', '--accounts: 50 to 1000000');
    return smallWorld(
      { nodeCount: flags.accounts, reach: 6, rewiring: 0.1 },
      createPrng(flags.dice, 'graph'),
    );
  }
  if (flags.directed === true)
    throw new CommandError(
      'directed-links',
      'credit is between friends',
      'Leave out --directed, or say --reciprocal.',
    );
  return largestComponent((await openNamed(file, flags, say)).graph).graph;
}

async function run(file: string | undefined, flags: SimulateFlags): Promise<void> {
  const graph = await honestGraph(file, flags);
  const settings: SimulationSettings = {
    policy: { credit: flags.credit, replenish: flags.replenish, everyMs: PERIOD_MS },
    orders: flags.order === 'both' ? ['random', 'nearest'] : [flags.order],
    links: flags.attackLinks,
    accounts: flags.crawlerAccounts,
    periods: flags.periods,
    honestViews: flags.honestViews,
    patience: flags.patience,
    dice: flags.dice,
  };
  const objection = objectionTo(settings, graph);
  if (objection !== null) throw new CommandError('bad-setting', objection);
  if (flags.out !== undefined) makeFolder(flags.out);
  const meter = createMeter('simulating');
  const points = await simulate(graph, settings, meter.at).finally(() => meter.end());
  const records = points.map((point) => {
    const values = valuesOf(point);
    return Object.fromEntries(POINT_COLUMNS.map((column, at) => [column, values[at] ?? null]));
  });
  const text = {
    text: () => [pointsText(points)],
    csv: () => pointsCsv(points),
    json: () => [`${JSON.stringify({ version: 1, ...settings, points: records }, null, 2)}\n`],
  }[flags.format]();
  await writeParts(text, undefined);
  const worst = Math.max(...points.map(({ figure }) => refusedShare(figure)));
  say(`at most ${(100 * worst).toFixed(2)} % of honest views are refused`);
  if (flags.out !== undefined) await writeAll(flags.out, points);
}

function objectionTo(settings: SimulationSettings, graph: Graph): string | null {
  const { policy, links, accounts, periods, honestViews, patience } = settings;
  if (policy.credit < 1 || policy.replenish < 1) return '--credit and --replenish: at least 1';
  if (periods < 1 || honestViews < 1 || patience < 1)
    return '--periods, --honest-views and --patience: at least 1';
  const room = graph.nodeCount * (accounts[0] ?? 1);
  return (links.at(-1) ?? 0) > room / 2
    ? `--attack-links: at most ${Math.floor(room / 2)}, or pairs of accounts run out`
    : null;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CommandError('not-written', `${folder} could not be made: ${messageOf(error)}`);
  }
}

async function writeAll(folder: string, points: readonly Point[]): Promise<void> {
  // Only here: it brings what draws figures.
  const { drawCurves } = await import('@concordat/lab');
  await writeParts(pointsCsv(points), join(folder, 'points.csv'));
  await writeParts([drawCurves(figureOf(points, 'links'))], join(folder, 'by-links.svg'));
  await writeParts([drawCurves(figureOf(points, 'accounts'))], join(folder, 'by-accounts.svg'));
  say(`points.csv, by-links.svg and by-accounts.svg are in ${folder}`);
}
