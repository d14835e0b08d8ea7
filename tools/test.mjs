/**
 * `npm test [-- filter]`: build, tidy, biome, then the tests of every package: one process per package, three at a
 * time, because many tests wait for sockets and clocks. A file that outlives its budget (test-budgets.json) hangs and
 * is stopped, and so is a run that outlives the deadline; both are failures with a name, never a silent wait. The last
 * line is `N passed, N failed, N skipped`; the build and the two checks count as one test each.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand, StepError } from './steps.mjs';
import { runTidy } from './tidy/index.mjs';
import { findFiles, findPackages, ROOT, readJson } from './workspace.mjs';

const DEADLINE_MS = 14 * 60_000;
const PROCESSES = 3;
/** How long a process may linger once its last test is done. */
const LINGER_MS = 10_000;
const SLOWEST_SHOWN = 10;

const budgets = readJson(join(ROOT, 'tools/test-budgets.json'));
const budgetMs = (source) => 1000 * (budgets.files[source] ?? budgets.defaultSeconds);

/** Test files per package as `{ folder, sources, files }`: derived from the sources, so that leftovers never run. */
function findSuites(filter) {
  const suites = findPackages().map(({ folder }) => {
    const sources = findFiles(`${folder}/src`, (name) => name.endsWith('.test.ts'));
    return { folder, sources };
  });
  suites.push({ folder: 'tools', sources: findFiles('tools', (name) => name.endsWith('.test.mjs')) });
  for (const suite of suites) {
    suite.sources = suite.sources.filter((source) => source.includes(filter));
    suite.files = suite.sources.map((source) =>
      join(ROOT, source.replace('/src/', '/dist/').replace(/\.ts$/, '.js')),
    );
  }
  // Upper floors first: their suites are the long ones.
  return suites.filter(({ sources }) => sources.length > 0).reverse();
}

const createResult = (suite) => ({
  suite,
  passed: 0,
  failed: 0,
  skipped: 0,
  failures: [],
  /** How often a test was skipped for each reason. */
  skips: new Map(),
  output: '',
  /** Milliseconds per test file, as reported by its outermost tests. */
  times: new Map(),
  /** Outermost tests that are registered and not yet done. */
  waiting: 0,
  running: null,
  runningSince: Date.now(),
  isLoaded: false,
  /** Some test was heard of. */
  hasTests: false,
  hasEnded: false,
  lastEvent: Date.now(),
});

