/** `concordat sybil evaluate`: what the methods are worth on a graph, on labels or under attacks, with tables and figures. */

import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ATTACK_KINDS, type AttackKind, HONEST, type Ranking, SYBIL, UNJUDGED } from '@concordat/sybil';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandError, messageOf } from '../errors.ts';
import { readLabels } from '../sybil/account-list.ts';
import { type Evaluation, type EvaluationSettings, evaluate, type Truth } from '../sybil/evaluation.ts';
import { runsCsv, summaryCsv, summaryJson, summaryText, whitelistsCsv } from '../sybil/evaluation-table.ts';
import { profileFigure, rocFigure } from '../sybil/figures.ts';
import { type RegionKind, regionOf } from '../sybil/generated.ts';
import { createMeter } from '../sybil/meter.ts';
import type { NamedGraph } from '../sybil/named-graph.ts';
import { writeParts } from '../sybil/output.ts';
import { natural } from './natural.ts';
import { share } from './share.ts';
import { REGIONS } from './sybil-generate.ts';
import {
  GRAPH_ARGUMENT,
  type GraphFlags,
  graphOptions,
  METHODS,
  methodNamed,
  openNamed,
  say,
  WALKING,
} from './sybil-input.ts';

interface EvaluateFlags extends GraphFlags {
  readonly labels?: string;
  readonly attack?: AttackKind;
  readonly region: RegionKind;
  readonly sybilShare: number;
  readonly attackEdges: number;
  readonly methods?: readonly string[];
  readonly draws: number;
  readonly seedCount: number;
  readonly knownSybils: number;
  readonly noise: number;
  readonly dice: number;
  readonly format: 'text' | 'csv' | 'json';
  readonly out?: string;
}

function noise(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value > 0.5) throw new InvalidArgumentError('Must be from 0 to 0.5.');
  return value;
}

const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

export const evaluateCommand = (): Command =>
  graphOptions(
    new Command('evaluate')
      .description('what the methods are worth on a graph: on labels, or under attacks mounted on it')
      .argument('<graph>', GRAPH_ARGUMENT),
  )
    .option('--labels <file>', 'the truth: account,honest or account,sybil a line; others are not judged')
    .addOption(
      new Option('--attack <model>', 'mount it; all accounts of the graph count as honest').choices(
        ATTACK_KINDS,
      ),
    )
    .addOption(new Option('--region <model>', 'of the attack').choices(REGIONS).default('replica'))
    .option('--sybil-share <share>', 'fakes for each honest account, unless a replica', share, 0.2)
    .option('--attack-edges <n>', 'of the attack', natural, 100)
    .option(
      '--methods <names>',
      'with commas; unless told all that can work with what is given and do not draw routes',
      names,
    )
    .option('--draws <n>', 'of attacks, seeds and labels; methods meet the same ones', natural, 5)
    .option('--seed-count <n>', 'accounts that each draw gives as honest', natural, 20)
    .option('--known-sybils <n>', 'and as fake, to methods that learn from both', natural, 20)
    .option('--noise <share>', 'of both that is wrong', noise, 0)
    .option('--dice <n>', 'another number, other draws', natural, 1)
    .addOption(
      new Option('--format <name>', 'of standard output').choices(['text', 'csv', 'json']).default('text'),
    )
    .option(
      '--out <directory>',
      'tables of methods, draws and whitelists, ROC and conductance as SVG as well',
    )
    .addHelpText(
      'after',
      `
Methods: ${METHODS.filter(({ needs }) => !needs.victims)
        .map(({ name }) => name)
        .join(
          ', ',
        )}\nThose that admit (sybilguard, sybillimit, sybilinfer, gatekeeper, sumup) take up to a second on 150,000 accounts, and run if they are named.

Examples:
  concordat sybil evaluate graph.txt --labels labels.csv --out results
  concordat sybil evaluate friends.txt.gz --attack aimed --attack-edges 1000 --draws 20 --format csv
  concordat sybil evaluate friends.txt --attack triangle-closing --methods sybilrank,acl,consensus --noise 0.1
`,
    )
    .action(run);

