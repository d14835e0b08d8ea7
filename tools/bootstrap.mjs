/**
 * The one entry of every npm script: `npm start [-- args]`, `npm test [-- filter]`, `npm run build|tidy|sim|bench`.
 * It brings a bare machine to the point where the command can run (install, build), then runs it in this very
 * process: so signals and exit codes are the program's own, with nobody in between to lose them.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, requireNode, StepError } from './steps.mjs';
import { ROOT } from './workspace.mjs';

const PROGRAM = 'apps/cli/dist/main.js';

/** Becomes the program: same process, its own arguments. */
async function become(args) {
  const program = join(ROOT, PROGRAM);
  if (!existsSync(program)) throw new StepError(`${PROGRAM} does not exist: the build made no program`);
  process.argv = [process.execPath, program, ...args];
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(program).href);
}

async function prepare() {
  await install();
  await build();
}

const COMMANDS = {
  start: async (args) => {
    await prepare();
    await become(['up', ...args]);
  },
  sim: async (args) => {
    await prepare();
    await become(['sim', ...args]);
  },
  build: prepare,
  tidy: async () => {
    const { runTidy } = await import('./tidy/index.mjs');
    process.exitCode = runTidy() ? 0 : 1;
  },
  test: async (args) => {
    await install();
    const { runTests } = await import('./test.mjs');
    process.exitCode = await runTests(args, build);
  },
  bench: async (args) => {
    await prepare();
    const { runBenches } = await import('./bench.mjs');
    await runBenches(args);
  },
};

const [name = '', ...args] = process.argv.slice(2);
try {
  requireNode();
  const command = COMMANDS[name];
  if (command === undefined) {
    throw new StepError(`unknown command '${name}'; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  await command(args);
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  console.error(`concordat: ${error.message}`);
  process.exitCode = 1;
}
