/**
 * `npm run tidy`: the house rules, checked on the text of every source in well under a second. It runs before the
 * tests; each message says what to do instead. The rules are in CONTRIBUTING.md, one file here per kind.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFiles, findPackages, ROOT, readJson } from '../workspace.mjs';
import { checkHeader, checkMarks, checkNames, checkSizes, checkTypes } from './form.mjs';
import { checkImports } from './imports.mjs';
import { checkCasts, checkExceptions, checkManifest, checkRegistered } from './packages.mjs';
import { placeOf } from './places.mjs';
import { checkPurity } from './purity.mjs';
import { readSource } from './source.mjs';

/** Problems of one source file, as `{ path, line, message }`. */
export function checkFile(place, source, packages, exceptions) {
  return [
    ...checkImports(place, source, packages),
    ...checkPurity(place, source),
    ...checkNames(place, source),
    ...checkSizes(place, source, exceptions),
    ...checkHeader(place, source),
    ...checkMarks(place, source),
    ...checkTypes(place, source),
  ].map((problem) => ({ path: place.path, ...problem }));
}

const readFile = (path) => ({
  place: placeOf(path),
  source: readSource(readFileSync(join(ROOT, path), 'utf8')),
});

const isSource = (name) => name.endsWith('.ts') && !name.endsWith('.d.ts');

const referencesOf = (path) => (readJson(path).references ?? []).map((reference) => reference.path);

/** Problems of the whole workspace, and how many files were read. */
function checkWorkspace() {
  const packages = findPackages();
  const exceptions = readJson(join(ROOT, 'tools/tidy/exceptions.json'));
  const rootReferences = referencesOf(join(ROOT, 'tsconfig.json'));
  const lock = readJson(join(ROOT, 'package-lock.json'));
  const problems = [];
  const paths = [];
  const checkFiles = (files) => {
    for (const { place, source } of files) {
      paths.push(place.path);
      problems.push(...checkFile(place, source, packages, exceptions));
    }
  };
  for (const entry of packages) {
    const files = findFiles(entry.folder, isSource).map(readFile);
    const config = join(ROOT, entry.folder, 'tsconfig.json');
    const references = existsSync(config) ? referencesOf(config) : [];
    checkFiles(files);
    problems.push(...checkManifest({ ...entry, references }, files, packages));
    problems.push(...checkRegistered(entry, rootReferences, lock));
    problems.push(...checkCasts(entry.folder, files, exceptions));
  }
  checkFiles(findFiles('tools', (name) => name.endsWith('.mjs')).map(readFile));
  const budgets = readJson(join(ROOT, 'tools/test-budgets.json'));
  problems.push(...checkExceptions(exceptions, budgets, paths));
  return { problems, count: paths.length };
}

/** Prints what is wrong; true if nothing is. */
export function runTidy() {
  const startedAt = performance.now();
  const { problems, count } = checkWorkspace();
  for (const { path, line, message } of problems) console.log(`${path}:${line}: ${message}`);
  const ms = Math.round(performance.now() - startedAt);
  const verdict = problems.length === 0 ? 'ok     tidy' : `FAILED tidy: ${problems.length} problems`;
  console.log(`${verdict} (${count} files, ${ms} ms)`);
  return problems.length === 0;
}
