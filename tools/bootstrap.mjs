/**
 * The one entry of every npm script: `npm start [-- args]`, `npm test [-- filter]`, and `npm run` with build, tidy,
 * sim, check, lab, bench or acceptance.
 * It brings a bare machine to the point where the command can run (install, build), then runs it in this very
 * process: so signals and exit codes are the program's own, with nobody in between to lose them.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, requireNode, StepError } from './steps.mjs';
import { ROOT } from './workspace.mjs';

const CLI = 'apps/cli/dist/main.js';

/** Signals that arrive within this time of the first are copies of it, not a wish to force the end. */
const COPIES_MS = 1000;

/**
 * npm passes on what a terminal has already sent to everyone, so a program meets each Ctrl-C twice. The copy is
 * swallowed; a later one ends a program that does not.
 */
function settleSignals() {
  let first = null;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.on(signal, () => {
      const isHandled = process.listenerCount(signal) > 1;
      if (first === null && !isHandled) process.exit(code);
      first ??= Date.now();
      if (Date.now() - first > COPIES_MS) process.exit(code);
    });
  }
}

async function prepare() {
  await install();
  await build();
}

/** Becomes a program: same process, its own arguments. */
async function become(path, args) {
  await prepare();
  const program = join(ROOT, path);
  if (!existsSync(program)) throw new StepError(`${path} does not exist: the build made no such program`);
  process.argv = [process.execPath, program, ...args];
  process.setSourceMapsEnabled(true);
  settleSignals();
  await import(pathToFileURL(program).href);
}

const COMMANDS = {
  start: (args) => become(CLI, ['up', ...args]),
  sim: (args) => become(CLI, ['sim', ...args]),
  check: (args) => become(CLI, ['check', ...args]),
  lab: (args) => become(CLI, ['lab', ...args]),
  bench: (args) => become('apps/bench/dist/main.js', args),
  acceptance: (args) => become('apps/acceptance/dist/main.js', args),
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
