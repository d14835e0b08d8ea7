/**
 * kazoo's own test suite against the server under test. The suite starts its servers by running `java`; a script of that
 * name, first on the path, reads the configuration it is given and starts one domain of a federation instead.
 */

import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Running, start } from './tools.ts';
import type { Acceptance, Trial } from './trial.ts';

const KAZOO = '2.10.0';
const SHIM = fileURLToPath(new URL('./java-shim.js', import.meta.url));
/** What the suite imports besides kazoo itself. */
const PACKAGES = ['pytest==7.4.4', 'pyjks==20.0.0', 'pyopenssl==23.2.0', 'objgraph', 'setuptools<81'];
const LEFT_OUT = [
  // They need other libraries, or a SASL server.
  ...['test_sasl.py', 'test_gevent_handler.py', 'test_eventlet_handler.py'].map(
    (file) => `--ignore=kazoo/tests/${file}`,
  ),
  // A TLS client port, reconfiguration of the ensemble and read-only servers are not offered.
  ...['-k', 'not ssl and not reconfig and not read_only and not SSL'],
];

export const kazooSuite: Acceptance = {
  name: 'kazoo-suite',
  summary: "kazoo's own tests (downloaded), with our domains in place of its servers; not part of `all`",
  needs: [],
  deadlineMs: 1_500_000,
  run: async (trial) => {
    const folder = mkdtempSync(join(tmpdir(), 'concordat-kazoo-'));
    try {
      const suite = await download(trial, folder);
      if (suite === null) return;
      const template = await prepareTemplate(trial, folder);
      report(trial, await runSuite(trial, folder, suite, template));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Suite {
  /** The unpacked sources, which hold the tests. */
  readonly sources: string;
  /** A Python with everything that they import. */
  readonly python: string;
}

/** Gets the sources and makes an environment for them; null when they cannot be had. */
async function download(trial: Trial, folder: string): Promise<Suite | null> {
  const environment = join(folder, 'python');
  const python = join(environment, 'bin', 'python');
  const archive = join(folder, `kazoo-${KAZOO}.tar.gz`);
  const flags = ['--no-binary', ':all:', '--no-deps', '--dest', folder];
  const steps = [
    ['python3', '-m', 'venv', environment],
    [python, '-m', 'pip', 'install', '-q', `kazoo==${KAZOO}`, ...PACKAGES],
    [python, '-m', 'pip', 'download', '-q', `kazoo==${KAZOO}`, ...flags],
    ['tar', 'xzf', archive, '-C', folder],
  ];
  for (const [program = '', ...args] of steps) {
    const step = start(program, args, trial.signal);
    if ((await step.ended) === 0) continue;
    trial.skip(`kazoo ${KAZOO} cannot be had from PyPI: ${step.lines.at(-1)}`);
    return null;
  }
  return { sources: join(folder, `kazoo-${KAZOO}`), python };
}

/** A federation that has been started once and stopped: what every fresh server of the suite begins with. */
async function prepareTemplate(trial: Trial, folder: string): Promise<string> {
  const cluster = await trial.cluster();
  await cluster.killAll();
  const template = join(folder, 'template');
  cpSync(cluster.dataDir, template, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  return template;
}

async function runSuite(trial: Trial, folder: string, suite: Suite, template: string): Promise<Running> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const java = join(bin, 'java');
  writeFileSync(java, `#!/bin/sh\nexec "${process.execPath}" "${SHIM}" "${template}" "$@"\n`);
  chmodSync(java, 0o755);
  const environment = [
    `PATH=${bin}:${process.env['PATH']}`,
    ...['ZOOKEEPER_CLASSPATH=none', 'ZOOKEEPER_VERSION=3.8.0', 'ZOOKEEPER_CLUSTER_SIZE=4'],
  ];
  const pytest = [
    '-m',
    'pytest',
    '-q',
    '-W',
    'ignore',
    '-p',
    'no:cacheprovider',
    '-rfEs',
    'kazoo/tests',
    ...LEFT_OUT,
  ];
  const command = `cd "${suite.sources}" && exec env "$@"`;
  const run = start('sh', ['-c', command, 'sh', ...environment, suite.python, ...pytest], trial.signal);
  await run.ended;
  return run;
}

function report(trial: Trial, run: Running): void {
  for (const line of run.lines.filter((text) => /^(FAILED|ERROR|SKIPPED) /.test(text))) trial.note(line);
  const last = run.lines.findLast((line) => /\d+ passed.* in [\d.]+s/.test(line)) ?? 'no summary';
  trial.check(
    / passed/.test(last) && !/failed|error/.test(last),
    `kazoo ${KAZOO}: ${last.replaceAll('=', '').trim()}`,
  );
}
