/**
 * All members of a service in this process, and its executors and filter nodes if the preset has some, for tests and trials:
 * real nodes over real loopback links, each with keys of its own and a journal in memory or below a directory. Their ports are
 * theirs for as long as this process lives: one that was killed finds its own free when it comes back.
 */

import { join } from 'node:path';
import {
  createLogger,
  createMemoryDisk,
  freePort,
  generateIdentity,
  type Identity,
  openJournal,
} from '@concordat/runtime';
import { equalBytes } from '@concordat/wire';
import type { Configuration } from '../../governance/configuration.ts';
import type { PresetName } from '../../presets/index.ts';
import { createMemoryKeyring, type Keyring, keyringIn } from '../governance/keyring.ts';
import type { TypedService } from '../service/definition.ts';
import { startExecutor } from './executor.ts';
import { startFilter } from './filter.ts';
import { createHome, journalFolder } from './home.ts';
import { type MemberOptions, startMember } from './member.ts';
import type { Member } from './member-handle.ts';
import { type ClientCard, cardOf, compositionOf, type MemberCard, type Membership } from './membership.ts';
import { nodeCounts } from './stages.ts';

export interface ClusterOptions<E> extends Pick<MemberOptions<E>, 'logger' | 'settings'> {
  readonly u: number;
  readonly r: number;
  readonly preset?: PresetName;
  /** Journals go here, one folder for each member; into memory if absent. */
  readonly directory?: string;
  /** Each member gets administrators, whose approvals change the federation. */
  readonly governed?: boolean;
  /** Of the service, with which it then begins: 1 unless told. */
  readonly version?: number;
  /** Outside clients that may connect. */
  readonly clients?: readonly ClientCard[];
  /** Told of events with the index of the member that exposed them, or of the executor with a preset that has some. */
  readonly onEvent?: (event: E, member: number) => void;
}

export interface EmbeddedCluster<I, O, QI, QO> {
  /** By index; one that is down has been killed. */
  readonly members: readonly Member<I, O, QI, QO>[];
  /** By index: who serves calls where members only order; none with other presets. */
  readonly executors: readonly Member<I, O, QI, QO>[];
  /** By index: who keeps requests where members order references; none with other presets. */
  readonly filters: readonly Member<I, O, QI, QO>[];
  /** For outside clients. */
  readonly membership: Membership;
  /** The member stops as in a crash. */
  kill(member: number): Promise<void>;
  /** A killed member comes back with its journal. */
  restart(member: number): Promise<void>;
  /** The same of executors. */
  killExecutor(executor: number): Promise<void>;
  restartExecutor(executor: number): Promise<void>;
  /** The same of filter nodes. */
  killFilter(filter: number): Promise<void>;
  restartFilter(filter: number): Promise<void>;
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
  const counts = nodeCounts(compositionOf({ u, r, preset }));
  const ordering = await prepareStage(directory, 'member', counts.members, options.governed);
  const executing = await prepareStage(directory, 'executor', counts.executors);
  const filtering = await prepareStage(directory, 'filter', counts.filters);
  const [members, executors, filters] = [ordering.cards, executing.cards, filtering.cards];
  const { version = 1 } = options;
  const membership: Membership = { u, r, preset, version, members, executors, filters, clients };
  const order = launcherOf(service, options, membership, ordering.places, startMember);
  const execution = launcherOf(service, options, membership, executing.places, startExecutor);
  const filtration = launcherOf(service, options, membership, filtering.places, startFilter);
  const close = async (): Promise<void> => {
    await Promise.all([order, execution, filtration].map((stage) => stage.close()));
  };
  try {
    // The smaller id calls: started last, it finds the others there.
    for (let id = counts.filters - 1; id >= 0; id--) await filtration.launch(id);
    for (let id = counts.executors - 1; id >= 0; id--) await execution.launch(id);
    for (let id = counts.members - 1; id >= 0; id--) await order.launch(id);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    members: order.nodes,
    executors: execution.nodes,
    filters: filtration.nodes,
    membership,
    kill: async (id) => await order.nodes[id]?.kill(),
    restart: order.launch,
    killExecutor: async (id) => await execution.nodes[id]?.kill(),
    restartExecutor: execution.launch,
    killFilter: async (id) => await filtration.nodes[id]?.kill(),
    restartFilter: filtration.launch,
    get admins() {
      return ordering.places.map(({ admin }) => admin);
    },
    ...newcomers(directory, ordering.places, order.launch),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The nodes of one stage, and the first ones' cards. */
interface Stage {
  readonly places: Place[];
  readonly cards: readonly MemberCard[];
}

async function prepareStage(
  directory: string | undefined,
  kind: string,
  count: number,
  isGoverned = false,
): Promise<Stage> {
  const names = Array.from({ length: count }, (_, id) => `${kind}-${id}`);
  const places = await Promise.all(names.map((name) => prepare(directory, name)));
  const cards = await Promise.all(
    places.map(async ({ identity, admin }, id) =>
      cardOf(names[id] as string, identity, await freeAddress(), isGoverned ? admin : undefined),
    ),
  );
  return { places, cards };
}

const freeAddress = async () => ({ host: LOOPBACK, port: await freePort(), clientPort: await freePort() });

interface Launcher<I, O, QI, QO> {
  /** By index. */
  readonly nodes: readonly Member<I, O, QI, QO>[];
  launch(id: number): Promise<void>;
  close(): Promise<void>;
}

function launcherOf<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  { logger = SILENT, settings, onEvent }: ClusterOptions<E>,
  membership: Membership,
  places: readonly Place[],
  start: typeof startMember,
): Launcher<I, O, QI, QO> {
  const nodes: Member<I, O, QI, QO>[] = [];
  const starting = new Set<Promise<void>>();
  const begin = async (id: number): Promise<void> => {
    const { identity, keyring, later, openJournal } = places[id] as Place;
    nodes[id] = await start(service, {
      membership,
      identity,
      keyring,
      ...(later && { later }),
      journal: await openJournal(),
      logger,
      ...(settings && { settings }),
      onEvent: (event) => onEvent?.(event, id),
    });
  };
  const launch = async (id: number): Promise<void> => {
    const start = begin(id);
    starting.add(start);
    await start.finally(() => starting.delete(start));
  };
  const close = async (): Promise<void> => {
    // One that is about to start would outlive the others: who restarts several is told of the first that cannot.
    await Promise.allSettled(starting);
    // Those that were not started leave holes.
    await Promise.all(Object.values(nodes).map((node) => node.close()));
  };
  return { nodes, launch, close };
}

function newcomers(
  directory: string | undefined,
  places: Place[],
  launch: (id: number) => Promise<void>,
): Pick<EmbeddedCluster<unknown, unknown, unknown, unknown>, 'prepare' | 'admit'> {
  const waiting: Place[] = [];
  return {
    prepare: async (name) => {
      const place = await prepare(directory, name);
      waiting.push(place);
      return cardOf(name, place.identity, await freeAddress(), place.admin);
    },
    admit: async (next) => {
      for (const { id, key } of next.members) {
        const place = waiting.find(({ identity }) => equalBytes(identity.publicKey, key));
        if (place === undefined || places[id] !== undefined) continue;
        place.later = next;
        places[id] = place;
        await launch(id);
      }
    },
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
