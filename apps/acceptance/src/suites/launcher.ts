/**
 * What stands in for a ZooKeeper server in the test suites of clients: reads the `zoo.cfg` that a suite has written, copies
 * the domain that stands for this server from a template, and prints the command that runs it. The shell script that
 * asked then becomes that command, so that signals of the suite reach the domain itself. Domains beyond the servers
 * that the suite knows of are run by a companion.
 *
 *   launcher.js TEMPLATE PID CONFIG [SUPER-DIGEST [reading]]     `reading` for read-only mode; PID is the process that will be the domain
 */

import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pem, readKeyStore } from './key-store.ts';
import { DOMAINS, domainNames, isAlive, lockOf, readOr, serveCommand, siteOf } from './site.ts';

const COMPANION = fileURLToPath(new URL('./companion.js', import.meta.url));
/** How long the companion of an earlier ensemble may take to go. */
const PATIENCE_MS = 30_000;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

async function main(): Promise<void> {
  const [usual = '', pid = '', file = '', superDigest = '', reading = ''] = process.argv.slice(2);
  const config = readFileSync(file, 'utf8');
  const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(config)?.[1] ?? '';
  const dataDir = setting('dataDir');
  const peers = config.match(/^server\.\d+=.*$/gm) ?? [];
  const template = peers.length > 0 && existsSync(`${usual}-ensembles`) ? `${usual}-ensembles` : usual;
  const servers = Math.max(1, peers.length);
  const number = servers === 1 ? 1 : Number(readFileSync(join(dataDir, 'myid'), 'utf8'));
  const name = domainNames(template)[number - 1];
  if (name === undefined || servers > DOMAINS)
    throw new Error(`server ${number} of ${servers} has no domain`);
  const own = join(dataDir, 'domain');
  if (!existsSync(own)) cpSync(join(template, name), own, { recursive: true });
  if (servers < DOMAINS) await findCompany(template, siteOf(template, dataDir, peers), servers, pid);
  // Suites name folders after their tests, and a socket's path has to be short.
  const short = join(template, `${number}-${statSync(own).ino}`);
  rmSync(short, { force: true });
  symlinkSync(own, short);
  const command = serveCommand(template, short, Number(setting('clientPort')));
  if (superDigest !== '') command.push('--super-digest', superDigest);
  if (reading !== '') command.push('--read-only-mode');
  if (setting('reconfigEnabled') === 'true') {
    const folder = join(own, 'proposals');
    mkdirSync(folder, { recursive: true });
    command.push('--reconfig', folder);
  }
  const secure = securePort(short, setting);
  command.push(...secure);
  console.log(command.map(quoted).join(' '));
}

/** The options of the port with TLS, where the configuration has one whose keys are in Java's own form. */
function securePort(data: string, setting: (name: string) => string): string[] {
  const [port, keys, trust] = ['secureClientPort', 'ssl.keyStore.location', 'ssl.trustStore.location'].map(
    setting,
  );
  if (!port || !keys || !trust) return [];
  const own = readKeyStore(readFileSync(keys), setting('ssl.keyStore.password'));
  const trusted = readKeyStore(readFileSync(trust), setting('ssl.trustStore.password'));
  const [key] = own?.keys ?? [];
  if (key === undefined || trusted === null) return [];
  const fileOf = (name: string, text: string): string => {
    const path = join(data, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return [
    ...['--clients-tls', `:::${port}`],
    ...['--clients-tls-key', fileOf('suite-key.pem', pem('PRIVATE KEY', key.key))],
    ...[
      '--clients-tls-cert',
      fileOf('suite-cert.pem', key.chain.map((one) => pem('CERTIFICATE', one)).join('')),
    ],
    ...[
      '--clients-tls-ca',
      fileOf('suite-ca.pem', trusted.certificates.map((one) => pem('CERTIFICATE', one)).join('')),
    ],
  ];
}

/** Signs in at the site, and returns once a companion goes on for as long as whoever has signed in. */
async function findCompany(template: string, site: string, servers: number, pid: string): Promise<void> {
  mkdirSync(join(site, 'pids'), { recursive: true });
  writeFileSync(join(site, 'pids', pid), '');
  const end = performance.now() + PATIENCE_MS;
  const lock = lockOf(template);
  while (performance.now() < end) {
    const [holder = '', held, state] = readOr(lock, '').split('\n');
    if (state === 'stays' && held === site && isAlive(Number(holder))) return;
    if (holder === '' || !isAlive(Number(holder))) {
      const args = [COMPANION, template, site, String(servers)];
      spawn(process.execPath, args, { stdio: 'ignore', detached: true }).unref();
      // Several may have started one; the first to take the lock stays.
      await sleep(150);
    }
    await sleep(50);
  }
  throw new Error(`the companion of another ensemble does not go: ${readOr(lock, '')}`);
}

await main();
