/**
 * Concordat on this machine, through the command line that people use: `concordat up` makes and starts a federation of
 * four, a killed domain is started again with `concordat serve`, and `concordat status` tells who orders. On grounds that
 * somebody prepared it is `concordat init` and `concordat serve` for each domain, as on machines of their own.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePortRange } from '@concordat/runtime';
import {
  type Cluster,
  ClusterError,
  type ClusterOptions,
  type Grounds,
  type Profiling,
  type Site,
} from './cluster.ts';
import type { Endpoint } from './connection.ts';
import { withDescendants } from './process-cost.ts';
import { profiledEnvironment, startProfiles, stopProfiles } from './profiling.ts';
import { eventuallyGone, type Server, startServer, untilServing } from './servers.ts';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const DOMAINS = 4;
/** Offsets of the ports that `concordat up` gives to members and monitors. */
const MEMBERS = 100;
const MONITORS = 200;
const PORTS = 204;
/** A command takes a second, or twenty of a machine that is busy with other things. */
const COMMAND_MS = 60_000;

/** How to get what `startConcordat` needs, or null when it is there. */
export function concordatMissing(): string | null {
  return existsSync(MAIN) ? null : 'concordat is not built: npm run build';
}

/** Starts four domains; rejects with a `ClusterError`. */
export async function startConcordat(options: ClusterOptions = {}): Promise<Cluster> {
  const missing = concordatMissing();
  if (missing !== null) throw new ClusterError('CLUSTER_MISSING', missing);
  const dataDir = mkdtempSync(join(options.parentDir ?? tmpdir(), 'concordat-ours-'));
  const federation = new Federation(dataDir, options);
  try {
    if (options.grounds === undefined) await federation.up(await freePortRange(PORTS), options.sweepMs);
    else await federation.found(await options.grounds(dataDir));
  } catch (error) {
    await federation.stop();
    throw error;
  }
  return federation;
}

/** Those of `concordat up`, of which only the names are still to be learnt. */
const loopback = (basePort: number): Site[] =>
  Array.from({ length: DOMAINS }, (_, i) => {
    const at = (offset: number): Endpoint => ({ host: '127.0.0.1', port: basePort + offset + i });
    return { name: '', clients: at(0), members: at(MEMBERS), monitor: at(MONITORS), through: [], env: {} };
  });

const addressOf = ({ host, port }: Endpoint): string => `${host}:${port}`;

class Federation implements Cluster {
  readonly name = 'concordat';
  readonly dataDir: string;
  readonly durableAt = 3;
  readonly profiling?: Profiling;
  readonly #keepsData: boolean;
  readonly #environment: Record<string, string> = {};
  readonly #servers: (Server | null)[] = Array.from({ length: DOMAINS }, () => null);
  #sites: readonly Site[] = [];
  #grounds: Grounds | null = null;
  #up: Server | null = null;

  constructor(dataDir: string, { keepData = false, profiled = false }: ClusterOptions) {
    this.#keepsData = keepData;
    this.dataDir = dataDir;
    if (!profiled) return;
    const folder = join(dataDir, 'profiles');
    this.#environment = profiledEnvironment(folder);
    const pids = (): number[] => this.endpoints.map((_, domain) => this.pid(domain)).filter((pid) => pid > 0);
    this.profiling = {
      start: () => startProfiles(folder, pids()),
      stop: () => stopProfiles(folder, pids()),
    };
  }

  get endpoints(): readonly Endpoint[] {
    return this.#sites.map(({ clients }) => clients);
  }

  get peerEndpoints(): readonly Endpoint[] {
    return this.#sites.map(({ members }) => members);
  }

