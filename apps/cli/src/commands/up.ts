/**
 * `concordat up`: a whole federation on this machine, one process per domain, for trying things out. Its data survives
 * restarts; a domain that dies is started again, as a service manager would.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KEEPER_DEFAULTS } from '@concordat/keeper';
import { faultModelProblem, quorumsOf } from '@concordat/replication';
import { toHex } from '@concordat/wire';
import { Command, InvalidArgumentError } from 'commander';
import {
  formatFederation,
  MAX_SWEEP_MS,
  type Member,
  MIN_SWEEP_MS,
  readFederation,
} from '../config/federation.ts';
import { initialise, placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { type StartStatus, shownStart } from '../daemon/start-progress.ts';
import type { DomainStatus, StartingStatus } from '../daemon/status.ts';
import { CommandError } from '../errors.ts';
import { adopt, stateDigest } from '../keeper/first-state.ts';
import { requireFreePorts } from './ports.ts';
import { createProgress } from './progress.ts';

interface UpOptions {
  readonly data: string;
  readonly ephemeral?: boolean;
  readonly domains?: number;
  readonly u: number;
  readonly r: number;
  readonly basePort: number;
  readonly import?: string;
  readonly sweepMs?: number;
  readonly restart: boolean;
}

interface Domain {
  readonly name: string;
  readonly directory: string;
  readonly args: readonly string[];
  child: ChildProcess | null;
}

const NAMES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliett'];
const MEMBERS_OFFSET = 100;
const MONITORS_OFFSET = 200;
const MAX_PORT = 65_535;
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const READY_MS = 60_000;
const RESTART_MS = 1000;
/** A daemon that does not stop by then is killed. */
const STOP_MS = 10_000;

const wholeNumber = (text: string): number => {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};

const sweepTime = (text: string): number => {
  const ms = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (ms >= MIN_SWEEP_MS && ms <= MAX_SWEEP_MS) return ms;
  throw new InvalidArgumentError(`It must be a whole number from ${MIN_SWEEP_MS} to ${MAX_SWEEP_MS}.`);
};

export const upCommand = (): Command =>
  new Command('up')
    .description(
      'run a whole federation on this machine: one process per domain, ready for ZooKeeper clients',
    )
    .option('--data <directory>', 'where its data lives; survives restarts', 'data')
    .option('--ephemeral', 'use a temporary directory, deleted at the end')
    .option('--domains <n>', 'number of domains; must be 2u + r + 1', wholeNumber)
    .option('--u <n>', 'failures of any kind to survive', wholeNumber, 1)
    .option('--r <n>', 'of these, lies to survive', wholeNumber, 1)
    .option('--base-port <port>', 'first ZooKeeper port; members use +100, monitors +200', wholeNumber, 2181)
    .option('--import <file>', 'what a new federation begins with, as concordat keeper import wrote it')
    .option('--sweep-ms <n>', 'how often a new federation looks for nodes that have ended', sweepTime)
    .option('--no-restart', 'leave a domain that dies as it is')
    .addHelpText(
      'after',
      '\nExamples:\n  concordat up\n  concordat up --ephemeral --u 1 --r 0 --base-port 12181\n',
    )
    .action(up);

