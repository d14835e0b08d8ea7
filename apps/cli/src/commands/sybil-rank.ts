/** `concordat sybil rank`: all accounts of a graph by how honest they look from the seeds, the most suspect first. */

import { type Needs, objectionTo, type Purpose } from '@concordat/sybil';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { readSeeds, readVictims } from '../sybil/account-list.ts';
import { writeParts } from '../sybil/output.ts';
import {
  type RankedAccounts,
  rankAccounts,
  rankedCsv,
  rankedJson,
  unreachedRemark,
} from '../sybil/ranked.ts';
import { natural } from './natural.ts';
import {
  GRAPH_ARGUMENT,
  type GraphFlags,
  graphOptions,
  METHODS,
  methodNamed,
  openNamed,
  say,
} from './sybil-input.ts';

export interface RankFlags extends GraphFlags {
  readonly seeds: string;
  readonly sybils?: string;
  readonly victims?: string;
  readonly method: string;
  readonly limit?: number;
  readonly format: 'csv' | 'json';
  readonly out?: string;
}

export const METHOD_LIST = `
Methods:
${METHODS.map(({ name, source, needs }) => `  ${name.padEnd(20)}${needs.isDirected ? 'follows (--directed); ' : ''}${needs.sybils ? 'needs --sybils; ' : ''}${needs.victims ? 'needs --victims; ' : ''}${source}`).join('\n')}
`;

export const rankCommand = (): Command =>
  listOptions(
    graphOptions(
      new Command('rank')
        .description('all accounts, the most suspect first')
        .argument('<graph>', GRAPH_ARGUMENT),
    ),
  )
    .option('--method <name>', 'see below', 'sybilrank')
    .addHelpText(
      'after',
      `${METHOD_LIST}
Columns: place, account, score (higher is more honest; only its order means something), degree, seed.

Examples:
  concordat sybil rank friends.txt --seeds seeds.txt --limit 200
  concordat sybil rank friends.txt.gz --seeds seeds.txt --method acl --format json --out suspects.json
  concordat sybil rank follows.csv --directed --method trustrank --seeds seeds.txt
`,
    )
    .action((graph: string, flags: RankFlags) => rank(graph, flags, 'suspects'));

/** What lists of accounts have in common. */
export const listOptions = (command: Command): Command =>
  command
    .requiredOption('--seeds <file>', 'accounts known to be honest, one a line')
    .option('--sybils <file>', 'accounts known to be fake, for methods that learn from both')
    .option('--victims <file>', 'account,probability to have befriended a fake, for integro')
    .option('--limit <n>', 'only so many accounts from the top of the list', natural)
    .addOption(new Option('--format <name>').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'instead of standard output');

/** The whole list from either end. */
export async function rank(file: string, flags: RankFlags, purpose: Purpose): Promise<void> {
  const method = methodNamed(flags.method);
  const named = await openNamed(file, flags);
  const maySkip = flags.skipUnknown === true;
  const seeds = readSeeds(flags.seeds, named, maySkip);
  const sybils = flags.sybils === undefined ? null : readSeeds(flags.sybils, named, maySkip);
  for (const [list, chosen] of [
    [flags.seeds, seeds],
    [flags.sybils, sybils],
  ] as const)
    if (chosen !== null && chosen.unknown > 0)
      say(`${list}: ${chosen.unknown} accounts are not in the graph and are skipped`);
  const labels = { honest: seeds.nodes, sybils: sybils?.nodes ?? [] };
  const victims = flags.victims === undefined ? null : readVictims(flags.victims, named, maySkip);
  const options = { purpose, ...(victims !== null && { victims }) };
  const objection = objectionTo(method, named.graph, labels, options);
  if (objection !== null) throw new CommandError('cannot-rank', objection, adviceFor(method.needs));
  const ranked = rankAccounts(
    named,
    [...labels.honest, ...labels.sybils],
    method.rank(named.graph, labels, options),
    purpose,
  );
  const remark = unreachedRemark(ranked);
  if (remark !== null) say(remark);
  await writeRanked(ranked, flags, {
    list: purpose,
    method: method.name,
    source: method.source,
    seeds: labels.honest.length,
    knownSybils: labels.sybils.length,
  });
}

export async function writeRanked(
  ranked: RankedAccounts,
  flags: RankFlags,
  about: Readonly<Record<string, unknown>>,
): Promise<void> {
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  await writeParts(
    flags.format === 'json' ? rankedJson(ranked, limit, about) : rankedCsv(ranked, limit),
    flags.out,
  );
}

function adviceFor(needs: Needs): string {
  if (needs.victims) return 'Give with --victims FILE how likely accounts are to accept a stranger.';
  if (needs.isDirected) return 'This method reads follows: say --directed.';
  return needs.sybils
    ? 'Give accounts known to be fake with --sybils FILE.'
    : 'See: concordat sybil rank --help';
}
