/**
 * What is measured: four replicas of the null service (f = 1), or one server without replication, each in a process of
 * its own on this machine, with real links and a journal on disk or in memory. Replicas start from the highest id down:
 * whoever calls knows the port by then.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClientCard,
  cardOf,
  clientCardOf,
  type MemberCard,
  type Membership,
} from '@concordat/replication/edge';
import { createJournal, generateIdentity, type Identity } from '@concordat/runtime';
import { ClusterError } from '../cluster.ts';
import type { Command, StartedMessage } from './server-process.ts';

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

/** Rejects with a `ClusterError` when one does not start. */
export async function startServers(
  target: TargetName,
  journal: JournalKind,
  parentDir = tmpdir(),
): Promise<Servers> {
  const f = target === 'alone' ? 0 : 1;
  const members = 3 * f + 1;
  const directory = mkdtempSync(join(parentDir, 'concordat-null-'));
  const identity = generateIdentity('clients');
  const identities = Array.from({ length: members }, (_, id) => generateIdentity(`server-${id}`));
  const cards = identities.map((each, id) =>
    cardOf(`server-${id}`, each, { host: LOOPBACK, port: 0, clientPort: 0 }),
  );
  const clients: ClientCard[] = [clientCardOf('clients', identity)];
  const membership: Membership = { u: f, r: f, members: cards, clients };
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (let id = members - 1; id >= 0; id--) {
      const folder = journal === 'disk' ? join(directory, `server-${id}`) : null;
      if (folder !== null) await createJournal(folder);
      const child = fork(PROGRAM, { serialization: 'advanced' });
      children.push(child);
      const own = identities[id] as Identity;
      const start = { membership, identity: own, journal: folder, isAlone: target === 'alone' };
      const started = await ask(child, { kind: 'start', ...start }, isStarted);
      cards[id] = { ...(cards[id] as MemberCard), ...started };
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