async function up(options: UpOptions): Promise<void> {
  const directory = options.ephemeral === true ? mkdtempSync(join(tmpdir(), 'concordat-')) : options.data;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const domains = await prepare(directory, options);
    await requirePorts(domains.length, options);
    await runAll(domains, directory, options, stopping.signal);
  } finally {
    if (options.ephemeral === true) rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes what is missing and says how each domain is started. */
async function prepare(directory: string, options: UpOptions): Promise<Domain[]> {
  const { u, r, basePort } = options;
  const problem = faultModelProblem({ u, r });
  if (problem !== null) throw new CommandError('bad-fault-model', problem);
  const { members } = quorumsOf({ u, r });
  if (options.domains !== undefined && options.domains !== members) {
    throw new CommandError(
      'bad-fault-model',
      `u = ${u} and r = ${r} need ${members} domains, not ${options.domains}`,
    );
  }
  const highest = MAX_PORT - MONITORS_OFFSET - members + 1;
  if (options.basePort < 1 || options.basePort > highest) {
    throw new CommandError('bad-port', `--base-port must be at least 1 and at most ${highest}`);
  }
  const file = join(directory, 'federation.yaml');
  const names = Array.from({ length: members }, (_, i) => NAMES[i] ?? `domain-${i}`);
  if (!existsSync(file)) await createAll(directory, file, names, options);
  const federation = readFederation(file);
  if (federation.u !== u || federation.r !== r) {
    throw new CommandError(
      'other-federation',
      `${directory} holds a federation with u = ${federation.u} and r = ${federation.r}`,
      'Use these, another --data directory, or --ephemeral.',
    );
  }
  if (options.import !== undefined && federation.import !== stateDigest(options.import)) {
    throw new CommandError(
      'other-federation',
      `${directory} holds a federation that does not begin with ${options.import}`,
      'Use another --data directory, or --ephemeral.',
    );
  }
  if (options.sweepMs !== undefined && federation.sweepMs !== options.sweepMs) {
    throw new CommandError(
      'other-federation',
      `${directory} holds a federation that looks for ended nodes every ${federation.sweepMs ?? KEEPER_DEFAULTS.sweepMs} ms`,
      'Leave --sweep-ms away, or use another --data directory, or --ephemeral.',
    );
  }
  const port = Number(federation.members[0]?.address.split(':')[1]) - MEMBERS_OFFSET;
  if (port !== basePort) {
    const advice = `Use --base-port ${port}, another --data directory, or --ephemeral.`;
    throw new CommandError(
      'other-federation',
      `${directory} holds a federation with base port ${port}`,
      advice,
    );
  }
  return federation.members.map(({ name }, i) => ({
    name,
    directory: join(directory, name),
    args: [
      'serve',
      ...['--data', join(directory, name), '--federation', file],
      ...[
        '--clients',
        `127.0.0.1:${basePort + i}`,
        '--monitor',
        `127.0.0.1:${basePort + MONITORS_OFFSET + i}`,
      ],
      '--demo',
    ],
    child: null,
  }));
}

/** Another ZooKeeper, or another `up`, is the usual reason; a daemon that cannot listen would only say so in its log. */
function requirePorts(domains: number, { basePort, data, ephemeral }: UpOptions): Promise<void> {
  const ports = [0, MEMBERS_OFFSET, MONITORS_OFFSET].flatMap((offset) =>
    Array.from({ length: domains }, (_, i) => basePort + offset + i),
  );
  const elsewhere = ephemeral === true ? '' : ` and another --data directory than ${data}`;
  return requireFreePorts(ports, `Stop that program, or choose another --base-port${elsewhere}.`);
}

async function createAll(
  directory: string,
  file: string,
  names: readonly string[],
  { u, r, basePort, import: first, sweepMs }: UpOptions,
): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const members: Member[] = [];
  for (const [i, name] of names.entries()) {
    // An identity without a federation file is left from a start that was cut off; nobody knows it yet.
    rmSync(join(directory, name), { recursive: true, force: true });
    const { publicKey, pin, admin } = await initialise(join(directory, name), name);
    if (first !== undefined) adopt(first, join(directory, name));
    members.push({
      name,
      address: `127.0.0.1:${basePort + MEMBERS_OFFSET + i}`,
      key: toHex(publicKey),
      pin,
      admin: toHex(admin),
    });
  }
  const digest = first === undefined ? undefined : stateDigest(first);
  writeFileSync(file, formatFederation(u, r, members, { import: digest, sweepMs }), { flag: 'wx' });
}

