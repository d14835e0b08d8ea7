/**
 * What is measured: four replicas of the null service (f = 1), with those whom the preset puts beside them, or one server without
 * replication, each in a process of its own on this machine, with real links and a journal on disk or in memory. They start from
 * the highest id down: whoever calls knows the port by then.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PresetName } from '@concordat/replication';
import {
  type ClientCard,
  cardOf,
  clientCardOf,
  compositionOf,
  type MemberCard,
  type Membership,
  nodeCounts,
} from '@concordat/replication/edge';
import { createJournal, generateIdentity, type Identity } from '@concordat/runtime';
import { ClusterError } from '../cluster.ts';
import type { Command, ServerKind, StartedMessage } from './server-process.ts';

export type JournalKind = 'memory' | 'disk';

export const TARGETS = ['bundled', 'each', 'alone'] as const;
export type TargetName = (typeof TARGETS)[number];

export const isTarget = (text: string): text is TargetName => TARGETS.some((name) => name === text);

export interface Servers {
  readonly membership: Membership;
  /** Of the clients. */
  readonly identity: Identity;
  readonly pids: readonly number[];
  startProfile(): Promise<void>;
  /** One for each server: its main thread since `startProfile`. */
  stopProfile(): Promise<readonly Profiler.Profile[]>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./server-process.js', import.meta.url));
const LOOPBACK = '127.0.0.1';
const ANSWER_MS = 20_000;

export interface ServersOptions {
  readonly target: TargetName;
  readonly journal: JournalKind;
  readonly preset: PresetName;
  /** Where journals on disk lie. */
  readonly parentDir?: string | undefined;
}

/** A server that is to start; its card tells its ports once it has. */
interface Planned {
  readonly kind: ServerKind;
  readonly identity: Identity;
  readonly cards: MemberCard[];
  readonly index: number;
}

/** What f = 1 takes with a preset, or one server alone; clients of both know a membership. */
function planOf({ target, preset }: ServersOptions, clients: readonly ClientCard[]) {
  const planned: Planned[] = [];
  const plan = (kind: ServerKind, count: number): MemberCard[] => {
    const cards: MemberCard[] = [];
    for (let index = 0; index < count; index++) {
      const name = `${kind}-${index}`;
      const identity = generateIdentity(name);
      cards.push(cardOf(name, identity, { host: LOOPBACK, port: 0, clientPort: 0 }));
      planned.push({ kind, identity, cards, index });
    }
    return cards;
  };
  if (target === 'alone') {
    const membership: Membership = { u: 0, r: 0, members: plan('alone', 1), clients };
    return { membership, planned };
  }
  const model = { u: 1, r: 1, preset };
  const counts = nodeCounts(compositionOf(model));
  const membership: Membership = {
    ...model,
    members: plan('member', counts.members),
    executors: plan('executor', counts.executors),
    filters: plan('filter', counts.filters),
    clients,
  };
  return { membership, planned };
}

/** Rejects with a `ClusterError` when one does not start. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { journal, parentDir = tmpdir() } = options;
  const directory = mkdtempSync(join(parentDir, 'concordat-null-'));
  const identity = generateIdentity('clients');
  const { membership, planned } = planOf(options, [clientCardOf('clients', identity)]);
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (const { kind, identity: own, cards, index } of planned.toReversed()) {
      const folder = journal === 'disk' ? join(directory, `${kind}-${index}`) : null;
      if (folder !== null) await createJournal(folder);
      const child = fork(PROGRAM, { serialization: 'advanced' });
      children.push(child);
      const start = { membership, identity: own, journal: folder, kind };
      const started = await ask(child, { kind: 'start', start }, isStarted);
      cards[index] = { ...(cards[index] as MemberCard), ...started };
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const askAll = <T>(command: Command, isAnswer: (message: unknown) => message is T): Promise<T[]> =>
    Promise.all(children.map((child) => ask(child, command, isAnswer)));
  return {
    membership,
    identity,
    pids: children.map(({ pid }) => pid ?? 0),
    startProfile: async () => void (await askAll({ kind: 'start-profile' }, isTrue)),
    stopProfile: () => askAll({ kind: 'stop-profile' }, isProfile),
    stop,
  };
}

const isStarted = (message: unknown): message is StartedMessage =>
  typeof message === 'object' && message !== null && 'port' in message && 'clientPort' in message;
const isTrue = (message: unknown): message is true => message === true;
const isProfile = (message: unknown): message is Profiler.Profile =>
  typeof message === 'object' && message !== null && 'nodes' in message;

/** Commands go one at a time, and the next message is the answer. */
function ask<T>(
  child: ChildProcess,
  command: Command,
  isAnswer: (message: unknown) => message is T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (): void =>
      reject(new ClusterError('CLUSTER_START', `a server did not ${command.kind.replace('-', ' its ')}`));
    const timer = setTimeout(fail, ANSWER_MS);
    child.once('exit', fail);
    child.once('message', (message: unknown) => {
      clearTimeout(timer);
      child.off('exit', fail);
      if (isAnswer(message)) resolve(message);
      else fail();
    });
    child.send(command);
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
