/** `concordat sybil explain`: why one account is judged so, as text, as JSON, and as a page with a picture. */

import { createPrng } from '@concordat/kernel';
import { createExplainer, explainAccount, type Method, objectionTo } from '@concordat/sybil';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { readSeeds } from '../sybil/account-list.ts';
import {
  type Explained,
  explanationJson,
  explanationPage,
  explanationText,
  MOST_SHOWN,
} from '../sybil/explained.ts';
import { writeParts } from '../sybil/output.ts';
import { rankAccounts, unreachedRemark } from '../sybil/ranked.ts';
import { natural } from './natural.ts';
import { GRAPH_ARGUMENT, type GraphFlags, graphOptions, methodNamed, openNamed, say } from './sybil-input.ts';

/** Methods that something is proved of, or known to be unproved, by their names here. */
const BOUNDS: Readonly<Record<string, Method>> = {
  sybilrank: 'SybilRank',
  acl: 'ACL',
  sybilbelief: 'SybilBelief',
  cia: 'CIA',
  'sybilscar-c': 'SybilSCAR-C',
  'sybilscar-d': 'SybilSCAR-D',
  gatekeeper: 'GateKeeper',
  sumup: 'SumUp',
  sybilguard: 'SybilGuard',
  sybilinfer: 'SybilInfer',
  sybillimit: 'SybilLimit',
};

interface ExplainFlags extends GraphFlags {
  readonly seeds: string;
  readonly sybils?: string;
  readonly account: string;
  readonly method: string;
  readonly volume: number;
  readonly nodes: number;
  readonly format: 'text' | 'json';
  readonly out?: string;
  readonly html?: string;
}

function nodes(text: string): number {
  const value = natural(text);
  if (value < 50 || value > MOST_SHOWN) throw new InvalidArgumentError(`Must be from 50 to ${MOST_SHOWN}.`);
  return value;
}

export const explainCommand = (): Command =>
  graphOptions(
    new Command('explain')
      .description(
        'why an account is judged so: the cut, what it would have cost an attacker, what is proved',
      )
      .argument('<graph>', GRAPH_ARGUMENT),
  )
    .requiredOption('--seeds <file>', 'accounts known to be honest, one a line')
    .requiredOption('--account <name>', 'as it stands in the graph')
    .option('--sybils <file>', 'accounts known to be fake, for methods that learn from both')
    .addOption(
      new Option('--method <name>', 'whose place and bound are told')
        .choices(Object.keys(BOUNDS))
        .default('sybilrank'),
    )
    .option('--volume <n>', 'degrees, summed, of the region searched around the account', natural, 100_000)
    .addOption(new Option('--format <name>').choices(['text', 'json']).default('text'))
    .option('--out <file>', 'instead of standard output')
    .option(
      '--html <file>',
      'a picture of the neighbourhood as well: one file, to open in a browser, offline',
    )
    .option(
      '--nodes <n>',
      `accounts in the picture, 50 to ${MOST_SHOWN}; more where the cut needs it`,
      nodes,
      1500,
    )
    .addHelpText(
      'after',
      `
Examples:
  concordat sybil explain friends.txt --seeds seeds.txt --account user0042
  concordat sybil explain friends.txt --seeds seeds.txt --account user0042 --html user0042.html
  concordat sybil explain friends.txt --seeds seeds.txt --account user0042 --format json
`,
    )
    .action(run);

async function explained(file: string, flags: ExplainFlags): Promise<Explained> {
  if (flags.directed === true)
    throw new CommandError(
      'directed-cut',
      'cuts are explained between friends',
      'Leave out --directed, or say --reciprocal: then only follows that go both ways count.',
    );
  const named = await openNamed(file, flags);
  const account = named.nodeOf(flags.account);
  if (account === undefined)
    throw new CommandError(
      'no-account',
      `the graph has no account '${flags.account}'`,
      'Names are compared as they stand, case included.',
    );
  const maySkip = flags.skipUnknown === true;
  const seeds = readSeeds(flags.seeds, named, maySkip).nodes;
  const sybils = flags.sybils === undefined ? [] : readSeeds(flags.sybils, named, maySkip).nodes;
  const [method, labels] = [methodNamed(flags.method), { honest: seeds, sybils }];
  const objection = objectionTo(method, named.graph, labels, {});
  if (objection !== null)
    throw new CommandError('cannot-rank', objection, 'See: concordat sybil explain --help');
  const scores = method.rank(named.graph, labels, {});
  const ranked = rankAccounts(named, [...seeds, ...sybils], scores, 'suspects');
  const remark = unreachedRemark(ranked);
  if (remark !== null) say(remark);
  const explainer = createExplainer(named.graph, Uint32Array.from(seeds), createPrng(1, 'explain'), {
    volumeLimit: flags.volume,
  });
  const explanation = explainAccount(explainer, account, BOUNDS[method.name] ?? 'SybilRank');
  return { named, explanation, seeds, ranked };
}

async function run(file: string, flags: ExplainFlags): Promise<void> {
  const found = await explained(file, flags);
  await writeParts([flags.format === 'json' ? explanationJson(found) : explanationText(found)], flags.out);
  if (flags.html === undefined) return;
  await writeParts([explanationPage(found, flags.nodes)], flags.html);
  say(`the picture is in ${flags.html}: open it in a browser`);
}
