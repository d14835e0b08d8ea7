/**
 * kazoo's own tests. Its harness starts the servers of an ensemble by running `java` from the path; with four servers each
 * is one domain of the federation.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAll, startIn } from './commands.ts';
import { fromJunit } from './outcomes.ts';
import type { Suite } from './suite.ts';

const VERSION = '2.10.0';
/** What the suite imports besides kazoo itself. */
const PACKAGES = [
  ...[
    'pytest==7.4.4',
    'pytest-timeout==2.3.1',
    'pyjks==20.0.0',
    'pyopenssl==23.2.0',
    'objgraph',
    'setuptools<81',
  ],
];
const EXCLUDED = [
  { tests: 'test_sasl.py', reason: 'it needs a SASL library and, in part, a Kerberos server' },
  { tests: 'test_gevent_handler.py', reason: 'it tests kazoo on gevent, with the same requests' },
  { tests: 'test_eventlet_handler.py', reason: 'it tests kazoo on eventlet, with the same requests' },
];

export const kazoo: Suite = {
  name: 'kazoo',
  title: 'kazoo (Python)',
  version: VERSION,
  excluded: EXCLUDED,
  short: 'test_counter or test_barrier',
  get: async ({ cache, trial }) => {
    const python = join(cache, 'python', 'bin', 'python');
    const sources = join(cache, `kazoo-${VERSION}`);
    if (existsSync(join(sources, 'complete'))) return null;
    const flags = ['--no-binary', ':all:', '--no-deps', '--dest', cache];
    return runAll(
      { cwd: cache },
      [
        ['python3', '-m', 'venv', join(cache, 'python')],
        [python, '-m', 'pip', 'install', '-q', `kazoo==${VERSION}`, ...PACKAGES],
        [python, '-m', 'pip', 'download', '-q', `kazoo==${VERSION}`, ...flags],
        ['tar', 'xzf', `kazoo-${VERSION}.tar.gz`],
        ['touch', join(sources, 'complete')],
      ],
      trial.signal,
    );
  },
  run: async ({ cache, folder, launchers, only, trial }) => {
    const report = join(folder, 'kazoo.xml');
    const pytest = [
      ...[
        '-m',
        'pytest',
        '-q',
        '-W',
        'ignore',
        '-p',
        'no:cacheprovider',
        `--junitxml=${report}`,
        'kazoo/tests',
      ],
      // A test that waits for ever must not keep the others from being run.
      ...['--timeout=120', '--timeout-method=signal'],
      ...EXCLUDED.map(({ tests }) => `--ignore=kazoo/tests/${tests}`),
      ...(only === null ? [] : ['-k', only]),
    ];
    const env = {
      PATH: `${launchers.bin}:${process.env['PATH']}`,
      ZOOKEEPER_CLASSPATH: launchers.classpath,
      ZOOKEEPER_VERSION: '3.8.4',
      ZOOKEEPER_CLUSTER_SIZE: '4',
      TMPDIR: folder,
    };
    const place = { cwd: join(cache, `kazoo-${VERSION}`), env };
    const run = startIn(place, [join(cache, 'python', 'bin', 'python'), ...pytest], trial.signal);
    await run.ended;
    if (!existsSync(report))
      throw new Error(`kazoo's tests did not run:\n${run.lines.slice(-15).join('\n')}`);
    return fromJunit(readFileSync(report, 'utf8'));
  },
  // kazoo.tests.test_client.TestClient.test_x; a few tests of equal names run with it.
  alone: (test) => test.split('.').slice(-2).join(' and '),
};
