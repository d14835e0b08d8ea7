/**
 * `concordat check twins`: a member exists twice, and partitions and leaders change from round to round. Scenarios come one
 * of each kind in an order that is always the same, so that a search can be gone on with, and each is replayed by one line.
 */

import {
  broken,
  countScenarios,
  describeScenario,
  type Played,
  parseScenario,
  playSample,
  runScenario,
  TWINS_PRESETS,
  type TwinsPreset,
  type TwinsSubject,
  WHOLE_ROUND_MS,
} from '@concordat/replication/compliance';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { natural } from './natural.ts';
import { createProgress } from './progress.ts';

interface TwinsOptions {
  readonly preset: TwinsPreset;
  readonly rounds: number;
  readonly count: number;
  readonly from: number;
  readonly scenario?: string;
  readonly roundMs: number;
  readonly variant?: keyof typeof broken;
}

const MAX_ROUNDS = 8;

export const twinsCommand = (): Command =>
  new Command('twins')
    .description(
      'four members, one of which exists twice: partitions and leaders by round, judged for safety',
    )
    .addOption(new Option('--preset <name>', 'what is tried').choices(TWINS_PRESETS).default('concordat'))
    .option('--rounds <count>', 'rounds of a scenario', natural, 7)
    .option('--count <count>', 'how many scenarios', natural, 1000)
    .option('--from <index>', 'where to begin in the order of trial', natural, 0)
    .option('--scenario <text>', 'only this one')
    .option('--round-ms <ms>', 'with less, rounds end in the middle of something', natural, WHOLE_ROUND_MS)
    .addOption(
      new Option('--variant <name>', 'a broken replica, which may be caught').choices(Object.keys(broken)),
    )
    .addHelpText(
      'after',
      '\nA round is its leader and its partitions; t is the second copy of member 0.\n' +
        'All scenarios of one or two rounds are few: 15 and 510, one of each kind.\n\n' +
        'Examples:\n' +
        '  concordat check twins --count 5000\n' +
        '  concordat check twins --preset zyzzyva --round-ms 5\n' +
        "  concordat check twins --variant smallQuorum --scenario '2:01|23t 1:02t|13'\n",
    )
    .action((options: TwinsOptions) => {
      if (options.rounds < 1 || options.rounds > MAX_ROUNDS)
        throw new CommandError('bad-options', `--rounds is between 1 and ${MAX_ROUNDS}`);
      const problems = options.scenario === undefined ? runMany(options) : runOne(options, options.scenario);
      if (problems > 0) process.exitCode = 1;
    });

const subjectOf = ({ preset, variant, roundMs }: TwinsOptions): TwinsSubject => ({
  preset,
  roundMs,
  variant: variant === undefined ? undefined : broken[variant],
});

function runOne(options: TwinsOptions, text: string): number {
  const scenario = parseScenario(text);
  if (scenario === null)
    throw new CommandError('bad-options', `'${text}' is no scenario`, 'A round is written as 1:01|23t.');
  const { problem, completed } = runScenario(scenario, subjectOf(options));
  process.stdout.write(`${text}: ${problem ?? `ok, ${completed} operations`}\n`);
  return problem === null ? 0 : 1;
}

function runMany(options: TwinsOptions): number {
  const startedAt = Date.now();
  let played = 0;
  let problems = 0;
  let next = options.from;
  const standing = (): string => {
    const perSecond = (1000 * played) / Math.max(1, Date.now() - startedAt);
    return (
      `${played} of ${options.count} scenarios, ${perSecond.toFixed(1)} per second, ${problems} problems, ` +
      `next --from ${next}`
    );
  };
  const progress = createProgress(standing);
  for (const outcome of playSample(subjectOf(options), options)) {
    played++;
    next = outcome.index + 1;
    if (outcome.problem !== null) {
      problems++;
      process.stdout.write(`${describeProblem(outcome, options)}\n`);
    }
    progress();
  }
  process.stdout.write(`${standing()}\n`);
  const all = countScenarios(options.rounds);
  process.stdout.write(`${all} scenarios of ${options.rounds} rounds, one of each kind\n`);
  return problems;
}

function describeProblem({ index, scenario, problem }: Played, options: TwinsOptions): string {
  const { preset, variant, roundMs } = options;
  const broken = variant === undefined ? '' : ` --variant ${variant}`;
  const tried = roundMs === WHOLE_ROUND_MS ? broken : `${broken} --round-ms ${roundMs}`;
  return (
    `index ${index}: ${problem}\n` +
    `  replay: concordat check twins --preset ${preset}${tried} --scenario '${describeScenario(scenario)}'`
  );
}
