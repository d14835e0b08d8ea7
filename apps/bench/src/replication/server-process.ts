/**
 * One server of the null service in a process of its own, as its parent asks over the channel between them: a replica,
 * or a server without replication. It answers each command with one message, and ends when the parent does.
 */

import { type Profiler, Session } from 'node:inspector/promises';
import {
  createMemoryDisk,
  type MemberCard,
  type Membership,
  startExecutor,
  startFilter,
  startMember,
  startUnreplicated,
} from '@concordat/replication/edge';
import { createLogger, type Identity, openJournal } from '@concordat/runtime';
import { nullService } from './null-service.ts';

interface Start {
  readonly membership: Membership;
  readonly identity: Identity;
  /** A journal's folder; null for one in memory. */
  readonly journal: string | null;
  readonly kind: ServerKind;
}

/** What a server is among those of its membership; `alone` is one without replication. */
export type ServerKind = 'member' | 'executor' | 'filter' | 'alone';

export type Command =
  | { readonly kind: 'start'; readonly start: Start }
  | { readonly kind: 'start-profile' | 'stop-profile' };

const STARTS = { member: startMember, executor: startExecutor, filter: startFilter } as const;

export interface StartedMessage extends Pick<MemberCard, 'port'> {
  readonly clientPort: number;
}

async function start({ membership, identity, journal: folder, kind }: Start): Promise<StartedMessage> {
  const journal = folder === null ? createMemoryDisk().open() : await openJournal(folder);
  const options = { membership, identity, journal };
  const server =
    kind === 'alone'
      ? await startUnreplicated(nullService, options)
      : await STARTS[kind](nullService, { ...options, logger: createLogger({ level: 'warn' }) });
  void server.halted.then((error) => process.exit(error === null ? 0 : 1));
  const portOf = (name: string): number => server.addresses.get(name)?.port ?? 0;
  return { port: portOf('members'), clientPort: portOf('clients') };
}

const session = new Session();

async function startProfile(): Promise<true> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return true;
}

async function stopProfile(): Promise<Profiler.Profile> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}

function answer(command: Command): Promise<unknown> {
  switch (command.kind) {
    case 'start':
      return start(command.start);
    case 'start-profile':
      return startProfile();
    case 'stop-profile':
      return stopProfile();
  }
}

process.on('message', (command: Command) => {
  answer(command).then((answered) => process.send?.(answered));
});
process.once('disconnect', () => process.exit());
