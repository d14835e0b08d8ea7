/**
 * The commands of a site that is a folder on this machine: `concordat` itself, with names of hosts turned into ports, and what
 * stands in for `systemctl`, `scp`, `curl` and `hostname`. Run as: node command.js NAME ARGUMENT...
 */

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
const { RECOVERY_ROOT: ROOT = '', RECOVERY_SITE: SITE = '', RECOVERY_PORTS = '{}' } = process.env;
const ports: Readonly<Record<string, number>> = JSON.parse(RECOVERY_PORTS);
const STOP_MS = 30_000;

const placeOf = (site: string): string => join(ROOT, site);
const pidFile = (): string => join(placeOf(SITE), 'concordat.pid');

/** `alpha.example:2181` and `127.0.0.1:7070` as they are on this machine. */
function here(word: string): string {
  return word
    .replaceAll(
      /([a-z]+)\.example:(\d+)/g,
      (_, site: string, port: string) => `127.0.0.1:${ports[`${site} ${port}`]}`,
    )
    .replaceAll('127.0.0.1:7070', `127.0.0.1:${ports[`${SITE} 7070`]}`)
    .replaceAll(/(^|:)12181$/g, (_, before: string) => `${before}${ports['up 12181']}`);
}

/** Who ends this must end the other: it stands in for the command itself. */
function concordat(words: readonly string[]): void {
  const child = spawn(process.execPath, [MAIN, ...words.map(here)], { stdio: 'inherit' });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code) => process.exit(code ?? 1));
}

function start(): void {
  if (runningPid() !== null) return;
  const place = placeOf(SITE);
  const dropIn = join(place, 'etc/systemd/system/concordat.service.d/joins.conf');
  const line = existsSync(dropIn) ? /^ExecStart=(.+)$/m.exec(readFileSync(dropIn, 'utf8'))?.[1] : undefined;
  const standard = `concordat serve --data ${place}/var/lib/concordat --federation ${place}/etc/concordat/federation.yaml`;
  const [, ...words] = (line ?? standard).split(' ');
  const listens = ['--clients', `${SITE}.example:2181`, '--monitor', '127.0.0.1:7070'];
  const log = openSync(join(place, 'daemon.log'), 'a');
  const child = spawn(process.execPath, [MAIN, ...[...words, ...listens].map(here)], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  writeFileSync(pidFile(), `${child.pid}`);
  child.unref();
}

function runningPid(): number | null {
  if (!existsSync(pidFile())) return null;
  const pid = Number(readFileSync(pidFile(), 'utf8'));
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}

async function stop(): Promise<void> {
  const pid = runningPid();
  if (pid !== null) process.kill(pid, 'SIGTERM');
  for (const end = Date.now() + STOP_MS; runningPid() !== null; await sleep(50))
    if (Date.now() > end) throw new Error(`the daemon of ${SITE} does not stop`);
  rmSync(pidFile(), { force: true });
}

async function systemctl([verb, unit]: readonly string[]): Promise<void> {
  if (verb === 'daemon-reload') return;
  if (unit !== 'concordat' || (verb !== 'start' && verb !== 'stop'))
    throw new Error(`systemctl ${verb} ${unit}`);
  return verb === 'start' ? start() : stop();
}

function scp([from = '', to = '']: readonly string[]): void {
  const [, site, file] = /^([a-z]+)\.example:(\/.+)$/.exec(from) ?? [];
  if (site === undefined || file === undefined) throw new Error(`scp ${from}`);
  copyFileSync(join(placeOf(site), file), to);
}

async function curl([, url = '']: readonly string[]): Promise<void> {
  const { ok } = await fetch(here(url), { signal: AbortSignal.timeout(5000) });
  if (!ok) throw new Error(`${url} says no`);
}

async function run([name, ...words]: readonly string[]): Promise<void> {
  if (name === 'concordat') concordat(words);
  else if (name === 'systemctl') await systemctl(words);
  else if (name === 'scp') scp(words);
  else if (name === 'curl') await curl(words);
  else if (name === 'hostname') process.stdout.write(`${SITE}\n`);
  else throw new Error(`there is no command ${name}`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
