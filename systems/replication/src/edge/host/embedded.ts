/**
 * All members of a service in this process, for tests and trials: real replicas over real loopback links, each with
 * keys of its own and a journal in memory or below a directory. Members start from the highest id down, because the
 * smaller id calls: so every port is the system's choice and known to whoever needs it, without a race.
 */

import { join } from 'node:path';
import {
  createJournal,
  createLogger,
  generateIdentity,
  type Identity,
  openJournal,
} from '@concordat/runtime';
import { quorumsOf } from '../../fault-model.ts';
import type { PresetName } from '../../presets/index.ts';
import type { TypedService } from '../service/definition.ts';
import { type MemberOptions, startMember } from './member.ts';
import type { Member } from './member-handle.ts';
import { type ClientCard, cardOf, compositionOf, type MemberCard, type Membership } from './membership.ts';
import { createMemoryDisk } from './memory-journal.ts';

export interface ClusterOptions<E> extends Pick<MemberOptions<E>, 'logger' | 'settings'> {
  readonly u: number;
  readonly r: number;
  readonly preset?: PresetName;
  /** Journals go here, one folder for each member; into memory if absent. */
  readonly directory?: string;
  /** Outside clients that may connect. */
  readonly clients?: readonly ClientCard[];
  /** Told of events with the index of the member that exposed them. */
  readonly onEvent?: (event: E, member: number) => void;
}

export interface EmbeddedCluster<I, O, QI, QO> {
  /** By index; one that is down has been killed. */
  readonly members: readonly Member<I, O, QI, QO>[];
  /** For outside clients. */
  readonly membership: Membership;
  /** The member stops as in a crash. */
  kill(member: number): Promise<void>;
  /** A killed member comes back with its journal. */
  restart(member: number): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Place {
  readonly identity: Identity;
  readonly openJournal: () => Promise<MemberOptions<never>['journal']>;
}

const LOOPBACK = '127.0.0.1';
/** Nobody watches the log of a test; what it must know it asserts. */
const SILENT = createLogger({ level: 'error', write: () => {} });

export async function createCluster<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: ClusterOptions<E>,
): Promise<EmbeddedCluster<I, O, QI, QO>> {
  const { u, r, clients = [], preset = 'concordat' } = options;
  const count = quorumsOf(compositionOf({ u, r, preset }).faults).members;
  const places = await Promise.all(Array.from({ length: count }, (_, id) => prepare(options.directory, id)));
  const cards: MemberCard[] = places.map(({ identity }, id) =>
    cardOf(`member-${id}`, identity, { host: LOOPBACK, port: 0, clientPort: 0 }),
  );
  const membership: Membership = { u, r, preset, members: cards, clients };
  const members: Member<I, O, QI, QO>[] = [];
  const start = async (id: number): Promise<void> => {
    const { identity, openJournal } = places[id] as Place;
    const member = await startMember(service, {
      membership,
      identity,
      journal: await openJournal(),
      logger: options.logger ?? SILENT,
      ...(options.settings && { settings: options.settings }),
      onEvent: (event) => options.onEvent?.(event, id),
    });
    members[id] = member;
    const [port, clientPort] = ['members', 'clients'].map((name) => member.addresses.get(name)?.port ?? 0);
    cards[id] = { ...(cards[id] as MemberCard), port: port as number, clientPort: clientPort as number };
  };
  const close = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.close()));
  };
  try {
    for (let id = count - 1; id >= 0; id--) await start(id);
  } catch (error) {
    await Promise.all(Object.values(members).map((member) => member.close()));
    throw error;
  }
  return {
    members,
    membership,
    kill: async (id) => await members[id]?.kill(),
    restart: start,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function prepare(directory: string | undefined, id: number): Promise<Place> {
  const identity = generateIdentity(`member-${id}`);
  if (directory === undefined) {
    const disk = createMemoryDisk();
    return { identity, openJournal: async () => disk.open() };
  }
  const folder = join(directory, `member-${id}`, 'journal');
  await createJournal(folder);
  return { identity, openJournal: () => openJournal(folder) };
}
