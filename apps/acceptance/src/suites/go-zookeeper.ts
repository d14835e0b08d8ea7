/**
 * The tests of go-zookeeper/zk. They start ensembles of one and of three with `zkServer.sh`, kill its servers and start them
 * again; a companion runs the domains that they do not know of.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runAll, startIn } from './commands.ts';
import { fromGo } from './outcomes.ts';
import type { Suite } from './suite.ts';

const MODULE = 'github.com/go-zookeeper/zk';
const VERSION = 'v1.0.4';

export const goZookeeper: Suite = {
  name: 'go',
  title: 'go-zookeeper/zk (Go)',
  version: VERSION.slice(1),
  excluded: [],
  // Tests with three servers wait until this client has understood when those were built. Later ones write that date otherwise.
  apache: '3.6.3',
  short: null,
  get: async ({ cache, trial }) => {
    const sources = join(cache, 'go-zookeeper');
    if (existsSync(join(sources, 'complete'))) return null;
    const modules = join(cache, 'go-modules');
    // The module cache is read-only, and go leaves it to nobody to change that but itself.
    const env = { GOMODCACHE: modules, GOFLAGS: '-modcacherw' };
    return runAll(
      { cwd: cache, env },
      [
        ['go', 'mod', 'download', `${MODULE}@${VERSION}`],
        ['rm', '-rf', sources],
        ['cp', '-r', join(modules, `${MODULE}@${VERSION}`), sources],
        ['touch', join(sources, 'complete')],
      ],
      trial.signal,
    );
  },
  run: async ({ cache, folder, launchers, only, trial }) => {
    const env = { ZOOKEEPER_BIN_PATH: launchers.bin, TMPDIR: folder };
    const chosen = only === null ? [] : ['-run', only];
    const command = ['go', 'test', '-json', '-count=1', '-timeout', '25m', ...chosen, '.'];
    const run = startIn({ cwd: join(cache, 'go-zookeeper'), env }, command, trial.signal);
    await run.ended;
    const outcomes = fromGo(run.lines);
    if (outcomes.length === 0) throw new Error(`go test did not run:\n${run.lines.slice(-15).join('\n')}`);
    return outcomes;
  },
  alone: (test) => `^${test}$`.replaceAll('/', '$/^'),
};
