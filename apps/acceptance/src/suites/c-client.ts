/**
 * The CppUnit tests of ZooKeeper's C client, multi-threaded, built from Debian's source package. Their `zkServer.sh` starts one
 * server with `java`; a companion runs the domains that it does not know of.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAll, startIn } from './commands.ts';
import { fromCppUnit, type Outcome } from './outcomes.ts';
import type { Ground, Suite } from './suite.ts';

const VERSION = '3.8.0';
const SOURCES = [
  'deb-src http://deb.debian.org/debian bookworm main',
  'deb-src http://deb.debian.org/debian-security bookworm-security main',
];
const BINARIES = ['libcppunit-dev', 'libcppunit-1.15-0'];
const DEBIAN_JAR = '/usr/share/java/zookeeper.jar';
const SUITES = [
  ...['init', 'reconfig', 'operations', 'close', 'watchers', 'clientretry'],
  ...['multi', 'readOnly', 'logClientEnv', 'simpleSystem'],
].map((name) => `Zookeeper_${name}`);

const home = (cache: string): string => join(cache, 'c-client');
const root = (cache: string): string => join(home(cache), 'zookeeper');
const client = (cache: string): string => join(root(cache), 'zookeeper-client', 'zookeeper-client-c');

export const cClient: Suite = {
  name: 'c',
  title: "ZooKeeper's C client",
  version: VERSION,
  excluded: [
    { tests: 'TestReconfigServer', reason: "it starts a C++ harness's own ensemble of Java servers" },
    { tests: 'Zookeeper_SASLAuth', reason: 'Debian builds the client without SASL' },
    { tests: 'TLS tests of Zookeeper_simpleSystem', reason: 'Debian builds the client without OpenSSL' },
  ],
  beside: ['swept'],
  short: null,
  get: async ({ cache, trial }) => {
    const folder = home(cache);
    if (existsSync(join(folder, 'complete'))) return null;
    mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
    writeFileSync(join(folder, 'sources.list'), `${SOURCES.join('\n')}\n`);
    // Neither the machine's lists nor its packages change.
    const apt = (...args: string[]): string[] => [
      ...['apt-get', '-q', '-o', `Dir::Etc::sourcelist=${folder}/sources.list`],
      ...['-o', 'Dir::Etc::sourceparts=/dev/null', '-o', `Dir::State::lists=${folder}/lists`, ...args],
    ];
    return runAll(
      { cwd: folder },
      [
        apt('update'),
        apt('source', '--download-only', 'zookeeper'),
        ['sh', '-c', 'rm -rf zookeeper && dpkg-source --no-check -x zookeeper_*.dsc zookeeper'],
        ['apt-get', '-q', 'download', ...BINARIES],
        ['sh', '-c', 'for package in *.deb; do dpkg -x "$package" cppunit; done'],
        ['sh', '-c', jute(folder)],
        ...build(folder, client(cache)),
        ['touch', 'complete'],
      ],
      trial.signal,
    );
  },
  run: async (ground) => {
    const { cache, only } = ground;
    const outcomes: Outcome[] = [];
    for (const name of only === null ? SUITES : [only]) {
      const first = await runTests(ground, name);
      outcomes.push(...first.outcomes);
      if (first.isWhole || only !== null) continue;
      // The tests after one that ended the process run one by one.
      const seen = new Set(first.outcomes.map(({ test }) => test));
      const rest = testsOf(cache, name).filter((test) => !seen.has(test));
      for (const test of rest) outcomes.push(...(await runTests(ground, test)).outcomes);
    }
    return outcomes;
  },
  alone: (test) => test,
};

/** The wire format's C code, made by the compiler in Debian's jar. */
const jute = (folder: string): string => `
  mkdir -p ${folder}/zookeeper/zookeeper-client/zookeeper-client-c/generated &&
  cd ${folder}/zookeeper/zookeeper-client/zookeeper-client-c/generated &&
  java -cp /usr/share/java/zookeeper-jute.jar org.apache.jute.compiler.generated.Rcc -l c \
    ${folder}/zookeeper/zookeeper-jute/src/main/resources/zookeeper.jute`;

function build(folder: string, sources: string): string[][] {
  const cppunit = join(folder, 'cppunit', 'usr');
  const libraries = join(cppunit, 'lib', 'x86_64-linux-gnu');
  const flags = `-w -DUSE_STATIC_LIB -DTHREADED -I${cppunit}/include -include time.h`;
  const configure = [
    ...['cmake', '-S', sources, '-B', join(folder, 'build'), '-DCMAKE_BUILD_TYPE=Debug'],
    ...['-DWITH_CYRUS_SASL=OFF', '-DWITH_OPENSSL=OFF', '-DCMAKE_C_FLAGS=-w', `-DCMAKE_CXX_FLAGS=${flags}`],
    `-DCMAKE_EXE_LINKER_FLAGS=-L${libraries} -Wl,-rpath,${libraries}`,
  ];
  return [configure, ['cmake', '--build', join(folder, 'build'), '--target', 'zktest']];
}

/** What the sources say that a suite consists of, in its order. */
function testsOf(cache: string, suite: string): string[] {
  const folder = join(client(cache), 'tests');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cc'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    if (!text.includes(`CPPUNIT_TEST_SUITE(${suite})`)) continue;
    return [...text.matchAll(/^\s*CPPUNIT_TEST\((\w+)\)/gm)].map((match) => `${suite}::${match[1]}`);
  }
  return [];
}

/** Runs a suite, or one test. One that ends the process has failed. */
async function runTests(
  { cache, launchers, trial }: Ground,
  name: string,
): Promise<{ readonly outcomes: Outcome[]; readonly isWhole: boolean }> {
  // Whether the server is up, the tests ask with ZooKeeper's own client.
  const classpath = launchers.classpath === 'none' ? DEBIAN_JAR : launchers.classpath;
  const path = `${launchers.bin}:${process.env['PATH']}`;
  const env = { PATH: path, CLASSPATH: classpath, base_dir: root(cache), ZKROOT: root(cache) };
  mkdirSync(join(root(cache), 'build', 'tmp'), { recursive: true });
  const run = startIn(
    { cwd: client(cache), env },
    [join(home(cache), 'build', 'zktest'), name],
    trial.signal,
  );
  const code = await run.ended;
  const isWhole = code === 0 || code === 1;
  // One that has ended early has not stopped its server.
  const stop = [join(client(cache), 'tests', 'zkServer.sh'), 'stop'];
  if (!isWhole) await runAll({ cwd: client(cache), env }, [stop], trial.signal);
  return { outcomes: fromCppUnit(run.lines), isWhole };
}
