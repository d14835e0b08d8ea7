/**
 * Concordat on this machine, through the command line that people use: `concordat up` makes and starts a federation of
 * four, a killed domain is started again with `concordat serve`, and `concordat status` tells who orders.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePortRange } from '@concordat/runtime';
import { type Cluster, ClusterError, type ClusterOptions, type Profiling } from './cluster.ts';
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

/** How to get what `startConcordat` needs, or null when it is there. */
export function concordatMissing(): string | null {
  return existsSync(MAIN) ? null : 'concordat is not built: npm run build';
}

/** Starts four domains; rejects with a `ClusterError`. */
export async function startConcordat(options: ClusterOptions = {}): Promise<Cluster> {
  const missing = concordatMissing();
  if (missing !== null) throw new ClusterError('CLUSTER_MISSING', missing);
  const dataDir = mkdtempSync(join(options.parentDir ?? tmpdir(), 'concordat-ours-'));
  const basePort = await freePortRange(PORTS);
  const federation = new Federation(dataDir, basePort, options);
  try {
    await federation.start();
  } catch (error) {
    await federation.stop();
    throw error;
  }
  return federation;
}

class Federation implements Cluster {
  readonly name = 'concordat';
  readonly dataDir: string;
  readonly endpoints: readonly Endpoint[];
  readonly peerEndpoints: readonly Endpoint[];
  readonly durableAt = 3;
  readonly profiling?: Profiling;
  readonly #basePort: number;
  readonly #keepsData: boolean;
  readonly #environment: Record<string, string> = {};
  readonly #servers: (Server | null)[] = Array.from({ length: DOMAINS }, () => null);
  #up: Server | null = null;
  #names: readonly string[] = [];

  constructor(dataDir: string, basePort: number, { keepData = false, profiled = false }: ClusterOptions) {
    this.#keepsData = keepData;
    this.dataDir = dataDir;
    this.#basePort = basePort;
    this.endpoints = this.#ports(0);
    this.peerEndpoints = this.#ports(MEMBERS);
    if (!profiled) return;
    const folder = join(dataDir, 'profiles');
    this.#environment = profiledEnvironment(folder);
    const pids = (): number[] => this.endpoints.map((_, domain) => this.pid(domain)).filter((pid) => pid > 0);
    this.profiling = {
      start: () => startProfiles(folder, pids()),
      stop: () => stopProfiles(folder, pids()),
    };
  }

  async start(): Promise<void> {
    const flags = ['--data', this.dataDir, '--base-port', String(this.#basePort), '--no-restart'];
    const command = [process.execPath, MAIN, 'up', ...flags];
    const up = startServer(command, join(this.dataDir, 'up.log'), this.#environment);
    this.#up = up;
    await Promise.all(this.endpoints.map((endpoint) => untilServing(endpoint, up)));
    const federation = readFileSync(join(this.dataDir, 'federation.yaml'), 'utf8');
    this.#names = [...federation.matchAll(/- name: (\S+)/g)].map((match) => match[1] ?? '');
  }

  pid(domain: number): number {
    try {
      return Number(readFileSync(join(this.#folder(domain), 'daemon.pid'), 'utf8'));
    } catch {
      return 0;
    }
  }

  async primary(): Promise<number | null> {
    const { stdout } = await this.#concordat('status', '--json');
    const status: { readonly primary: string | null } = JSON.parse(stdout);
    const index = this.#names.indexOf(status.primary ?? '');
    return index < 0 ? null : index;
  }

  async longestHoldMs(domain: number): Promise<number | null> {
    const answer = await fetch(`http://127.0.0.1:${this.#basePort + MONITORS + domain}/metrics`);
    const found = /^concordat_event_loop_delay_max_seconds (\S+)$/m.exec(await answer.text());
    return found === null ? null : 1000 * Number(found[1]);
  }

  /** Makes one domain lie, or with `stop` makes it honest again. */
  async attack(domain: number, strategy: string): Promise<void> {
    await this.#concordat('attack', this.#names[domain] ?? '', strategy);
  }

  async terminate(domain: number): Promise<void> {
    const pid = this.pid(domain);
    this.#servers[domain] = null;
    if (pid > 0) await kill(pid, 'SIGTERM');
  }

  async kill9(domain: number): Promise<void> {
    const pid = this.pid(domain);
    this.#servers[domain] = null;
    if (pid > 0) await kill(pid);
  }

  async restart(domain: number): Promise<void> {
    const [endpoint, monitor] = [this.#basePort + domain, this.#basePort + MONITORS + domain];
    const server = startServer(
      [
        ...[process.execPath, MAIN, 'serve', '--demo'],
        ...['--data', this.#folder(domain), '--federation', join(this.dataDir, 'federation.yaml')],
        ...['--clients', `127.0.0.1:${endpoint}`, '--monitor', `127.0.0.1:${monitor}`],
      ],
      join(this.#folder(domain), 'daemon.log'),
      this.#environment,
    );
    this.#servers[domain] = server;
    const client = this.endpoints[domain];
    if (client !== undefined) await untilServing(client, server);
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
    if (!this.#keepsData) rmSync(this.dataDir, { recursive: true, force: true });
  }

  #folder(domain: number): string {
    return join(this.dataDir, this.#names[domain] ?? '');
  }

  #ports(offset: number): Endpoint[] {
    return Array.from({ length: DOMAINS }, (_, i) => ({
      host: '127.0.0.1',
      port: this.#basePort + offset + i,
    }));
  }

  #concordat(...args: string[]): Promise<{ stdout: string }> {
    return promisify(execFile)(process.execPath, [MAIN, ...args, '--data', this.dataDir], {
      timeout: 20_000,
    });
  }
}

async function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  try {
    process.kill(pid, signal);
  } catch {
    // It was gone already.
  }
  await eventuallyGone(pid);
}
