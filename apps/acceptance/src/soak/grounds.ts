/**
 * Where the domains of a soak run: each in a network, on a disk and by a clock of its own, as far as this machine lets us. What
 * it does not let us have is said, and the domains share what is there.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Grounds, Site } from '@concordat/bench';
import { freePort } from '@concordat/runtime';
import { type Clocks, createClocks } from './clocks.ts';
import { type Disks, mountDisks } from './disks.ts';
import { createNetwork, type Network } from './namespaces.ts';

/** What domains can be hurt with beside kills and attacks; null where it cannot be had. */
export interface Harms {
  readonly network: Network | null;
  readonly disks: Disks | null;
  readonly clocks: Clocks | null;
}

export const NO_HARMS: Harms = { network: null, disks: null, clocks: null };

export interface Ground extends Grounds {
  readonly harms: Harms;
  /** What is missing, and how to get it. */
  readonly lacks: readonly string[];
}

const NAMES = ['alpha', 'bravo', 'charlie', 'delta'];
const PORTS = { clients: 2181, members: 7000, monitor: 7070 };

export async function prepareGround(dataDir: string): Promise<Ground> {
  const lacks: string[] = [];
  const attempt = <T>(what: string, make: () => T | string): T | null => {
    let found: T | string;
    try {
      found = make();
    } catch (error) {
      found = whyNot(error);
    }
    if (typeof found !== 'string') return found;
    lacks.push(`no ${what}: ${found}`);
    return null;
  };
  const disks = attempt('full disks', () => mountDisks(dataDir, NAMES));
  // What they would be mounted on.
  for (const name of NAMES) mkdirSync(join(dataDir, name), { recursive: true });
  const network = attempt('partitions', () => createNetwork(NAMES.length));
  const clocks = attempt('clock jumps', () => createClocks(dataDir, NAMES));
  if (network?.netem === null)
    lacks.push('no delays: this kernel has no netem; disturbed links only lose packets');
  return {
    sites: await Promise.all(NAMES.map((name, domain) => siteOf(name, domain, network, clocks))),
    harms: { network, disks, clocks },
    lacks,
    clear: async () => {
      // Ends what still runs there, if anything does.
      network?.close();
      disks?.close();
    },
  };
}

/** What the system said, in one line. */
function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT')
    return `${error.message}: apt-get install iproute2 util-linux`;
  // Below the command that failed.
  const [command = '', said = command] = error.message.trim().split('\n');
  return process.getuid?.() === 0 ? said : `${said} (it needs root)`;
}

/** In a network of its own a domain has the ports that its operator would give it. */
async function siteOf(
  name: string,
  domain: number,
  network: Network | null,
  clocks: Clocks | null,
): Promise<Site> {
  const place = network?.places[domain];
  const env = clocks?.env(domain) ?? {};
  if (place === undefined) {
    const on = async () => ({ host: '127.0.0.1', port: await freePort() });
    return { name, clients: await on(), members: await on(), monitor: await on(), through: [], env };
  }
  const { clients: host, members, through } = place;
  return {
    name,
    clients: { host, port: PORTS.clients },
    members: { host: members, port: PORTS.members },
    monitor: { host, port: PORTS.monitor },
    through,
    env,
  };
}
