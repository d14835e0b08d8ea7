/**
 * Who may import whom: floors point downwards, systems never meet, and what touches the outside stays in worlds,
 * edges and apps. Also that packages reach each other by name and by what their manifests declare.
 */

import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { importsOf } from './source.mjs';

const FLOORS = ['foundations', 'worlds', 'systems', 'apps'];

/** Foundations import only what stands on a lower step. */
const STEPS = { kernel: 0, wire: 1, crypto: 2, state: 3, graph: 3, 'causal-log': 3, accountability: 4 };

/** What tests of pure packages may use of node: judging and reading vectors, never sockets or processes. */
const TEST_BUILTINS = /^node:(test|assert|assert\/strict|fs|path|url|crypto|util|zlib|v8|module)$/;
/** Test libraries that the root provides to every package. */
const TEST_LIBRARIES = ['fast-check'];

/** What selfish and lying peers do: no daemon has it within reach. */
const DEVIATIONS = './deviations';
const DEVIANT_APPS = ['apps/lab', 'apps/acceptance'];
const DEVIATIONS_PROBLEM = 'deviations are for tests, trials and the lab: daemons are obedient';

const nameIn = (folder) => folder.split('/')[1];

/** Why code at `place` may not import the package in `folder`, or null. */
function floorProblem(place, folder) {
  const [from, to] = [place.floor, folder.split('/')[0]];
  if (to === 'apps' && from !== 'apps')
    return 'only apps import an app: move what is shared down to a lower floor';
  if (from === 'systems' && to === 'systems') {
    return 'systems never import each other: move what two share down to foundations, compose them in apps';
  }
  if (from === 'worlds' && to === 'systems')
    return 'worlds know no system: pass what is needed as a Process or Service';
  if (from === 'systems' && to === 'worlds' && !place.isTest && !place.isEdge) {
    return 'protocol code knows no world: act through Env, or move this file to src/edge';
  }
  if (from === 'foundations' && to === 'foundations' && !place.isTest) {
    const [step, other] = [STEPS[nameIn(place.package)] ?? 4, STEPS[nameIn(folder)] ?? 4];
    if (other >= step)
      return 'foundations stand on each other: kernel < wire < crypto < state, graph < accountability';
  }
  if (from === 'worlds' && nameIn(folder) === 'runtime' && place.isPure) {
    return 'sim and check stay deterministic: they cannot import runtime';
  }
  const isUpwards = FLOORS.indexOf(to) > FLOORS.indexOf(from);
  if (isUpwards && !(place.isTest && to === 'worlds'))
    return `imports point downwards: ${FLOORS.join(' < ')}`;
  return null;
}

function builtinProblem(place, specifier) {
  if (!specifier.startsWith('node:')) return `write node:${specifier}`;
  if (place.isPure)
    return 'pure code has no node: act through Env, take primitives as arguments, or move it to src/edge';
  if (place.isTest && place.isPurePackage && !place.isEdge && !TEST_BUILTINS.test(specifier)) {
    return 'tests of pure code need no sockets or processes: test that in src/edge, worlds/runtime or apps';
  }
  return null;
}

function relativeProblem(place, specifier) {
  const target = posix.join(posix.dirname(place.path), specifier);
  const home = place.isTool ? 'tools/' : `${place.package}/`;
  if (!target.startsWith(home)) return 'other packages are imported by name, not by path';
  if (!place.isTool && !/\.(ts|json)$/.test(specifier)) return 'relative imports end in .ts';
  const isEdgeTarget = target.startsWith(`${place.package}/src/edge/`);
  if (isEdgeTarget && place.isPure) {
    return 'pure code cannot import the edge: pass an interface, or export the edge under its own subpath';
  }
  const deviations = `${place.package}/src/deviations/`;
  if (target.startsWith(deviations) && !place.path.startsWith(deviations) && !place.isTest)
    return DEVIATIONS_PROBLEM;
  if (place.isPure && /\.test\.ts$|\/testing\//.test(target)) return 'only tests import tests';
  return null;
}

/** The package named by a specifier: `@scope/name` or `name`, without the subpath. */
export function packageNameOf(specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

function namedProblem(place, specifier, packages) {
  const name = packageNameOf(specifier);
  const own = packages.find(({ folder }) => folder === place.package);
  const target = packages.find((candidate) => candidate.name === name);
  if (own !== undefined && own === target) return 'a package imports its own files by relative path';
  if (target !== undefined) {
    const subpath = `.${specifier.slice(name.length)}`;
    if (target.manifest.exports?.[subpath] === undefined) return `${name} does not export '${subpath}'`;
    if (subpath === DEVIATIONS && !place.isTest && !DEVIANT_APPS.includes(place.package))
      return DEVIATIONS_PROBLEM;
    return floorProblem(place, target.folder) ?? declaredProblem(place, name, own);
  }
  if (place.isTest && TEST_LIBRARIES.includes(name)) return null;
  if (place.isPure) return 'pure code depends on nothing: consensus and bytes under attack are our own work';
  return declaredProblem(place, name, own);
}

function declaredProblem(place, name, own) {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = own?.manifest ?? {};
  if (name in dependencies || name in optionalDependencies) return null;
  if (name in devDependencies && place.isTest) return null;
  return `${name} is not declared in ${place.package}/package.json`;
}

function problemOf(place, specifier, packages) {
  if (specifier.startsWith('.')) return relativeProblem(place, specifier);
  const bare = specifier.replace(/^node:/, '');
  if (specifier.startsWith('node:') || builtinModules.includes(bare)) return builtinProblem(place, specifier);
  return namedProblem(place, specifier, packages);
}

/** Problems of one file's imports, as `{ line, message }`. */
export function checkImports(place, source, packages) {
  const problems = [];
  for (const { specifier, line } of importsOf(source)) {
    const problem = problemOf(place, specifier, packages);
    if (problem !== null) problems.push({ line, message: `import '${specifier}': ${problem}` });
  }
  return problems;
}
