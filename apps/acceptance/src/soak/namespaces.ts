/**
 * A network of its own for each domain: a namespace with one link to the other members and one to its clients, as an
 * organisation has. A further namespace, the hub, holds the two bridges that join them, so that no firewall of this machine
 * has a say; this process reaches the clients' bridge. What is cut is cut without a word: links stay up, packets vanish.
 */

import { execFileSync } from 'node:child_process';
import { isAlive } from './living.ts';

export type Side = 'members' | 'clients';

export interface Place {
  readonly clients: string;
  readonly members: string;
  /** Enters the namespace and becomes what follows. */
  readonly through: readonly string[];
}

export interface Network {
  readonly places: readonly Place[];
  /** Null if this kernel cannot delay packets: then a disturbed link loses all of them now and then. */
  readonly netem: string | null;
  /** Nothing reaches the domain on that side, or leaves it. */
  cut(domain: number, side: Side): void;
  /** What it sends to members is lost. */
  silence(domain: number): void;
  /** What members send to it is lost. */
  deafen(domain: number): void;
  /** What it sends to members comes late, or not. */
  disturb(domain: number): void;
  /** As in the beginning. */
  mend(): void;
  /** Ends what runs in the namespaces, and deletes them. */
  close(): void;
}

const PREFIX = 'concordat';
/** RFC 2544's networks for tests, which nobody routes: 32 addresses for each process, 16 for each side. */
const NETWORKS = 4096;
const HOST = 14;
/** A card that nobody has: what is sent to it reaches every port of the bridge, and no host. */
const NOWHERE = '02:00:00:00:ff:ff';
const NETEM = ['delay', '40ms', '30ms', 'loss', '3%'];
/** Every third of these all is lost. */
const LOSS_MS = 130;
const LOSS_PHASES = 3;

const sides: readonly Side[] = ['members', 'clients'];
const macOf = (domain: number): string => `02:00:00:00:00:0${domain}`;

