/** `concordat sybil whitelist`: accounts to trust, around the seeds, and how many fakes can be among them. */

import { connectedComponents, volumeOf } from '@concordat/graph';
import { type LocalWhitelist, localWhitelist, whitelistObjection } from '@concordat/sybil';
import { Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { readSeeds } from '../sybil/account-list.ts';
import { whitelistFigure } from '../sybil/figures.ts';
import { writeParts } from '../sybil/output.ts';
import type { RankedAccounts } from '../sybil/ranked.ts';
import { natural } from './natural.ts';
import { share } from './share.ts';
import { GRAPH_ARGUMENT, graphOptions, openNamed, say } from './sybil-input.ts';
import { listOptions, METHOD_LIST, type RankFlags, rank, writeRanked } from './sybil-rank.ts';

interface WhitelistFlags extends RankFlags {
  readonly least: number;
  readonly honestShare: number;
  readonly weighting: 'triangles' | 'plain';
  readonly profile?: string;
}

export const whitelistCommand = (): Command =>
  listOptions(
    graphOptions(
      new Command('whitelist')
        .description(
          'accounts to trust around the seeds, the most trusted first, and how many fakes can be among them',
        )
        .argument('<graph>', GRAPH_ARGUMENT),
    ),
  )
    .option('--method <name>', 'local: a set around the seeds; or a method below: all accounts', 'local')
    .option('--least <n>', 'local: accounts on the list, where the seeds reach so many', natural, 600)
    .option('--honest-share <share>', 'local: of the friendships that are honest at least', share, 0.5)
    .addOption(
      new Option(
        '--weighting <name>',
        'local: what a friendship counts: more with common friends, or all the same',
      )
        .choices(['triangles', 'plain'])
        .default('triangles'),
    )
    .option('--profile <file>', 'local: the conductance profile as an SVG, with the list marked in it')
    .addHelpText(
      'after',
      `${METHOD_LIST}
Ordered by trust, not by trust over degree: that lets in fakes that hang on one friendship.

Examples:
  concordat sybil whitelist friends.txt --seeds seeds.txt --profile profile.svg
  concordat sybil whitelist friends.txt --seeds seeds.txt --least 5000 --format json --out whitelist.json
  concordat sybil whitelist friends.txt --seeds seeds.txt --method sybilrank --limit 1000
`,
    )
    .action(run);

async function run(file: string, flags: WhitelistFlags): Promise<void> {
  if (flags.method === 'local') return local(file, flags);
  if (flags.profile !== undefined)
    throw new CommandError(
      'no-profile',
      'a profile is of the local whitelist',
      'Leave out --method or --profile.',
    );
  return rank(file, flags, 'whitelist');
}

/** Digits that people can compare. */
const short = (value: number): string => String(Number(value.toPrecision(3)));

function tell({ nodes, reason, cut, bound }: LocalWhitelist): void {
  if (nodes.length === 0)
    return say(
      'nobody: no set around the seeds has most of its friends inside. --method sybilrank lists everybody.',
    );
  const why =
    reason === 'dip'
      ? 'the first dip of the profile that it climbs out of'
      : 'the lowest point of the profile within bounds: there is no clear dip';
  say(`${nodes.length} accounts, by ${why}; conductance ${short(cut.conductance)}`);
  say(
    `fakes among them have at most ${short(bound.sybilVolumePerUnit)} edges, in sum and by weight, for each unit of weight of attack edges, ${bound.assumption}`,
  );
}

async function local(file: string, flags: WhitelistFlags): Promise<void> {
  if (flags.directed === true || flags.sybils !== undefined)
    throw new CommandError(
      'cannot-rank',
      'the local whitelist takes friendships and seeds alone',
      'Leave out --directed and --sybils, or choose another --method.',
    );
  const named = await openNamed(file, flags);
  const seeds = readSeeds(flags.seeds, named, flags.skipUnknown === true);
  if (seeds.unknown > 0)
    say(`${flags.seeds}: ${seeds.unknown} accounts are not in the graph and are skipped`);
  const options = { leastSize: flags.least, honestShare: flags.honestShare, weighting: flags.weighting };
  const objection = whitelistObjection(named.graph, seeds.nodes, options);
  if (objection !== null)
    throw new CommandError('cannot-rank', objection, 'See: concordat sybil whitelist --help');
  const found = localWhitelist(named.graph, seeds.nodes, options);
  tell(found);
  const isSeed = new Uint8Array(named.graph.nodeCount);
  for (const seed of seeds.nodes) isSeed[seed] = 1;
  const ranked: RankedAccounts = {
    named,
    purpose: 'whitelist',
    scores: found.mass,
    isSeed,
    order: found.nodes,
    unreached: new Uint32Array(0),
    componentCount: connectedComponents(named.graph).count,
  };
  const { cut, bound, reason } = found;
  await writeRanked(ranked, flags, {
    list: 'whitelist',
    method: 'local',
    source: 'Andersen, Chung, Lang, FOCS 2006; Alvisi et al., S&P 2013; triangles and settled core: ours',
    seeds: seeds.nodes.length,
    ...{ reason, cut, bound, weighting: flags.weighting, volume: volumeOf(named.graph) },
  });
  if (flags.profile === undefined) return;
  // Only here: it brings what draws figures.
  const { drawCurves } = await import('@concordat/lab');
  await writeParts(
    [drawCurves(whitelistFigure(found, `Sweep from ${seeds.nodes.length} seeds`))],
    flags.profile,
  );
}