/** The source of a compiled or mapped test file, as shown to people. */
function sourceOf(result, file) {
  const path = relative(ROOT, file.replace(/^file:\/\//, ''));
  const source = path.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  return result.suite.sources.includes(source) ? source : path;
}

function fail(result, title, error) {
  result.failed++;
  result.failures.push({ title, error });
}

/** Counts one event of the child's reporter. */
function onEvent(result, event) {
  result.lastEvent = Date.now();
  if (event.type === 'loaded') result.isLoaded = true;
  if (event.type === 'ended') result.hasEnded = true;
  if (!event.type.startsWith('test:')) return;
  const source = sourceOf(result, event.file);
  if (event.type === 'test:enqueue') {
    if (event.nesting === 0) {
      result.waiting++;
      result.hasTests = true;
    }
  } else if (event.type === 'test:dequeue') {
    if (source !== result.running) result.runningSince = Date.now();
    result.running = source;
  } else {
    onDone(result, event, source);
  }
}

function onDone(result, event, source) {
  if (event.nesting === 0) {
    result.waiting--;
    result.times.set(source, (result.times.get(source) ?? 0) + event.durationMs);
  }
  if (event.type === 'test:fail' && !event.fromChild) fail(result, `${source}: ${event.name}`, event.error);
  else if (event.type === 'test:fail') return;
  // Of a suite that is skipped, nobody says how many tests it has.
  else if (event.skipped) skip(result, event.why || `${source} says not why`);
  else if (!event.isSuite) result.passed++;
}

function skip(result, why) {
  result.skipped++;
  result.skips.set(why, (result.skips.get(why) ?? 0) + 1);
}

/** Why a running suite must be stopped now, or null. */
function reasonToStop(result, { deadline, lingerMs, budgetMs }) {
  const now = Date.now();
  if (now > deadline) return `the run exceeded ${DEADLINE_MS / 60_000} minutes`;
  // A test that never yields may begin before anybody hears that there is one.
  if (result.isLoaded && result.hasTests && result.waiting === 0) {
    if (now - result.lastEvent < lingerMs) return null;
    return 'all tests are done but the process would not end: a socket, timer or worker is still open';
  }
  const source = result.running ?? result.suite.sources[0];
  if (now - result.runningSince < budgetMs(source)) return null;
  return `exceeded its budget of ${budgetMs(source) / 1000} s (tools/test-budgets.json)`;
}

/**
 * Runs one package's tests to their end; resolves with the result, whatever happened. `limits` are the time at which
 * the run ends, how long a process may linger, and the budget of each file.
 */
export function runSuite(suite, limits, children) {
  const result = createResult(suite);
  const missing = suite.files.find((file) => !existsSync(file));
  if (missing !== undefined) fail(result, missing, 'is not compiled');
  return new Promise((resolve) => {
    const reporter = join(ROOT, 'tools/test-reporter.mjs');
    const flags = [
      '--enable-source-maps',
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
    ];
    const child = spawn(process.execPath, [...flags, join(ROOT, 'tools/test-package.mjs'), ...suite.files], {
      cwd: join(ROOT, suite.folder),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Tests of this runner run in a test process: the inner one is not part of it.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    children.add(child);
    child.stdout.on('data', (chunk) => (result.output += chunk));
    child.stderr.on('data', (chunk) => (result.output += chunk));
    child.on('message', (event) => onEvent(result, event));
    let stopped = null;
    const watch = setInterval(() => {
      stopped ??= reasonToStop(result, limits);
      if (stopped !== null) child.kill('SIGKILL');
    }, 250);
    const conclude = (code, signal) => {
      const ending = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
      const isUnfinished = !result.hasEnded || result.waiting > 0;
      const isUnexplained = result.failed === 0 && (code !== 0 || isUnfinished);
      const reason = stopped ?? (isUnexplained ? `${ending} before its tests were done` : null);
      if (reason !== null) fail(result, result.running ?? suite.folder, reason);
      resolve(result);
    };
    child.on('close', (code, signal) => {
      clearInterval(watch);
      children.delete(child);
      // The last events may still be in the channel when the process is gone.
      if (child.connected) child.once('disconnect', () => conclude(code, signal));
      else conclude(code, signal);
    });
  });
}

function showResult(result) {
  const { suite, passed, failed, skipped } = result;
  const mark = failed === 0 ? 'ok    ' : 'FAILED';
  const seconds = [...result.times.values()].reduce((sum, ms) => sum + ms, 0) / 1000;
  const extra = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`${mark} ${suite.folder.padEnd(28)} ${passed} passed${extra} (${seconds.toFixed(1)} s)`);
  if (failed === 0) return;
  for (const { title, error } of result.failures) {
    console.log(`\n  FAILED ${title}\n${error.replace(/^/gm, '    ')}\n`);
  }
  if (result.output.trim() !== '') console.log(`  output of ${suite.folder}:\n${result.output.slice(-8000)}`);
}

async function runSuites(suites, deadline) {
  const limits = { deadline, lingerMs: LINGER_MS, budgetMs };
  const children = new Set();
  const stopAll = () => {
    for (const child of children) child.kill('SIGKILL');
    process.exit(130);
  };
  process.on('SIGINT', stopAll).on('SIGTERM', stopAll);
  const waiting = [...suites];
  const results = [];
  const work = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const result = await runSuite(suite, limits, children);
      showResult(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  process.off('SIGINT', stopAll).off('SIGTERM', stopAll);
  return results;
}

/** Why tests were skipped, which is as a rule what is not installed here. */
function showSkips(results) {
  const counts = new Map();
  for (const [why, count] of results.flatMap(({ skips }) => [...skips]))
    counts.set(why, (counts.get(why) ?? 0) + count);
  if (counts.size > 0) console.log('');
  for (const [why, count] of counts) console.log(`skipped ${count}: ${why}`);
}

function showSlowest(results) {
  const times = results.flatMap(({ times }) => [...times]).sort((a, b) => b[1] - a[1]);
  if (times.length === 0) return;
  console.log('\nslowest test files:');
  for (const [source, ms] of times.slice(0, SLOWEST_SHOWN)) {
    console.log(`  ${(ms / 1000).toFixed(2).padStart(7)} s  ${source}`);
  }
}

/** Text and format rules; each returns true when it holds and has said why when it does not. */
async function runChecks() {
  const isTidy = runTidy();
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const { code, output } = await runCommand(process.execPath, [biome, 'check', '--max-diagnostics=40'], {
    quiet: true,
  });
  console.log(code === 0 ? 'ok     biome check' : `FAILED biome check\n${output}`);
  return [isTidy, code === 0];
}

/** True if everything compiles. If not, the rest of the run still says what else is broken. */
async function isBuilt(build) {
  try {
    await build();
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.log(`FAILED ${error.message}`);
    return false;
  }
}

/** Builds and tests; returns the exit code. A filter restricts the run to test files whose path contains it. */
export async function runTests([filter = ''], build) {
  const startedAt = Date.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const count = (holds) => total[holds ? 'passed' : 'failed']++;
  count(await isBuilt(build));
  const suites = findSuites(filter);
  if (suites.length === 0) console.log(`FAILED no test file's path contains '${filter}'`);
  if (suites.length === 0) count(false);
  if (filter === '') for (const holds of await runChecks()) count(holds);
  const results = await runSuites(suites, startedAt + DEADLINE_MS);
  for (const result of results) for (const key of Object.keys(total)) total[key] += result[key];
  showSlowest(results);
  showSkips(results);
  console.log(`\n${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}
