/** `concordat sim`: the deterministic swarm. Every violation comes with the command that shows it again. */

import { writeFileSync } from 'node:fs';
import { FIRST_CONNECTION } from '@concordat/kernel';
import { type FaultModel, type PresetName, presets } from '@concordat/replication';
import { governedSweep, replicationSweep } from '@concordat/replication/compliance';
import {
  createDrawing,
  createTranscript,
  describeValue,
  describeViolation,
  runSeed,
  type SweepOptions,
  type SweepSystem,
  shrink,
  sweep,
  type Violation,
} from '@concordat/sim';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { keeperSweep } from '../sim/keeper.ts';
import { VARIANTS } from '../sim/variants.ts';
import { natural } from './natural.ts';
import { createProgress } from './progress.ts';

interface SimOptions {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly variant?: string;
  readonly verbose?: boolean;
  readonly trace?: string;
  readonly draw?: string;
  readonly shrink?: boolean;
  readonly skip?: readonly number[];
  readonly u?: number;
  readonly r?: number;
  readonly preset?: PresetName;
}

/** How long faults and load go on, in simulated time. */
const HORIZON_MS = 6000;

const numbers = (text: string): number[] => text.split(',').map(natural);

export const simCommand = (): Command =>
  new Command('sim')
    .description('run the real code in a hostile, replayable world')
    .addCommand(keeperCommand())
    .addCommand(replicationCommand())
    .addCommand(governedCommand());

/** What all swarms have in common. */
const swarmCommand = (name: string): Command =>
  new Command(name)
    .option('--seeds <count>', 'how many seeds', natural, 100)
    .option('--from <seed>', 'the first one', natural, 0)
    .option('--seed <seed>', 'only this one', natural)
    .option('--trace <file>', 'write everything that happens in the one seed; the same every time')
    .option('--draw <file>', 'draw the one seed as a page for the browser')
    .option('--shrink', 'leave out faults as long as the same goes wrong')
    .option('--skip <numbers>', 'leave out these faults, by their numbers in brackets', numbers)
    .option('--verbose', 'tell the end of each seed');

const replicationCommand = (): Command =>
  swarmCommand('replication')
    .description('the order protocol alone, with a small service, under random faults within the budget')
    .addOption(
      new Option('--preset <name>', 'what is tried').choices(Object.keys(presets)).default('concordat'),
    )
    .addHelpText(
      'after',
      `\nPresets:\n${Object.values(presets)
        .map(({ name, summary }) => `  ${name.padEnd(19)}${summary}`)
        .join(
          '\n',
        )}\n\nExamples:\n  concordat sim replication --seeds 500\n  concordat sim replication --preset zyzzyva\n`,
    )
    .action((options: SimOptions) => runSystem(replicationSweep(options.preset), options));

const governedCommand = (): Command =>
  swarmCommand('governed')
    .description('federations whose members, keys and order protocol change while all that goes on')
    .addOption(
      new Option('--preset <name>', 'what they begin with')
        .choices(Object.keys(presets).filter((name) => name !== 'upright-separated'))
        .default('concordat'),
    )
    .addHelpText('after', '\nExample:\n  concordat sim governed --seeds 200 --preset zyzzyva\n')
    .action((options: SimOptions) => runSystem(governedSweep(options.preset), options));

const keeperCommand = (): Command =>
  swarmCommand('keeper')
    .description('ZooKeeper clients and whole domains under random faults within the budget')
    .addOption(
      new Option('--variant <name>', 'a broken keeper, which must be caught').choices(Object.keys(VARIANTS)),
    )
    .option('--u <count>', 'fix the fault model: failures of any kind', natural)
    .option('--r <count>', 'fix the fault model: lies among them', natural)
    .addHelpText(
      'after',
      `\nBroken variants:\n${Object.entries(VARIANTS)
        .map(([name, { broken }]) => `  ${name.padEnd(18)}${broken}`)
        .join(
          '\n',
        )}\n\nExamples:\n  concordat sim keeper --seeds 500\n  concordat sim keeper --seed 17 --trace seed-17.txt\n`,
    )
    .action((options: SimOptions) => runKeeper(options));

function runKeeper(options: SimOptions): void {
  const variant = options.variant === undefined ? null : (VARIANTS[options.variant] ?? null);
  const system = keeperSweep({ faults: faultsOf(options), variant });
  runSystem(system, options);
}

function faultsOf({ u, r }: SimOptions): FaultModel | null {
  if ((u === undefined) !== (r === undefined))
    throw new CommandError('bad-options', '--u and --r go together');
  return u === undefined || r === undefined ? null : { u, r };
}

