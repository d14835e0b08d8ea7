/**
 * Runs the domains of a federation that a suite does not know of, because its ensemble has fewer servers than the federation
 * has domains: as long as any of its servers runs. Whoever starts one while another holds the lock starts nothing.
 *
 *   companion.js TEMPLATE SITE SERVERS
 *
 * The lock says `PID`, `SITE` and `stays` or `goes`. A server signs in before it reads the lock, and the companion writes
 * `goes` before it looks for the last time who has signed in: so never does a server rely on one that goes.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { domainNames, isAlive, isInhabited, lockOf, readOr, serveCommand } from './site.ts';

const LOOK_MS = 50;
const STOP_MS = 5_000;

async function main(): Promise<void> {
  const [template = '', site = '', servers = ''] = process.argv.slice(2);
  const lock = lockOf(template);
  if (!take(lock)) return;
  const say = (state: 'stays' | 'goes'): void => {
    writeFileSync(`${lock}.${process.pid}`, `${process.pid}\n${site}\n${state}\n`);
    renameSync(`${lock}.${process.pid}`, lock);
  };
  say('stays');
  const children = domainNames(template)
    .slice(Number(servers))
    .map((name) => run(template, site, name));
  for (;;) {
    await sleep(LOOK_MS);
    if (isInhabited(site)) continue;
    say('goes');
    if (!isInhabited(site)) break;
    say('stays');
  }
  await Promise.all(children.map(stop));
  rmSync(lock, { force: true });
}

/** Is the lock ours now? One whose holder has been killed is nobody's. */
function take(lock: string): boolean {
  const holder = Number(readOr(lock, '').split('\n')[0]);
  if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch {
    return false;
  }
}

function run(template: string, site: string, name: string): ChildProcess {
  const data = join(site, name);
  if (!existsSync(data)) cpSync(join(template, name), data, { recursive: true });
  const [program = '', ...args] = serveCommand(template, data, 0);
  const log = openSync(join(site, `${name}.log`), 'a');
  const child = spawn(program, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

await main();
