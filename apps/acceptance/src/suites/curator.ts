/**
 * The tests of Curator's recipes, as Maven Central has them compiled. Their TestingServer runs ZooKeeper's server in the same
 * JVM; one class of it, replaced by `java/org/apache/curator/test`, starts a process instead, but for the comparison, which is with
 * the server that it brings along.
 */

import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAll, startIn } from './commands.ts';
import { jars } from './maven.ts';
import { fromJunit } from './outcomes.ts';
import type { Ground, Suite } from './suite.ts';

const VERSION = '5.7.1';
const ADAPTER = fileURLToPath(
  new URL('../../java/org/apache/curator/test/ZooKeeperServerEmbeddedAdapter.java', import.meta.url),
);
const RECIPES = 'org.apache.curator.framework.recipes';
const EXCLUDED = [
  {
    tests: 'org.apache.curator.framework.recipes.leader.TestLeaderSelectorEdges',
    reason:
      "it runs ZooKeeper's server with a connection factory of its own, which loses requests on purpose, inside the test's JVM: no other server can be put there",
  },
  {
    tests: 'org.apache.curator.framework.recipes.cache.TestCuratorCacheConsistency',
    reason:
      'it starts an ensemble of five servers and kills two of them for good; the federation has four domains and is made for one fault',
  },
];
/** Curator's own setting for slow machines, for tests that run once more, alone. */
const PATIENCE = '-Dtiming-multiple=4';
const ARTIFACTS = [
  `org.apache.curator:curator-recipes:${VERSION}`,
  `org.apache.curator:curator-recipes:${VERSION}:tests`,
  `org.apache.curator:curator-test:${VERSION}`,
  // All of JUnit of one version: curator-test names parts of an older one.
  ...['api', 'engine', 'params'].map((part) => `org.junit.jupiter:junit-jupiter-${part}:5.9.3`),
  ...['commons', 'engine', 'launcher', 'reporting', 'console'].map(
    (part) => `org.junit.platform:junit-platform-${part}:1.9.3`,
  ),
  `org.apache.curator:curator-framework:${VERSION}:tests`,
  ...['org.assertj:assertj-core:3.23.1', 'org.awaitility:awaitility:4.1.1'],
  ...['org.apache.commons:commons-math:2.2', 'org.slf4j:slf4j-nop:1.7.30'],
];

const classpath = ({ cache, trial }: Ground): Promise<string> =>
  jars(cache, `curator-${VERSION}`, ARTIFACTS, trial.signal);

/** A method, a class, or a package with what is below it. */
function choice(name: string): string[] {
  if (name.includes('#')) return ['--select-method', name];
  return [/\.[A-Z]\w*$/.test(name) ? '--select-class' : '--select-package', name];
}

/** The classes of tests below the package, as JUnit knows them by their names; those that others extend hold none. */
async function classesOf({ cache, trial }: Ground): Promise<string[]> {
  const jar = join(cache, `curator-${VERSION}`, 'jars', `curator-recipes-${VERSION}-tests.jar`);
  const list = startIn({ cwd: cache }, ['jar', 'tf', jar], trial.signal);
  if ((await list.ended) !== 0) throw new Error(`${jar} cannot be read: ${list.lines.at(-1)}`);
  return list.lines
    .filter((file) => /\/Test\w*\.class$/.test(file))
    .map((file) => file.slice(0, -'.class'.length).replaceAll('/', '.'))
    .filter((name) => name.startsWith(`${RECIPES}.`) && !EXCLUDED.some(({ tests }) => tests === name))
    .sort();
}

export const curator: Suite = {
  name: 'curator',
  title: 'Apache Curator, recipes (Java)',
  version: VERSION,
  excluded: EXCLUDED,
  beside: ['swept', 'ensembles'],
  short: null,
  get: async (ground) => {
    try {
      await classpath(ground);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  run: async (ground) => {
    const { folder, launchers, only, trial } = ground;
    const classes = join(folder, 'classes');
    const path = await classpath(ground);
    const isCompiled = trial.target === 'apache' || existsSync(classes);
    const compile = isCompiled ? [] : [['javac', '-cp', path, '-d', classes, ADAPTER]];
    const lacks = await runAll({ cwd: folder }, compile, trial.signal);
    if (lacks !== null) throw new Error(lacks);
    const reports = mkdtempSync(join(folder, 'reports-'));
    const java = [
      ...['/usr/bin/java', `-Djava.io.tmpdir=${folder}`, `-Dconcordat.server=${launchers.bin}/zkServer.sh`],
      '--add-opens=java.base/java.lang=ALL-UNNAMED',
      ...(only?.includes('#') ? [PATIENCE] : []),
      ...['-cp', `${classes}:${path}`, 'org.junit.platform.console.ConsoleLauncher'],
      ...['--disable-banner', '--details=none', '--reports-dir', reports, ...choice(only ?? RECIPES)],
      // A test that waits for ever must not keep the others from being run.
      ...['--config', 'junit.jupiter.execution.timeout.testable.method.default=300s'],
      ...EXCLUDED.flatMap(({ tests }) => ['--exclude-classname', tests]),
    ];
    const run = startIn({ cwd: folder }, java, trial.signal);
    await run.ended;
    const report = join(reports, 'TEST-junit-jupiter.xml');
    if (!existsSync(report))
      throw new Error(`Curator's tests did not run:\n${run.lines.slice(-15).join('\n')}`);
    return fromJunit(readFileSync(report, 'utf8'));
  },
  parts: classesOf,
  alone: (test) => {
    const [, owner = '', method = '', types = ''] = /^(.*)\.(\w+)\(([^)]*)\)/.exec(test) ?? [];
    return `${owner}#${method}(${types})`;
  },
};