  /** As people try it out. */
  async up(basePort: number, sweepMs?: number): Promise<void> {
    this.#sites = loopback(basePort);
    const flags = ['--data', this.dataDir, '--base-port', String(basePort), '--no-restart'];
    if (sweepMs !== undefined) flags.push('--sweep-ms', String(sweepMs));
    const command = [process.execPath, MAIN, 'up', ...flags];
    const up = startServer(command, join(this.dataDir, 'up.log'), this.#environment);
    this.#up = up;
    await Promise.all(this.endpoints.map((endpoint) => untilServing(endpoint, up)));
    const names = [...readFileSync(this.#file, 'utf8').matchAll(/- name: (\S+)/g)].map((match) => match[1]);
    this.#sites = this.#sites.map((site, i) => ({ ...site, name: names[i] ?? '' }));
  }

  /** As organisations begin. */
  async found(grounds: Grounds): Promise<void> {
    this.#grounds = grounds;
    this.#sites = grounds.sites;
    const cards = await Promise.all(
      this.#sites.map(async ({ name, members }, domain) => {
        const flags = ['--data', this.#folder(domain), '--address', addressOf(members)];
        return (await run(process.execPath, [MAIN, 'init', name, ...flags])).stdout;
      }),
    );
    writeFileSync(this.#file, `version: 1\nu: 1\nr: 1\nmembers:\n${cards.join('')}`);
    await this.restartAll();
  }

  pid(domain: number): number {
    const server = this.#servers[domain];
    if (server) return isRunning(server) ? (server.child.pid ?? 0) : 0;
    try {
      return Number(readFileSync(join(this.#folder(domain), 'daemon.pid'), 'utf8'));
    } catch {
      return 0;
    }
  }

  async primary(): Promise<number | null> {
    const { stdout } = await this.#concordat('status', '--json');
    const status: { readonly primary: string | null } = JSON.parse(stdout);
    const index = this.#sites.findIndex(({ name }) => name === status.primary);
    return index < 0 ? null : index;
  }

  async longestHoldMs(domain: number): Promise<number | null> {
    const answer = await fetch(`http://${addressOf(this.#site(domain).monitor)}/metrics`);
    const found = /^concordat_event_loop_delay_max_seconds (\S+)$/m.exec(await answer.text());
    return found === null ? null : 1000 * Number(found[1]);
  }

  /** Makes one domain lie, or with `stop` makes it honest again. */
  async attack(domain: number, strategy: string): Promise<void> {
    await this.#concordat('attack', this.#site(domain).name, strategy);
  }

  async terminate(domain: number): Promise<void> {
    await kill(this.pid(domain), 'SIGTERM');
  }

  async kill9(domain: number): Promise<void> {
    await kill(this.pid(domain));
    // The next process of this number is somebody else.
    rmSync(join(this.#folder(domain), 'daemon.pid'), { force: true });
  }

  async restart(domain: number): Promise<void> {
    const { clients, monitor, through, env } = this.#site(domain);
    const server = startServer(
      [
        ...[...through, process.execPath, MAIN, 'serve', '--demo'],
        ...['--data', this.#folder(domain), '--federation', this.#file],
        ...['--clients', addressOf(clients), '--monitor', addressOf(monitor)],
      ],
      this.#log(domain),
      { ...this.#environment, ...env },
    );
    this.#servers[domain] = server;
    await untilServing(clients, server);
  }

  async killAll(): Promise<void> {
    await Promise.all(this.endpoints.map((_, domain) => this.kill9(domain)));
  }

  async restartAll(): Promise<void> {
    await Promise.all(this.endpoints.map((_, domain) => this.restart(domain)));
  }

  async stop(): Promise<void> {
    // A start that was cut off has left domains that nobody knows by name yet.
    const below = withDescendants([this.#up?.child.pid ?? 0]);
    this.#up?.child.kill('SIGKILL');
    await this.#up?.gone;
    await Promise.all(below.map((pid) => kill(pid)));
    await this.killAll();
    await this.#grounds?.clear();
    if (!this.#keepsData) rmSync(this.dataDir, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.dataDir, 'federation.yaml');
  }

  #site(domain: number): Site {
    const site = this.#sites[domain];
    if (site === undefined) throw new RangeError(`no domain ${domain}`);
    return site;
  }

  #folder(domain: number): string {
    return join(this.dataDir, this.#site(domain).name);
  }

  /** On prepared grounds beside its disk, which may be full. */
  #log(domain: number): string {
    const { name } = this.#site(domain);
    return this.#grounds === null
      ? join(this.#folder(domain), 'daemon.log')
      : join(this.dataDir, `${name}.log`);
  }

  #concordat(...args: string[]): Promise<{ stdout: string }> {
    return run(process.execPath, [MAIN, ...args, '--data', this.dataDir], { timeout: COMMAND_MS });
  }
}

const run = promisify(execFile);

const isRunning = ({ child }: Server): boolean => child.exitCode === null && child.signalCode === null;

async function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (pid <= 0) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It was gone already.
  }
  await eventuallyGone(pid);
}
