/** `concordat sybil datasets` and `fetch`: public graphs that people measure on, by their digests, resumable. */

import { DATA_SETS, type DataSet, fetchDataSet, GraphError } from '@concordat/runtime/graphs';
import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import { createMeter } from '../sybil/meter.ts';
import { say } from './sybil-input.ts';

const NAMES = DATA_SETS.map(({ name }) => name).join(', ');

export const datasetsCommand = (): Command =>
  new Command('datasets')
    .description('public graphs that people measure detection on: what they are, whose, and where from')
    .addHelpText('after', '\nExamples:\n  concordat sybil datasets\n')
    .action(() => {
      for (const dataSet of DATA_SETS) process.stdout.write(entryOf(dataSet));
    });

function entryOf(dataSet: DataSet): string {
  const { name, description, nodeCount, edgeCount, licence, url, sha256, options } = dataSet;
  const size = `${nodeCount} accounts${options === null ? '' : `, ${edgeCount} edges`}`;
  const lines = [`${size}: ${description}`, url, `licence: ${licence}`, `SHA-256: ${sha256}`];
  return lines.map((line, at) => `${(at === 0 ? name : '').padEnd(20)}${line}\n`).join('');
}

interface FetchFlags {
  readonly out: string;
  readonly sha256?: string;
  readonly url?: string;
}

export const fetchCommand = (): Command =>
  new Command('fetch')
    .description('fetch a public graph; what has come is kept, and the next try asks for the rest')
    .argument('<name>', NAMES)
    .requiredOption('--out <directory>', 'where the file goes')
    .option('--url <url>', 'from a mirror: who serves it does not matter, the digest does')
    .option('--sha256 <digest>', 'of what the mirror serves, where it packs the file otherwise')
    .addHelpText(
      'after',
      `
The file appears only when it is whole and its digest is right.

Examples:
  concordat sybil fetch ego-facebook --out graphs
  concordat sybil fetch deezer-hu --out graphs --url https://mirror.example/HU_edges.csv

The lab and the benchmarks read the same files from the folder that CONCORDAT_GRAPHS names.
`,
    )
    .action(fetchNamed);

/** How the commands read it. */
function useOf(file: string, { options }: DataSet): string {
  if (options === null) return `concordat sybil evaluate GRAPH --labels ${file}`;
  const flags = [
    options.isDirected === true ? ' --directed' : '',
    options.notPositive === 'skip' ? ' --positive-only' : '',
    options.hasHeader === true ? ' --header' : '',
  ].join('');
  return `concordat sybil rank ${file}${flags} --seeds FILE`;
}

async function fetchNamed(name: string, { out, sha256, url }: FetchFlags): Promise<void> {
  const known = DATA_SETS.find((dataSet) => dataSet.name === name);
  if (known === undefined)
    throw new CommandError('no-data-set', `there is no data set '${name}'`, `Data sets: ${NAMES}`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new CommandError('stopped', 'stopped; what has come is kept'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const meter = createMeter(`fetching ${name}`);
  try {
    const file = await fetchDataSet(url === undefined ? known : { ...known, url }, out, {
      signal: stop.signal,
      onProgress: ({ bytesDone, bytesTotal }) => meter.at(bytesDone, bytesTotal ?? 0),
      ...(sha256 !== undefined && { sha256 }),
    });
    meter.end();
    process.stdout.write(`${file}\n`);
    say(`${known.licence}. To read it: ${useOf(file, known)}`);
  } catch (error) {
    meter.end();
    if (!(error instanceof GraphError)) throw error;
    throw new CommandError('not-fetched', error.message, 'See: concordat sybil datasets');
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
