/** What all commands of `sybil` take: a graph, how its lines are read, and seeds. */

import { RANKINGS, type Ranking, rankingNamed } from '@concordat/sybil';
import { type Command, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { openGraph } from '../sybil/graph-file.ts';
import { createMeter } from '../sybil/meter.ts';
import { type NamedGraph, type Reading, readAs } from '../sybil/named-graph.ts';

export interface GraphFlags {
  readonly graphFormat?: string;
  readonly directed?: true;
  readonly reciprocal?: true;
  readonly weights?: true;
  readonly skipUnknown?: true;
}

export const GRAPH_ARGUMENT = 'an edge list (two names a line; .gz too), CSV, GraphML or GEXF';

export const graphOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--graph-format <name>', 'unless its name tells').choices([
        'edges',
        'csv',
        'graphml',
        'gexf',
      ]),
    )
    .option('--directed', 'lines are follows, from the first account to the second; else friendships')
    .option('--reciprocal', 'lines are follows, and only those that go both ways count')
    .option('--weights', 'the third column is the weight of an edge')
    .option('--skip-unknown', 'go on without named accounts that the graph does not have');

export function say(line: string): void {
  process.stderr.write(`sybil: ${line}\n`);
}

function readingOf({ directed, reciprocal }: GraphFlags): Reading {
  if (directed === true && reciprocal === true)
    throw new CommandError('two-readings', '--directed and --reciprocal exclude each other');
  if (reciprocal === true) return 'reciprocal';
  return directed === true ? 'directed' : 'undirected';
}

/** Reads a graph, tells on standard error what came of it. Throws `no-graph` or `bad-graph`, with the line. */
export async function openNamed(file: string, flags: GraphFlags): Promise<NamedGraph> {
  const reading = readingOf(flags);
  const meter = createMeter(`reading ${file}`);
  const read = await openGraph(
    file,
    {
      format: flags.graphFormat ?? null,
      isDirected: reading !== 'undirected',
      isWeighted: flags.weights === true,
    },
    meter.at,
  ).finally(() => meter.end());
  const named = readAs(read, reading);
  const { nodeCount, targets, isDirected } = named.graph;
  say(`${file}: ${nodeCount} accounts, ${isDirected ? targets.length : targets.length / 2} edges`);
  for (const remark of named.remarks) say(remark);
  return named;
}

/** Methods that need nothing but a graph and labels. */
export const METHODS: readonly Ranking[] = RANKINGS.filter(({ needs }) => !needs.victims && !needs.distrust);

export function methodNamed(name: string): Ranking {
  const found = rankingNamed(name);
  if (found === null || !METHODS.includes(found))
    throw new CommandError(
      'no-method',
      `there is no method '${name}'`,
      `Methods: ${METHODS.map((method) => method.name).join(', ')}`,
    );
  return found;
}
