/** Sites of a federation as folders of this machine, where scripts of a page are typed as they stand there. */

import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { freePort } from '@concordat/runtime';
import { atSite, type Block } from './document.ts';

export const NAMES = ['alpha', 'bravo', 'charlie', 'delta'] as const;
export type SiteName = (typeof NAMES)[number];
/** The members that the federation has at first. */
export const MEMBERS: readonly SiteName[] = ['alpha', 'bravo', 'charlie'];

const COMMANDS = ['concordat', 'systemctl', 'scp', 'curl', 'hostname'];
const COMMAND = fileURLToPath(new URL('./command.js', import.meta.url));
const PORTS = [2181, 7000, 7070];
const BLOCK_MS = 120_000;
const DEADLINE_MS = 60_000;

const run = promisify(execFile);

export interface Sites {
  /** Types a block at each of its sites, one after the other; rejects if a command of it fails. Gives what was printed. */
  type(block: Block, environment?: Readonly<Record<string, string>>): Promise<string>;
  /** The same for a script of one's own. */
  at(site: SiteName, script: string): Promise<string>;
  /** Where a file of a site is on this machine. */
  place(site: SiteName, file: string): string;
  client(site: SiteName): Promise<LiveClient>;
  /** Ends a daemon at once. */
  kill(site: SiteName): Promise<void>;
  /** Makes the folders that a machine has. */
  renew(): void;
  close(): Promise<void>;
}

function renew(root: string): void {
  for (const name of NAMES)
    for (const folder of ['root', 'srv', 'var/lib', 'etc'])
      mkdirSync(join(root, name, folder), { recursive: true });
}

/** Short, because a daemon's socket is in it. */
export async function createSites(): Promise<Sites> {
  const root = mkdtempSync(join(tmpdir(), 'sites-'));
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const name of COMMANDS) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' ${name} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const ports = await somePorts();
  renew(root);
  const at = async (
    site: string,
    script: string,
    more: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const { stdout, stderr } = await run('sh', ['-euc', atSite(script, join(root, site))], {
      cwd: join(root, site, 'root'),
      env: {
        ...process.env,
        ...more,
        PATH: `${bin}:${process.env['PATH']}`,
        RECOVERY_ROOT: root,
        RECOVERY_SITE: site,
        RECOVERY_PORTS: JSON.stringify(ports),
      },
      timeout: BLOCK_MS,
      maxBuffer: 2 ** 26,
    }).catch((error: Error & { stdout?: string }) => {
      throw new Error(`at ${site}: ${error.message}\n${error.stdout}`);
    });
    return stdout + stderr;
  };
  const sites: Sites = {
    type: async ({ sites: names, script }, environment = {}) => {
      let printed = '';
      for (const site of names) printed += await at(site, script, environment);
      return printed;
    },
    at: (site, script) => at(site, script, {}),
    place: (site, file) => join(root, site, file),
    client: (site) => connected(ports[`${site} 2181`] ?? 0),
    kill: (site) => kill(join(root, site, 'concordat.pid')),
    renew: () => renew(root),
    close: async () => {
      for (const name of NAMES) await kill(join(root, name, 'concordat.pid'));
      rmSync(root, { recursive: true, force: true });
    },
  };
  return sites;
}

async function somePorts(): Promise<Record<string, number>> {
  const ports: Record<string, number> = { 'up 12181': await freePort() };
  for (const name of NAMES) for (const port of PORTS) ports[`${name} ${port}`] = await freePort();
  return ports;
}

async function connected(port: number): Promise<LiveClient> {
  for (const end = Date.now() + DEADLINE_MS; ; await sleep(100)) {
    const client = await connectLive({ host: '127.0.0.1', port }).catch(() => null);
    if (client !== null) return client;
    if (Date.now() > end) throw new Error(`nobody serves at ${port}`);
  }
}

async function kill(pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  rmSync(pidFile);
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await sleep(20)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      return;
    }
  }
}

/** A federation of the first three, u = 1 and r = 0, that serves. */
export async function found(sites: Sites): Promise<void> {
  let file = 'version: 1\nu: 1\nr: 0\nmembers:\n';
  for (const name of MEMBERS)
    file += await sites.at(
      name,
      `concordat init ${name} --data /var/lib/concordat --address ${name}.example:7000`,
    );
  for (const name of MEMBERS) {
    mkdirSync(sites.place(name, 'etc/concordat'));
    writeFileSync(sites.place(name, 'etc/concordat/federation.yaml'), file);
  }
  for (const name of MEMBERS) await sites.at(name, 'systemctl start concordat');
  for (const name of MEMBERS)
    await sites.at(name, 'until curl -fs http://127.0.0.1:7070/ready; do sleep 1; done');
}