function truthOf(flags: EvaluateFlags, named: NamedGraph): Truth {
  const { labels, attack } = flags;
  if (labels === undefined && attack !== undefined) {
    if (named.graph.isDirected)
      throw new CommandError(
        'directed-attack',
        'attacks are mounted on friendships',
        'Leave out --directed.',
      );
    const region = regionOf(flags.region, flags.sybilShare);
    return { kind: 'attack', attack, region, attackEdges: flags.attackEdges };
  }
  if (labels === undefined || attack !== undefined)
    throw new CommandError(
      'no-truth',
      'say what the truth is: either --labels FILE or --attack MODEL',
      'See: concordat sybil evaluate --help',
    );
  const known = readLabels(labels, named, flags.skipUnknown === true);
  const kinds = new Uint8Array(named.graph.nodeCount).fill(UNJUDGED);
  for (const node of known.honest) kinds[node] = HONEST;
  for (const node of known.sybils) kinds[node] = SYBIL;
  return { kind: 'labels', kinds };
}

function methodsFor(flags: EvaluateFlags, { graph }: NamedGraph): readonly Ranking[] {
  if (flags.methods !== undefined) return flags.methods.map(methodNamed);
  return WALKING.filter(
    ({ needs }) => needs.isDirected === graph.isDirected && (flags.knownSybils > 0 || !needs.sybils),
  );
}

async function run(file: string, flags: EvaluateFlags): Promise<void> {
  if (flags.draws < 1 || flags.seedCount < 1)
    throw new CommandError('bad-count', 'there is at least one draw (--draws) with one seed (--seed-count)');
  const named = await openNamed(file, flags);
  const settings: EvaluationSettings = {
    graphName: basename(file),
    truth: truthOf(flags, named),
    methods: methodsFor(flags, named),
    draws: flags.draws,
    seeds: flags.seedCount,
    knownSybils: flags.knownSybils,
    noise: flags.noise,
    dice: flags.dice,
  };
  // Before minutes have passed in vain.
  if (flags.out !== undefined) makeFolder(flags.out);
  const meter = createMeter(`${settings.methods.length} methods, ${settings.draws} draws`);
  const evaluation = await evaluate(named.graph, settings, meter.at).finally(() => meter.end());
  const { unreached, attackEdges } = evaluation.firstDraw;
  say(`${attackEdges} edges between honest accounts and fakes`);
  if (unreached > 0)
    say(`${unreached} accounts are in components without a seed (first draw): they are not judged`);
  const text = {
    text: () => [summaryText(evaluation)],
    csv: () => summaryCsv(evaluation),
    json: () => [summaryJson(evaluation, settings)],
  }[flags.format]();
  await writeParts(text, undefined);
  if (flags.out !== undefined) await writeAll(flags.out, evaluation, settings);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CommandError('not-written', `${folder} could not be made: ${messageOf(error)}`);
  }
}

async function writeAll(folder: string, evaluation: Evaluation, settings: EvaluationSettings): Promise<void> {
  const { truth, graphName, seeds } = settings;
  const against = truth.kind === 'attack' ? `${truth.attack} attack, ${truth.attackEdges} edges` : 'labels';
  // Only here: it brings what draws figures.
  const { drawCurves } = await import('@concordat/lab');
  const files: Record<string, Iterable<string>> = {
    'summary.csv': summaryCsv(evaluation),
    'summary.json': [summaryJson(evaluation, settings)],
    'runs.csv': runsCsv(evaluation),
    'whitelist.csv': whitelistsCsv(evaluation),
    'roc.svg': [drawCurves(rocFigure(evaluation, `${graphName}, ${against}: first draw`))],
    'conductance.svg': [
      drawCurves(profileFigure(evaluation.firstDraw, `${graphName}, ${against}: sweep from ${seeds} seeds`)),
    ],
  };
  for (const [name, parts] of Object.entries(files)) await writeParts(parts, join(folder, name));
  say(`${Object.keys(files).join(', ')} are in ${folder}`);
}
