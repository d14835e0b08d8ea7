/** Data sets that are on this machine: in the folder that CONCORDAT_GRAPHS names, else in the one beside the project. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_SETS } from './catalogue.ts';

export const graphsFolder = (): string =>
  process.env['CONCORDAT_GRAPHS'] ??
  fileURLToPath(new URL('../../../../../shared/data/graphs', import.meta.url));

/** The file of a data set of the catalogue, as fetched or packed with gzip; null: it is not at hand. */
export function dataSetAtHand(name: string, folder: string = graphsFolder()): string | null {
  const file = DATA_SETS.find((dataSet) => dataSet.name === name)?.file;
  if (file === undefined) return null;
  const paths = [file, `${file}.gz`].map((each) => join(folder, each));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** For a test that needs it: why it is skipped, or false. */
export const skipWithout = (name: string): string | false =>
  dataSetAtHand(name) === null &&
  `${name} is not in the folder of CONCORDAT_GRAPHS: concordat sybil fetch ${name} --out DIR`;