/** Runs a program of iproute2; throws what it says. */
function run(program: 'ip' | 'tc' | 'bridge', ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Makes and joins the namespaces of `count` domains, at most nine; throws what the system says if it cannot. */
export function createNetwork(count: number): Network {
  sweepNetworks();
  const nameOf = (part: number | 'hub'): string => `${PREFIX}-${process.pid}-${part}`;
  const domains = Array.from({ length: count }, (_, domain) => domain);
  const address = freeAddresses();
  const close = (): void => {
    for (const part of ['hub', ...domains] as const) remove(nameOf(part));
  };
  try {
    joinAll(nameOf, domains, address);
  } catch (error) {
    close();
    throw error;
  }
  let isLosing: NodeJS.Timeout | null = null;
  const port = (domain: number, side: Side, isForwarding: boolean): void => {
    const state = isForwarding ? '3' : '0';
    run('bridge', '-n', nameOf('hub'), 'link', 'set', 'dev', `${side}${domain}`, 'state', state);
  };
  const teach = (who: number, whom: number, mac: string): void => {
    const entry = [address('members', whom), 'lladdr', mac, 'dev', 'members', 'nud', 'permanent'];
    run('ip', '-n', nameOf(who), 'neigh', 'replace', ...entry);
  };
  const others = (domain: number): number[] => domains.filter((other) => other !== domain);
  const mend = (): void => {
    if (isLosing !== null) clearInterval(isLosing);
    isLosing = null;
    for (const domain of domains) {
      for (const side of sides) port(domain, side, true);
      for (const other of others(domain)) teach(domain, other, macOf(other));
      if (netem !== null) quietly('tc', '-n', nameOf(domain), 'qdisc', 'del', 'dev', 'members', 'root');
    }
  };
  const shape = (domain: number): void => {
    run('tc', '-n', nameOf(domain), 'qdisc', 'add', 'dev', 'members', 'root', 'netem', ...NETEM);
  };
  const netem = has(() => shape(0)) ? NETEM.join(' ') : null;
  mend();
  return {
    places: domains.map((domain) => ({
      clients: address('clients', domain),
      members: address('members', domain),
      through: ['nsenter', `--net=/run/netns/${nameOf(domain)}`],
    })),
    netem,
    cut: (domain, side) => port(domain, side, false),
    silence: (domain) => {
      for (const other of others(domain)) teach(domain, other, NOWHERE);
    },
    deafen: (domain) => {
      for (const other of others(domain)) teach(other, domain, NOWHERE);
    },
    disturb: (domain) => {
      if (netem !== null) return shape(domain);
      let ticks = 0;
      isLosing = setInterval(() => {
        const phase = ticks++ % LOSS_PHASES;
        if (phase < 2) port(domain, 'members', phase === 1);
      }, LOSS_MS);
    },
    mend,
    close: () => {
      if (isLosing !== null) clearInterval(isLosing);
      close();
    },
  };
}

/** `domain` is a number, or `HOST` for this process, which only clients' networks have. */
type Addresses = (side: Side, domain: number) => string;

/** Those that follow from the id of this process, or the next that no other run has. */
function freeAddresses(): Addresses {
  const taken = run('ip', '-o', '-4', 'address');
  for (let at = process.pid % NETWORKS; ; at = (at + 1) % NETWORKS) {
    const address: Addresses = (side, domain) => {
      const number = at * 32 + (side === 'members' ? 16 : 0) + domain + (domain === HOST ? 0 : 1);
      return `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
    };
    if (!taken.includes(` ${address('clients', HOST)}/`)) return address;
  }
}

function joinAll(
  nameOf: (part: number | 'hub') => string,
  domains: readonly number[],
  address: Addresses,
): void {
  const hub = nameOf('hub');
  run('ip', 'netns', 'add', hub);
  for (const side of sides) {
    run('ip', '-n', hub, 'link', 'add', side, 'type', 'bridge');
    run('ip', '-n', hub, 'link', 'set', side, 'up');
  }
  const plug = (port: string, side: Side): void => {
    run('ip', '-n', hub, 'link', 'set', port, 'master', side);
    run('ip', '-n', hub, 'link', 'set', port, 'up');
  };
  for (const domain of domains) {
    const own = nameOf(domain);
    run('ip', 'netns', 'add', own);
    run('ip', '-n', own, 'link', 'set', 'lo', 'up');
    for (const side of sides) {
      const peer = ['peer', 'name', side, 'netns', own, 'address', macOf(domain)];
      run('ip', '-n', hub, 'link', 'add', `${side}${domain}`, 'type', 'veth', ...peer);
      run('ip', '-n', own, 'address', 'add', `${address(side, domain)}/28`, 'dev', side);
      run('ip', '-n', own, 'link', 'set', side, 'up');
      plug(`${side}${domain}`, side);
    }
  }
  const ours = `conc${process.pid}`;
  run('ip', 'link', 'add', ours, 'type', 'veth', 'peer', 'name', 'host', 'netns', hub);
  run('ip', 'address', 'add', `${address('clients', HOST)}/28`, 'dev', ours);
  run('ip', 'link', 'set', ours, 'up');
  plug('host', 'clients');
}

/** Networks of runs that ended without a chance to clear them. */
export function sweepNetworks(): void {
  for (const line of run('ip', 'netns', 'list').split('\n')) {
    const [name = ''] = line.split(' ');
    const owner = new RegExp(`^${PREFIX}-(\\d+)-(hub|\\d)$`).exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) remove(name);
  }
}

/** A namespace lasts as long as a process in it. */
function remove(name: string): void {
  for (const pid of quietly('ip', 'netns', 'pids', name).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It was gone already.
    }
  }
  quietly('ip', 'netns', 'del', name);
}

function quietly(program: 'ip' | 'tc' | 'bridge', ...args: string[]): string {
  try {
    return run(program, ...args);
  } catch {
    return '';
  }
}

function has(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
