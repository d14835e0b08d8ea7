/** `concordat sybil rank` and `whitelist`: all accounts of a graph by how honest they look from the seeds, from either end. */

import { objectionTo, type Purpose } from '@concordat/sybil';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { readSeeds } from '../sybil/account-list.ts';
import { writeParts } from '../sybil/output.ts';
import { rankAccounts, rankedCsv, rankedJson, unreachedRemark } from '../sybil/ranked.ts';
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

interface RankFlags extends GraphFlags {
  readonly seeds: string;
  readonly sybils?: string;
  readonly method: string;
  readonly limit?: number;
  readonly format: 'csv' | 'json';
  readonly out?: string;
}

const METHOD_LIST = `
Methods:
${METHODS.map(({ name, source, needs }) => `  ${name.padEnd(20)}${needs.isDirected ? 'follows (--directed); ' : ''}${needs.sybils ? 'needs --sybils; ' : ''}${source}`).join('\n')}
`;

function rankingCommand(name: string, purpose: Purpose, summary: string, method: string): Command {
  return graphOptions(new Command(name).description(summary).argument('<graph>', GRAPH_ARGUMENT))
    .requiredOption('--seeds <file>', 'accounts known to be honest, one a line')
    .option('--sybils <file>', 'accounts known to be fake, for methods that learn from both')
    .option('--method <name>', 'see below', method)
    .option('--limit <n>', 'only so many accounts from the top of the list', natural)
    .addOption(new Option('--format <name>').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'instead of standard output')
    .action((graph: string, flags: RankFlags) => rank(graph, flags, purpose));
}

export const rankCommand = (): Command =>
  rankingCommand('rank', 'suspects', 'all accounts, the most suspect first', 'sybilrank').addHelpText(
    'after',
    `${METHOD_LIST}
Columns: place, account, score (higher is more honest; only its order means something), degree, seed.

Examples:
  concordat sybil rank friends.txt --seeds seeds.txt --limit 200
  concordat sybil rank friends.txt.gz --seeds seeds.txt --method acl --format json --out suspects.json
  concordat sybil rank follows.csv --directed --method trustrank --seeds seeds.txt
`,
  );

export const whitelistCommand = (): Command =>
  rankingCommand('whitelist', 'whitelist', 'all accounts, the most trusted first', 'acl').addHelpText(
    'after',
    `${METHOD_LIST}
Ordered by trust, not by trust over degree: that lets in fakes that hang on one friendship.

Examples:
  concordat sybil whitelist friends.txt --seeds seeds.txt --limit 1000
  concordat sybil whitelist friends.txt --seeds seeds.txt --format json --out whitelist.json
`,
  );

async function rank(file: string, flags: RankFlags, purpose: Purpose): Promise<void> {
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
  const objection = objectionTo(method, named.graph, labels, { purpose });
  if (objection !== null) throw new CommandError('cannot-rank', objection, adviceFor(method.needs));
  const ranked = rankAccounts(
    named,
    [...labels.honest, ...labels.sybils],
    method.rank(named.graph, labels, { purpose }),
    purpose,
  );
  const remark = unreachedRemark(ranked);
  if (remark !== null) say(remark);
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  const about = {
    list: purpose,
    method: method.name,
    source: method.source,
    seeds: labels.honest.length,
    knownSybils: labels.sybils.length,
  };
  await writeParts(
    flags.format === 'json' ? rankedJson(ranked, limit, about) : rankedCsv(ranked, limit),
    flags.out,
  );
}

function adviceFor(needs: { readonly isDirected: boolean; readonly sybils: boolean }): string {
  if (needs.isDirected) return 'This method reads follows: say --directed.';
  return needs.sybils
    ? 'Give accounts known to be fake with --sybils FILE.'
    : 'See: concordat sybil rank --help';
}
