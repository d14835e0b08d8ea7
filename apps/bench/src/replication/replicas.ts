/**
 * Four replicas of the null service (f = 1), each in a process of its own on this machine, with real links and a
 * journal on disk or in memory. They start from the highest id down: whoever calls knows the port by then.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
import type { StartedMessage, StartMessage } from './replica-process.ts';

export type JournalKind = 'memory' | 'disk';

export interface Replicas {
  readonly membership: Membership;
  /** Of the clients. */
  readonly identity: Identity;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./replica-process.js', import.meta.url));
const LOOPBACK = '127.0.0.1';
const MEMBERS = 4;
const START_MS = 20_000;

/** Rejects with a `ClusterError` when one does not start. */
export async function startReplicas(journal: JournalKind, parentDir = tmpdir()): Promise<Replicas> {
  const directory = mkdtempSync(join(parentDir, 'concordat-null-'));
  const identity = generateIdentity('clients');
  const identities = Array.from({ length: MEMBERS }, (_, id) => generateIdentity(`replica-${id}`));
  const cards = identities.map((each, id) =>
    cardOf(`replica-${id}`, each, { host: LOOPBACK, port: 0, clientPort: 0 }),
  );
  const clients: ClientCard[] = [clientCardOf('clients', identity)];
  const membership: Membership = { u: 1, r: 1, members: cards, clients };
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (let id = MEMBERS - 1; id >= 0; id--) {
      const folder = journal === 'disk' ? join(directory, `replica-${id}`) : null;
      if (folder !== null) await createJournal(folder);
      const child = fork(PROGRAM, { serialization: 'advanced' });
      children.push(child);
      const own = identities[id] as Identity;
      const started = await ask(child, { membership, identity: own, journal: folder });
      cards[id] = { ...(cards[id] as MemberCard), ...started };
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { membership, identity, pids: children.map(({ pid }) => pid ?? 0), stop };
}

const isStarted = (message: unknown): message is StartedMessage =>
  typeof message === 'object' && message !== null && 'port' in message && 'clientPort' in message;

function ask(child: ChildProcess, start: StartMessage): Promise<StartedMessage> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new ClusterError('CLUSTER_START', 'a replica did not start'));
    const timer = setTimeout(fail, START_MS);
    child.once('exit', fail);
    child.once('message', (message: unknown) => {
      clearTimeout(timer);
      child.off('exit', fail);
      if (isStarted(message)) resolve(message);
      else fail();
    });
    child.send(start);
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
