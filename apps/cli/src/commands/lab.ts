/** `concordat lab`: claims of papers, re-made and asserted. The status is 1 when one does not hold that should. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyExperiment, Finding, Result } from '@concordat/lab';
import { Command } from 'commander';
import { CommandError } from '../errors.ts';

interface RunOptions {
  readonly full?: boolean;
  readonly out?: string;
  readonly markdown?: string;
}

type Lab = typeof import('@concordat/lab');

/** Loaded when asked for: it brings what draws figures, which no other command needs. */
const load = (): Promise<Lab> => import('@concordat/lab');

export const labCommand = (): Command =>
  new Command('lab')
    .description('re-make the figures of papers and assert their claims')
    .addCommand(listCommand())
    .addCommand(runCommand());

const listCommand = (): Command =>
  new Command('list').description('every experiment, with its claim').action(async () => {
    const { EXPERIMENTS } = await load();
    for (const { name, claim, source } of EXPERIMENTS)
      process.stdout.write(`${name.padEnd(24)}${claim}\n${' '.repeat(24)}${source}\n`);
  });

const runCommand = (): Command =>
  new Command('run')
    .description('run one experiment, or all')
    .argument('<name>', 'of an experiment (see: concordat lab list), or "all"')
    .option('--full', 'the size that is quoted: minutes instead of seconds')
    .option('--out <directory>', 'write result.json, figure.svg and a report.html that collects all')
    .option('--markdown <file>', 'put the table of claims into a document that has a place for it')
    .addHelpText(
      'after',
      '\nThe status is 1 when a claim does not hold, or one holds that is listed as missed.\n\nExamples:\n  concordat lab run message-delays\n  concordat lab run all --full --out results\n',
    )
    .action(run);

async function run(name: string, options: RunOptions): Promise<void> {
  const lab = await load();
  const results: Result[] = [];
  // Before half an hour has passed in vain.
  if (options.markdown !== undefined) tableIn(lab, options.markdown, results);
  for (const experiment of chosen(lab, name)) {
    process.stdout.write(`${experiment.name}: ${experiment.claim}\n`);
    const result = await lab.runExperiment(experiment, options.full === true ? 'full' : 'small', (line) =>
      process.stdout.write(`  ... ${line}\n`),
    );
    for (const finding of result.findings) process.stdout.write(`${lineOf(lab, finding)}\n`);
    results.push(result);
    // After each, so that who stops early has what is done.
    if (options.out !== undefined) write(lab, options.out, results);
  }
  if (options.markdown !== undefined)
    writeFileSync(options.markdown, tableIn(lab, options.markdown, results));
  const broken = lab.surprises(results).length;
  process.stdout.write(
    broken === 0 ? 'every claim is as it should be\n' : `${broken} claims are not as they should be\n`,
  );
  if (broken > 0) process.exitCode = 1;
}

function chosen({ EXPERIMENTS }: Lab, name: string): readonly AnyExperiment[] {
  if (name === 'all') return EXPERIMENTS;
  const found = EXPERIMENTS.filter((experiment) => experiment.name === name);
  if (found.length === 0)
    throw new CommandError('no-experiment', `there is no experiment '${name}'`, 'See: concordat lab list');
  return found;
}

function lineOf({ inWords, verdictOf }: Lab, finding: Finding): string {
  const { claim, figure, bound, published, missedBecause } = finding;
  const compared = published === undefined ? '' : ` (published: ${published})`;
  const reason = missedBecause === undefined ? '' : `\n${' '.repeat(12)}because ${missedBecause}`;
  return `  ${verdictOf(finding).padEnd(10)}${claim}: ${inWords(figure)}, ${bound}${compared}${reason}`;
}

function write(lab: Lab, directory: string, results: readonly Result[]): void {
  const latest = results.at(-1);
  if (latest !== undefined) lab.writeResult(directory, latest);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'report.html'), lab.reportOf(results));
}

/** The document with the table of these results in its place. */
function tableIn(lab: Lab, file: string, results: readonly Result[]): string {
  let document: string;
  try {
    document = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError('no-document', `the document for the table cannot be read: ${String(error)}`);
  }
  const filled = lab.withTable(document, lab.markdownOf(results));
  if (filled === null)
    throw new CommandError('no-place', `${file} has no place for the table`, 'Take apps/lab/README.md.');
  return filled;
}
