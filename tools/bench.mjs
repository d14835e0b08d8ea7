/**
 * `npm run bench [-- filter]`: runs every `*.bench.ts` of the packages, one after the other, in this process.
 * A bench prints ratios of one run side by side; absolute figures of a shared machine prove nothing.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StepError } from './steps.mjs';
import { findFiles, findPackages, ROOT } from './workspace.mjs';

export async function runBenches([filter = '']) {
  const sources = findPackages()
    .flatMap(({ folder }) => findFiles(`${folder}/src`, (name) => name.endsWith('.bench.ts')))
    .filter((path) => path.includes(filter));
  if (sources.length === 0) throw new StepError(`no *.bench.ts file matches '${filter}'`);
  process.setSourceMapsEnabled(true);
  for (const source of sources) {
    console.log(`\n${source}`);
    const compiled = source.replace('/src/', '/dist/').replace(/\.ts$/, '.js');
    await import(pathToFileURL(join(ROOT, compiled)).href);
  }
}
