/** `concordat sybil generate`: a graph with fake accounts in it, its seeds and the truth, to try the other commands on. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ATTACK_KINDS } from '@concordat/sybil';
import { Command, Option } from 'commander';
import { CommandError, messageOf } from '../errors.ts';
import { type GeneratedShape, generateGraph, type RegionKind } from '../sybil/generated.ts';
import { writeParts } from '../sybil/output.ts';
import { natural } from './natural.ts';
import { share } from './share.ts';
import { say } from './sybil-input.ts';

export const REGIONS: readonly RegionKind[] = ['replica', 'preferential-attachment', 'erdos-renyi'];

interface GenerateFlags extends GeneratedShape {
  readonly out: string;
}

export const generateCommand = (): Command =>
  new Command('generate')
    .description('a graph with fake accounts, its seeds and the truth, to try the other commands on')
    .requiredOption('--out <directory>', 'where graph.txt, seeds.txt and labels.csv go')
    .option('--accounts <n>', 'honest ones, about', natural, 1000)
    .option('--communities <n>', 'that they live in', natural, 4)
    .addOption(
      new Option('--attack <model>', 'whom the attacker befriends').choices(ATTACK_KINDS).default('random'),
    )
    .option('--attack-edges <n>', 'honest accounts that accept a fake one as a friend', natural, 30)
    .addOption(
      new Option('--region <model>', 'what the fakes look like among themselves')
        .choices(REGIONS)
        .default('replica'),
    )
    .option('--sybil-share <share>', 'fakes for each honest account, unless a replica', share, 0.2)
    .option('--seeds <n>', 'accounts known to be honest', natural, 20)
    .option('--dice <n>', 'another number, another graph', natural, 1)
    .addHelpText(
      'after',
      `
Examples:
  concordat sybil generate --out try
  concordat sybil generate --out hard --accounts 5000 --attack aimed --attack-edges 400
`,
    )
    .action(generate);

function objectionTo(flags: GenerateFlags): string | null {
  const { accounts, communities, seeds, attackEdges } = flags;
  if (accounts < 40) return '--accounts: at least 40';
  if (communities < 1 || accounts / communities < 20)
    return `--communities: at least 1, and 20 accounts in each (${Math.floor(accounts / 20)} at most here)`;
  if (seeds < 1 || seeds > accounts / 2) return `--seeds: 1 to ${Math.floor(accounts / 2)}`;
  if (attackEdges < 1 || attackEdges > accounts) return `--attack-edges: 1 to ${accounts}`;
  return accounts > 1_000_000 ? '--accounts: at most 1000000' : null;
}

async function generate(flags: GenerateFlags): Promise<void> {
  const objection = objectionTo(flags);
  if (objection !== null) throw new CommandError('bad-shape', objection);
  const made = generateGraph(flags);
  try {
    mkdirSync(flags.out, { recursive: true });
  } catch (error) {
    throw new CommandError('not-written', `${flags.out} could not be made: ${messageOf(error)}`);
  }
  const at = (name: string): string => join(flags.out, name);
  await writeParts(made.graphText, at('graph.txt'));
  await writeParts(made.seedsText, at('seeds.txt'));
  await writeParts(made.labelsText, at('labels.csv'));
  say(
    `${made.accounts} accounts, ${made.sybils} of them fake, ${made.edges} friendships, ${flags.attackEdges} of them attack edges`,
  );
  const [graph, seeds] = [at('graph.txt'), at('seeds.txt')];
  process.stdout.write(
    [
      `concordat sybil rank ${graph} --seeds ${seeds} --limit 20`,
      `concordat sybil explain ${graph} --seeds ${seeds} --account ${made.sybilNames[0] ?? ''} --html picture.html`,
      `concordat sybil evaluate ${graph} --labels ${at('labels.csv')} --out results`,
      '',
    ].join('\n'),
  );
}