async function runAll(
  domains: readonly Domain[],
  directory: string,
  options: UpOptions,
  stopping: AbortSignal,
): Promise<void> {
  process.stdout.write(
    `starting ${domains.length} domains in ${directory}; logs are in ${directory}/DOMAIN/daemon.log\n` +
      'DEMONSTRATION: these domains obey "concordat attack". Never expose them.\n',
  );
  const ended = domains.map((domain) => keepRunning(domain, options.restart, stopping));
  try {
    if (await waitUntilReady(domains, stopping)) process.stdout.write(banner(domains, directory, options));
    await Promise.all(ended);
  } finally {
    for (const { child } of domains) child?.kill('SIGTERM');
  }
}

/** Runs a domain until everything stops, and starts it again when it dies. */
async function keepRunning(domain: Domain, restart: boolean, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const status = await runOnce(domain, stopping);
    if (stopping.aborted) return;
    process.stdout.write(`${domain.name} ended (${status})${restart ? '; starting it again' : ''}\n`);
    if (!restart) {
      process.stdout.write(`start it with: concordat ${domain.args.join(' ')}\n`);
      await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }));
      return;
    }
    await sleep(RESTART_MS, undefined, { signal: stopping }).catch(() => {});
  }
}

function runOnce(domain: Domain, stopping: AbortSignal): Promise<string> {
  const log = openSync(join(domain.directory, 'daemon.log'), 'a', 0o600);
  // Node's own options (a profiler, say) reach the domains too.
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...domain.args], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  domain.child = child;
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  stopping.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      clearTimeout(killer);
      stopping.removeEventListener('abort', stop);
      domain.child = null;
      resolve(signal ?? `status ${code}`);
    });
  });
}

/** True once all serve; false when stopped before. Whoever gets on is waited for, however much it has to read. */
async function waitUntilReady(domains: readonly Domain[], stopping: AbortSignal): Promise<boolean> {
  let shown = '';
  const tell = createProgress(() => shown);
  for (let deadline = Date.now() + READY_MS; Date.now() < deadline && !stopping.aborted; ) {
    const states = await Promise.all(
      domains.map(({ directory }) =>
        ask(placesIn(directory).control, 'status').then(
          (status) => status as DomainStatus | StartingStatus,
          () => null,
        ),
      ),
    );
    if (states.every((state) => state !== null && 'isServing' in state && state.isServing)) return true;
    const before = shown;
    shown = states
      .flatMap((state) => (state?.starting ? shownStartOf(state.name, state.starting) : []))
      .join('; ');
    if (shown !== before) deadline = Date.now() + READY_MS;
    if (shown !== '') tell();
    await sleep(100, undefined, { signal: stopping }).catch(() => {});
  }
  if (stopping.aborted) return false;
  throw new CommandError(
    'not-ready',
    `the domains did not become ready within ${READY_MS / 1000} s`,
    'See their logs.',
  );
}

const shownStartOf = (name: string, status: StartStatus): string => `${name}: ${shownStart(status)}`;

function banner(
  domains: readonly Domain[],
  directory: string,
  { basePort, u, r, ephemeral }: UpOptions,
): string {
  const last = basePort + domains.length - 1;
  const data = directory === 'data' ? '' : ` --data ${directory}`;
  return [
    '',
    `ready: ${domains.length} domains (u = ${u}, r = ${r}), ZooKeeper endpoints on 127.0.0.1:${basePort}-${last}`,
    '',
    'Try, in another terminal:',
    `  zkCli.sh -server 127.0.0.1:${basePort}                        any ZooKeeper client, through any endpoint`,
    `  npx concordat status${data}`,
    `  npx concordat attack ${domains[0]?.name} equivocate${data}     the leader lies; watch the evidence appear`,
    `  npx concordat attack ${domains[0]?.name} stop${data}`,
    `  kill -9 $(cat ${directory}/${domains[1]?.name}/daemon.pid)      the others go on`,
    '',
    `Ctrl-C stops everything; the data ${ephemeral === true ? 'goes, too' : 'stays'}.`,
    '',
  ].join('\n');
}
