/**
 * All members of a service in this process, for tests and trials: real replicas over real loopback links, each with
 * keys of its own and a journal in memory or below a directory. Members start from the highest id down, because the
 * smaller id calls: so every port is the system's choice and known to whoever needs it, without a race.
 */

import { join } from 'node:path';
import { createLogger, generateIdentity, type Identity, openJournal } from '@concordat/runtime';
import { equalBytes } from '@concordat/wire';
import { quorumsOf } from '../../fault-model.ts';
import type { Configuration } from '../../governance/configuration.ts';
import type { PresetName } from '../../presets/index.ts';
import { createMemoryKeyring, type Keyring, keyringIn } from '../governance/keyring.ts';
import type { TypedService } from '../service/definition.ts';
import { freePort } from '../testing/free-port.ts';
import { createHome, journalFolder } from './home.ts';
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
  /** Each member gets administrators, whose approvals change the federation. */
  readonly governed?: boolean;
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
  /** Of each member's administrators, by index, where the cluster is governed. */
  readonly admins: readonly Identity[];
  /** Keys, a journal and ports for one that is to join; its card is for a proposal. */
  prepare(name: string): Promise<MemberCard>;
  /** Starts those who were prepared and are members by this configuration; they take part once its epoch has begun. */
  admit(next: Configuration): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Place {
  readonly identity: Identity;
  readonly admin: Identity;
  readonly keyring: Keyring;
  readonly openJournal: () => Promise<MemberOptions<never>['journal']>;
  /** The configuration with which it joins; undefined for the first members. */
  later?: Configuration;
}

const LOOPBACK = '127.0.0.1';
/** Nobody watches the log of a test; what it must know it asserts. */
const SILENT = createLogger({ level: 'error', write: () => {} });

export async function createCluster<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: ClusterOptions<E>,
): Promise<EmbeddedCluster<I, O, QI, QO>> {
  const { u, r, clients = [], preset = 'concordat', directory } = options;
  const count = quorumsOf(compositionOf({ u, r, preset }).faults).members;
  const names = Array.from({ length: count }, (_, id) => `member-${id}`);
  const places = await Promise.all(names.map((name) => prepare(directory, name)));
  const cards: MemberCard[] = places.map(({ identity, admin }, id) => {
    const address = { host: LOOPBACK, port: 0, clientPort: 0 };
    return cardOf(`member-${id}`, identity, address, options.governed === true ? admin : undefined);
  });
  const membership: Membership = { u, r, preset, members: cards, clients };
  const members: Member<I, O, QI, QO>[] = [];
  const waiting: Place[] = [];
  const start = async (id: number): Promise<void> => {
    const { identity, keyring, later, openJournal } = places[id] as Place;
    const member = await startMember(service, {
      membership,
      identity,
      keyring,
      ...(later && { later }),
      journal: await openJournal(),
      logger: options.logger ?? SILENT,
      ...(options.settings && { settings: options.settings }),
      onEvent: (event) => options.onEvent?.(event, id),
    });
    members[id] = member;
    const card = cards[id];
    if (card === undefined) return;
    const [port, clientPort] = ['members', 'clients'].map((name) => member.addresses.get(name)?.port ?? 0);
    cards[id] = { ...card, port: port as number, clientPort: clientPort as number };
  };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(members).map((member) => member.close()));
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
    get admins() {
      return places.map(({ admin }) => admin);
    },
    prepare: async (name) => {
      const place = await prepare(directory, name);
      waiting.push(place);
      const address = { host: LOOPBACK, port: await freePort(), clientPort: await freePort() };
      return cardOf(name, place.identity, address, place.admin);
    },
    admit: async (next) => {
      for (const { id, key } of next.members) {
        const place = waiting.find(({ identity }) => equalBytes(identity.publicKey, key));
        if (place === undefined || places[id] !== undefined) continue;
        place.later = next;
        places[id] = place;
        await start(id);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function prepare(directory: string | undefined, name: string): Promise<Place> {
  const admin = generateIdentity(`${name} administrators`);
  if (directory === undefined) {
    const identity = generateIdentity(name);
    const disk = createMemoryDisk();
    return { identity, admin, keyring: createMemoryKeyring(identity), openJournal: async () => disk.open() };
  }
  const home = join(directory, name);
  const identity = await createHome(home, name);
  return {
    identity,
    admin,
    keyring: keyringIn(home, name),
    openJournal: () => openJournal(journalFolder(home)),
  };
}
