/**
 * node-zookeeper-client has no tests that need a server, so this is a program of ours, `node/node-zookeeper-client.cjs`, that
 * uses every call of it.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAll, startIn } from './commands.ts';
import { fromLines } from './outcomes.ts';
import type { Suite } from './suite.ts';
import { addressOf } from './template.ts';

const VERSION = '1.1.3';
const PROGRAM = fileURLToPath(new URL('../../node/node-zookeeper-client.cjs', import.meta.url));
const home = (cache: string): string => join(cache, `node-zookeeper-client-${VERSION}`);

export const nodeClient: Suite = {
  name: 'node',
  title: 'node-zookeeper-client (JavaScript), a program of ours',
  version: VERSION,
  excluded: [],
  short: 'all',
  get: async ({ cache, trial }) => {
    const folder = home(cache);
    if (existsSync(join(folder, 'complete'))) return null;
    mkdirSync(folder, { recursive: true });
    const install = ['npm', 'install', '--silent', '--no-audit', '--prefix', folder];
    const commands = [
      [...install, `node-zookeeper-client@${VERSION}`],
      ['touch', 'complete'],
    ];
    return runAll({ cwd: folder }, commands, trial.signal);
  },
  run: async ({ cache, folder, trial }) => {
    const server = addressOf(await trial.cluster(), 0);
    const client = join(home(cache), 'node_modules', 'node-zookeeper-client');
    const run = startIn({ cwd: folder }, [process.execPath, PROGRAM, client, server], trial.signal);
    await run.ended;
    return fromLines(run.lines);
  },
  alone: () => 'all',
};