/** Runs what the options ask for; the exit status is 1 if anything was violated. */
function runSystem<C>(system: SweepSystem<C>, options: SimOptions): void {
  const sweepOptions: SweepOptions = {
    horizonMs: HORIZON_MS,
    skip: options.skip ?? [],
    replayCommand: (name, seed, skip) => replayOf(name, seed, skip, options),
  };
  const only = options.seed;
  for (const [name, value] of Object.entries({
    trace: options.trace,
    draw: options.draw,
    skip: options.skip,
  }))
    if (value !== undefined && only === undefined)
      throw new CommandError('bad-options', `--${name} is for one seed`, 'Add --seed SEED.');
  const violations =
    only === undefined ? runMany(system, options, sweepOptions) : runOne(system, only, options, sweepOptions);
  for (const violation of violations) process.stdout.write(`${describe(violation)}\n`);
  if (violations.length > 0) process.exitCode = 1;
}

function replayOf(
  name: string,
  seed: number,
  skip: readonly number[],
  { variant, u, r, preset }: SimOptions,
): string {
  const fixed = u === undefined || r === undefined ? '' : ` --u ${u} --r ${r}`;
  const tried = variant === undefined ? '' : ` --variant ${variant}`;
  const composed = preset === undefined ? '' : ` --preset ${preset}`;
  const left = skip.length === 0 ? '' : ` --skip ${skip.join(',')}`;
  return `concordat sim ${name} --seed ${seed}${composed}${fixed}${tried}${left}`;
}

const describe = (violation: Violation): string =>
  `${describeViolation(violation)}\n  setting: ${describeValue(violation.config)}`;

function runOne<C>(
  system: SweepSystem<C>,
  seed: number,
  options: SimOptions,
  sweepOptions: SweepOptions,
): Violation[] {
  const found = runSeed(system, seed, sweepOptions);
  const violation = found === null ? null : smallest(system, found, options, sweepOptions);
  show(system, seed, options, { ...sweepOptions, skip: violation?.skip ?? sweepOptions.skip ?? [] });
  if (violation === null) process.stdout.write(`seed ${seed}: ok\n`);
  return violation === null ? [] : [violation];
}

/** The violation, with as few faults as it takes if that is asked for. */
function smallest<C>(
  system: SweepSystem<C>,
  violation: Violation,
  options: SimOptions,
  sweepOptions: SweepOptions,
): Violation {
  return options.shrink === true ? shrink(system, violation, sweepOptions) : violation;
}

/** Writes what happens in the seed, as text or as a picture: it is the same every time. */
function show<C>(
  system: SweepSystem<C>,
  seed: number,
  { trace, draw }: SimOptions,
  sweepOptions: SweepOptions,
): void {
  if (trace !== undefined) {
    const transcript = createTranscript();
    runSeed(system, seed, sweepOptions, transcript.observer);
    writeFileSync(trace, `${transcript.lines.join('\n')}\n`);
  }
  if (draw === undefined) return;
  const drawing = createDrawing({
    nameOf: (id) => (id < FIRST_CONNECTION ? `member ${id}` : `client ${id - FIRST_CONNECTION}`),
  });
  const violation = runSeed(system, seed, sweepOptions, drawing.observer);
  const verdict = violation === null ? 'nothing is wrong' : `${violation.detector}: ${violation.message}`;
  const lines = violation === null ? [] : describe(violation).split('\n');
  writeFileSync(draw, drawing.page(`${system.name}, seed ${seed}: ${verdict}`, lines));
}

function runMany<C>(system: SweepSystem<C>, options: SimOptions, sweepOptions: SweepOptions): Violation[] {
  const { seeds, from, verbose } = options;
  const startedAt = Date.now();
  let done = 0;
  let bad = 0;
  const progress = (): string => {
    const perSecond = (1000 * done) / Math.max(1, Date.now() - startedAt);
    return `${done} of ${seeds} seeds, ${perSecond.toFixed(1)} per second, ${bad} violations`;
  };
  const tell = createProgress(progress);
  const { violations } = sweep(system, { from, to: from + seeds }, sweepOptions, (seed, violation) => {
    done++;
    if (violation !== null) bad++;
    if (violation !== null) process.stdout.write(`seed ${seed}: ${violation.detector}\n`);
    else if (verbose === true) process.stdout.write(`seed ${seed}: ok\n`);
    tell();
  });
  process.stdout.write(`${progress()}\n`);
  return violations.map((violation) => smallest(system, violation, options, sweepOptions));
}
