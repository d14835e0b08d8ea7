/** What all commands of `sybil` take: a graph, how its lines are read, and seeds. */

import type { GraphFormat } from '@concordat/runtime/graphs';
import { RANKINGS, type Ranking, ROUTE_RANKINGS } from '@concordat/sybil';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandError } from '../errors.ts';
import { type Column, openGraph } from '../sybil/graph-file.ts';
import { createMeter } from '../sybil/meter.ts';
import { type NamedGraph, type Reading, readAs } from '../sybil/named-graph.ts';

export interface GraphFlags {
  readonly graphFormat?: GraphFormat;
  readonly columns?: readonly [Column, Column];
  readonly header?: true;
  readonly names?: 'text' | 'numbers';
  readonly weights?: true;
  readonly weightColumn?: Column;
  readonly positiveOnly?: true;
  readonly directed?: true;
  readonly reciprocal?: true;
  readonly skipUnknown?: true;
}

export const GRAPH_ARGUMENT = 'an edge list (two names a line), CSV, GraphML or GEXF; .gz too';

/** A name in the header, or a place from 1 on. */
function column(text: string): Column {
  const name = text.trim();
  if (name === '' || name === '0')
    throw new InvalidArgumentError('Must be names in the header, or places from 1 on.');
  return /^[1-9]\d{0,2}$/.test(name) ? Number(name) - 1 : name;
}

function columns(text: string): readonly [Column, Column] {
  const [source, target, ...more] = text.split(',');
  if (source === undefined || target === undefined || more.length > 0)
    throw new InvalidArgumentError('Must be two, with a comma.');
  return [column(source), column(target)];
}

/** Options of the file's form, in the group's own heading: they would drown the others. */
export const graphOptions = (command: Command): Command =>
  command
    .optionsGroup('The graph:')
    .option('--directed', 'lines are follows, from the first account to the second; else friendships')
    .option('--reciprocal', 'lines are follows, and only those that go both ways count')
    .option('--weights', 'edges weigh what stands in their third column (GraphML: the attribute weight)')
    .option('--weight-column <column>', 'another one: a name in the header, or a place from 1 on', column)
    .option('--positive-only', 'leave out edges with weights of zero or less, as of signed ratings')
    .option('--columns <two>', 'where the two accounts stand, with a comma: names or places', columns)
    .option('--header', 'the first line names the columns; told by itself where accounts are numbers')
    .addOption(
      new Option('--names <kind>', 'numbers are told by themselves; as text, 007 stays 007').choices([
        'text',
        'numbers',
      ]),
    )
    .addOption(
      new Option('--graph-format <name>', 'unless the name of the file tells').choices([
        'edges',
        'graphml',
        'gexf',
      ]),
    )
    .option('--skip-unknown', 'go on without accounts that are named and not in the graph')
    .optionsGroup('Options:');

export function say(line: string): void {
  process.stderr.write(`sybil: ${line}\n`);
}

function readingOf({ directed, reciprocal }: GraphFlags): Reading {
  if (directed === true && reciprocal === true)
    throw new CommandError('two-readings', '--directed and --reciprocal exclude each other');
  if (reciprocal === true) return 'reciprocal';
  return directed === true ? 'directed' : 'undirected';
}

/** Reads a graph, tells on standard error what came of it. Throws `bad-graph`, with the line. */
export async function openNamed(
  file: string,
  flags: GraphFlags,
  tell: (line: string) => void = say,
): Promise<NamedGraph> {
  const reading = readingOf(flags);
  const meter = createMeter(`reading ${file}`);
  const read = await openGraph(
    file,
    {
      format: flags.graphFormat ?? null,
      isDirected: reading !== 'undirected',
      isWeighted: flags.weights === true,
      isPositiveOnly: flags.positiveOnly === true,
      columns: flags.columns ?? null,
      weightColumn: flags.weightColumn ?? null,
      hasHeader: flags.header ?? null,
      names: flags.names ?? null,
    },
    meter.at,
  ).finally(() => meter.end());
  const named = readAs(read, reading);
  const { nodeCount, targets, isDirected } = named.graph;
  tell(`${file}: ${nodeCount} accounts, ${isDirected ? targets.length : targets.length / 2} edges`);
  for (const remark of named.remarks) tell(remark);
  return named;
}

/** Methods that need nothing but a graph and labels, and are fast on large graphs. */
export const WALKING: readonly Ranking[] = RANKINGS.filter(({ needs }) => !needs.victims && !needs.distrust);

/** All that a user can give what they need; those that draw routes, walks or tickets cost more than they give on large graphs. */
export const METHODS: readonly Ranking[] = [
  ...RANKINGS.filter(({ needs }) => !needs.distrust),
  ...ROUTE_RANKINGS,
].sort((a, b) => (a.name < b.name ? -1 : 1));

export function methodNamed(name: string): Ranking {
  const found = METHODS.find((method) => method.name === name);
  if (found === undefined)
    throw new CommandError(
      'no-method',
      `there is no method '${name}'`,
      `Methods: ${METHODS.map((method) => method.name).join(', ')}`,
    );
  return found;
}
