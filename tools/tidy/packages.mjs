/**
 * Rules on whole packages: manifests declare exactly what the sources use, project references follow, the lockfile
 * agrees, and casts are counted (a count may only shrink).
 */

import { posix } from 'node:path';
import { castsOf, mayCast } from './form.mjs';
import { packageNameOf } from './imports.mjs';
import { importsOf } from './source.mjs';

const sortedKeys = (...records) =>
  [...new Set(records.flatMap((record) => Object.keys(record ?? {})))].sort();

/** Names a package's sources import, other than its own files and node. */
function usedNames(files) {
  const names = new Set();
  for (const { source } of files) {
    for (const { specifier } of importsOf(source)) {
      if (!specifier.startsWith('.') && !specifier.startsWith('node:')) names.add(packageNameOf(specifier));
    }
  }
  return names;
}

/** Declared but unused dependencies, and references that differ from them. */
export function checkManifest({ folder, manifest, references }, files, packages) {
  const problems = [];
  const referenced = references.map((path) => posix.join(folder, path));
  const report = (file, message) => problems.push({ path: `${folder}/${file}`, line: 1, message });
  const used = usedNames(files);
  const declared = sortedKeys(manifest.dependencies, manifest.devDependencies);
  for (const name of declared) {
    if (!used.has(name) && !name.startsWith('@types/'))
      report('package.json', `${name} is declared but never imported`);
  }
  const wanted = packages.filter(({ name }) => declared.includes(name)).map((other) => other.folder);
  for (const path of wanted) {
    if (!referenced.includes(path))
      report('tsconfig.json', `references lack '${path}', a declared dependency`);
  }
  for (const path of referenced) {
    if (!wanted.includes(path))
      report('tsconfig.json', `references '${path}', which package.json does not declare`);
  }
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^\d/.test(version)) report('package.json', `${name}: pin one exact version, not '${version}'`);
  }
  return problems;
}

/** The root's lists know the package, and the lockfile says what the manifest says. */
export function checkRegistered({ folder, manifest }, rootReferences, lock) {
  const problems = [];
  if (!rootReferences.includes(folder)) {
    problems.push({
      path: 'tsconfig.json',
      line: 1,
      message: `references lack '${folder}': it would not be built`,
    });
  }
  const entry = lock.packages[folder] ?? {};
  const same = (key) => JSON.stringify(sorted(entry[key])) === JSON.stringify(sorted(manifest[key]));
  if (!same('dependencies') || !same('devDependencies')) {
    problems.push({
      path: 'package-lock.json',
      line: 1,
      message: `is out of step with ${folder}/package.json: run npm install, or npm ci will refuse`,
    });
  }
  return problems;
}

const sorted = (record = {}) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** Casts outside codecs, edges and tests, counted per package against their exception. */
export function checkCasts(folder, files, exceptions) {
  const places = files
    .filter(({ place }) => !mayCast(place))
    .flatMap(({ place, source }) =>
      castsOf(source).map((at) => ({ path: place.path, line: source.lineAt(at) })),
    );
  const allowed = exceptions.casts[folder] ?? 0;
  if (places.length > allowed) {
    const message = `a cast with 'as' outside a codec (${places.length} in ${folder}, ${allowed} allowed): narrow instead`;
    return places.map((place) => ({ ...place, message }));
  }
  if (places.length === allowed) return [];
  const message = `${folder} has ${places.length} casts left: lower its count from ${allowed}`;
  return [{ path: 'tools/tidy/exceptions.json', line: 1, message }];
}

/** Exceptions for files that are gone. */
export function checkExceptions(exceptions, budgets, paths) {
  const known = new Set(paths);
  const gone = Object.keys(budgets.files)
    .filter((path) => !known.has(path))
    .map((path) => ({
      path: 'tools/test-budgets.json',
      line: 1,
      message: `'${path}' names no file: remove it`,
    }));
  const listed = sortedKeys(exceptions.fileLines, exceptions.functionLines)
    .filter((key) => !known.has(key.split('#')[0]))
    .map((key) => ({
      path: 'tools/tidy/exceptions.json',
      line: 1,
      message: `'${key}' names no file: remove it`,
    }));
  return [...gone, ...listed];
}
