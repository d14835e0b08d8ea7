/**
 * `concordat check explore`: every history of a protocol's rules, for a size that can be exhausted. Ends with the number of
 * states, or with the shortest way to what is wrong.
 */

import { explore, type Progress, type TransitionSystem } from '@concordat/check';
import { type FaultModel, faultModelProblem } from '@concordat/replication';
import {
  LOG_RULES,
  type LogRuleName,
  SLOT_RULES,
  type SlotRuleName,
  speculativeLog,
  speculativeSlot,
} from '@concordat/replication/compliance';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { natural } from './natural.ts';
import { createProgress } from './progress.ts';

interface Scope extends FaultModel {
  readonly views: number;
  readonly maxStates: number;
}

interface LogOptions extends Scope {
  readonly slots: number;
  readonly rule: LogRuleName;
}

interface SlotOptions extends Scope {
  readonly rule: SlotRuleName;
}

const MAX_SLOTS = 3;
const MAX_VIEWS = 6;

export const exploreCommand = (): Command =>
  new Command('explore')
    .description("every history of a protocol's rules, for a size that can be exhausted")
    .addCommand(slotCommand())
    .addCommand(logCommand());

/** What all explorations have in common. */
const scopeCommand = (name: string, views: number): Command =>
  new Command(name)
    .option('--u <count>', 'failures of any kind', natural, 1)
    .option('--r <count>', 'lies among them', natural, 1)
    .option('--spare <count>', 'slow members that nobody waits for', natural, 0)
    .option('--views <count>', `how many views, at most ${MAX_VIEWS}`, natural, views)
    .option('--max-states <count>', 'give up beyond', natural, 2 ** 24);

const slotCommand = (): Command =>
  scopeCommand('speculative-slot', 4)
    .description('one slot of speculative ordering: the selection of a new view')
    .addOption(
      new Option('--rule <name>', 'for new views').choices(Object.keys(SLOT_RULES)).default('protocol'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  concordat check explore speculative-slot --views 5\n' +
        '  concordat check explore speculative-slot --rule votes-first\n',
    )
    .action((options: SlotOptions) =>
      run(options, () => speculativeSlot(modelOf(options), options.views, SLOT_RULES[options.rule])),
    );

const logCommand = (): Command =>
  scopeCommand('speculative-log', 3)
    .description('several slots of speculative ordering: votes and certificates that cover prefixes')
    .option('--slots <count>', `how many slots, at most ${MAX_SLOTS}`, natural, 2)
    .addOption(new Option('--rule <name>', 'for members').choices(Object.keys(LOG_RULES)).default('protocol'))
    .addHelpText(
      'after',
      '\nThe last view is judged by what may be proposed in it. Three slots over three views take some minutes.\n\n' +
        'Examples:\n' +
        '  concordat check explore speculative-log --slots 3\n' +
        '  concordat check explore speculative-log --rule newest-certificate\n',
    )
    .action((options: LogOptions) => {
      if (options.slots < 1 || options.slots > MAX_SLOTS)
        throw new CommandError('bad-options', `--slots is between 1 and ${MAX_SLOTS}`);
      const { slots, views, rule } = options;
      run(options, () => speculativeLog({ model: modelOf(options), slots, views }, LOG_RULES[rule]));
    });

const modelOf = ({ u, r, spare = 0 }: Scope): FaultModel => ({ u, r, spare });

function run<S>(options: Scope, build: () => TransitionSystem<S>): void {
  const problem = faultModelProblem(modelOf(options));
  if (problem !== null) throw new CommandError('bad-options', problem);
  if (options.views < 1 || options.views > MAX_VIEWS)
    throw new CommandError('bad-options', `--views is between 1 and ${MAX_VIEWS}`);
  let at: Progress | null = null;
  const progress = createProgress(() => (at === null ? 'begun' : describe(at)));
  const found = explore(build(), {
    maxStates: options.maxStates,
    onProgress: (now) => {
      at = now;
      progress();
    },
  });
  const sometimes = Object.entries(found.sometimes).map(([name, count]) => `, ${name} in ${count}`);
  process.stdout.write(`${found.states} states up to symmetry${sometimes.join('')}\n`);
  process.stdout.write(`${verdictOf(found)}\n`);
  if (found.violation !== null || !found.isComplete) process.exitCode = 1;
}

const describe = ({ states, steps, depth, width, explored }: Progress): string =>
  `${states} states, ${steps} steps; at depth ${depth} ${explored} of ${width} are explored`;

function verdictOf({ violation, isComplete }: ReturnType<typeof explore>): string {
  if (violation !== null) return violation.join('\n');
  return isComplete ? 'nothing is wrong' : 'given up: there are more states than --max-states';
}
