/**
 * Stands in for `java ... QuorumPeerMain zoo.cfg`: starts the domain whose number the configuration's `myid` says, at the
 * client port it names, on a copy of a template federation that the data directory keeps.
 */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
/** Monitors are put where the suite's own ports are not. */
const MONITOR_OFFSET = 5_000;

const [template = '', ...args] = process.argv.slice(2);
const config = readFileSync(args.at(-1) ?? '', 'utf8');
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(config)?.[1] ?? '';
const dataDir = setting('dataDir');
const port = Number(setting('clientPort'));
const domains = readdirSync(template, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const name = domains[Number(readFileSync(join(dataDir, 'myid'), 'utf8')) - 1] ?? '';
const own = join(dataDir, 'domain');
if (!existsSync(own)) {
  mkdirSync(own, { mode: 0o700 });
  cpSync(join(template, name), own, { recursive: true });
}
const superDigest = args.find((arg) => arg.includes('superDigest='))?.split('superDigest=')[1];
const child = spawn(
  process.execPath,
  [
    ...[MAIN, 'serve', '--data', own, '--federation', join(template, 'federation.yaml')],
    ...['--clients', `127.0.0.1:${port}`, '--monitor', `127.0.0.1:${port + MONITOR_OFFSET}`],
    ...(superDigest === undefined ? [] : ['--super-digest', superDigest]),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
