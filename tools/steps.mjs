/**
 * The steps before anything runs: a Node that is new enough, installed dependencies, an up-to-date build. Each step
 * is skipped at nearly no cost when there is nothing to do.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readJson } from './workspace.mjs';

/** An operation that failed for a reason the user can act on; its message is all that is shown. */
export class StepError extends Error {}

/** Stops with a clear message when this Node is older than package.json asks for. */
export function requireNode() {
  const needed = readJson(join(ROOT, 'package.json')).engines.node.replace(/^>=/, '');
  const [need, have] = [needed, process.versions.node].map((version) => version.split('.').map(Number));
  const difference = need.map((part, i) => (have[i] ?? 0) - part).find((part) => part !== 0) ?? 0;
  if (difference < 0) {
    throw new StepError(
      `Concordat needs Node ${needed} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
        'Install a newer one from https://nodejs.org and run the same command again.',
    );
  }
}

/**
 * Runs a command to its end and resolves with `{ code, output }`. Signals that reach this process meanwhile are
 * passed on, so that nothing is left behind. `quiet` collects the output instead of showing it.
 */
export function runCommand(command, args, { quiet = false, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    const end = () => process.off('SIGINT', pass).off('SIGTERM', pass);
    child.on('error', (error) => {
      end();
      reject(new StepError(`cannot run ${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      end();
      if (signal !== null) process.exit(signal === 'SIGINT' ? 130 : 143);
      resolve({ code, output });
    });
  });
}

/** The npm that started us, or the one on the path. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
}

/** True if node_modules was installed from the lockfile as it now is. */
function isInstalled(stampFile, stamp) {
  const record = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return true;
  // Somebody ran npm by hand: its own record is then newer than the lockfile.
  return statSync(record).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs;
}

/** Installs what package-lock.json lists, unless that is what is installed. */
export async function install() {
  const stampFile = join(ROOT, 'node_modules/.concordat-stamp');
  const stamp = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (!isInstalled(stampFile, stamp)) {
    console.error('concordat: installing dependencies (npm ci) ...');
    const [command, args] = npmCommand();
    const { code } = await runCommand(command, [
      ...args,
      'ci',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    if (code !== 0) throw new StepError('npm ci failed; is the package registry reachable?');
  }
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) writeFileSync(stampFile, stamp);
}

/** Compiles what changed. Says so only when it takes a moment. */
export async function build() {
  const notice = setTimeout(() => console.error('concordat: building ...'), 700);
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { code, output } = await runCommand(process.execPath, [compiler, '-b', '--pretty', 'false'], {
    quiet: true,
  });
  clearTimeout(notice);
  if (code !== 0) throw new StepError(`the build failed:\n${output.trimEnd()}`);
}
