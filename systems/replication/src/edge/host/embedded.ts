/**
 * All members of a service in this process, and its executors if the preset has some, for tests and trials: real replicas over
 * real loopback links, each with keys of its own and a journal in memory or below a directory. Nodes start from the highest
 * id down, because the smaller id calls: so every port is the system's choice and known to whoever needs it, without a race.
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
import { startExecutor } from './executor.ts';
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
  /** Told of events with the index of the member that exposed them, or of the executor with a preset that has some. */
  readonly onEvent?: (event: E, member: number) => void;
}

export interface EmbeddedCluster<I, O, QI, QO> {
  /** By index; one that is down has been killed. */
  readonly members: readonly Member<I, O, QI, QO>[];
  /** By index: who serves calls where members only order; none with other presets. */
  readonly executors: readonly Member<I, O, QI, QO>[];
  /** For outside clients. */
  readonly membership: Membership;
  /** The member stops as in a crash. */
  kill(member: number): Promise<void>;
  /** A killed member comes back with its journal. */
  restart(member: number): Promise<void>;
  /** The same of executors. */
  killExecutor(executor: number): Promise<void>;
  restartExecutor(executor: number): Promise<void>;
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
  const composition = compositionOf({ u, r, preset });
  const quorums = quorumsOf(composition.faults);
  const ordering = await prepareAll(options.directory, 'member', quorums.members);
  const beside = composition.preset.settings.executes === false ? quorums.executors : 0;
  const executing = await prepareAll(options.directory, 'executor', beside);
  const [members, executors] = [ordering.cards, executing.cards];
  const membership: Membership = { u, r, preset, members, executors, clients };
  const launch = (stage: Stage, start: typeof startMember) => {
    const nodes: Member<I, O, QI, QO>[] = [];
    const launchOne = async (id: number): Promise<void> => {
      const { identity, openJournal } = stage.places[id] as Place;
      const node = await start(service, {
        membership,
        identity,
        journal: await openJournal(),
        logger: options.logger ?? SILENT,
        ...(options.settings && { settings: options.settings }),
        onEvent: (event) => options.onEvent?.(event, id),
      });
      nodes[id] = node;
      const [port, clientPort] = ['members', 'clients'].map((name) => node.addresses.get(name)?.port ?? 0);
      stage.cards[id] = {
        ...(stage.cards[id] as MemberCard),
        port: port as number,
        clientPort: clientPort as number,
      };
    };
    return { nodes, launchOne };
  };
  const order = launch(ordering, startMember);
  const execution = launch(executing, startExecutor);
  const close = async (): Promise<void> => {
    // Those that were not started leave holes.
    const nodes = [...Object.values(order.nodes), ...Object.values(execution.nodes)];
    await Promise.all(nodes.map((node) => node.close()));
  };
  try {
    for (let id = beside - 1; id >= 0; id--) await execution.launchOne(id);
    for (let id = quorums.members - 1; id >= 0; id--) await order.launchOne(id);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    members: order.nodes,
    executors: execution.nodes,
    membership,
    kill: async (id) => await order.nodes[id]?.kill(),
    restart: order.launchOne,
    killExecutor: async (id) => await execution.nodes[id]?.kill(),
    restartExecutor: execution.launchOne,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The nodes of one stage, and their cards, which tell their ports once they have started. */
interface Stage {
  readonly places: readonly Place[];
  readonly cards: MemberCard[];
}

async function prepareAll(directory: string | undefined, kind: string, count: number): Promise<Stage> {
  const names = Array.from({ length: count }, (_, id) => `${kind}-${id}`);
  const places = await Promise.all(names.map((name) => prepare(directory, name)));
  const cards = places.map(({ identity }, id) =>
    cardOf(names[id] as string, identity, { host: LOOPBACK, port: 0, clientPort: 0 }),
  );
  return { places, cards };
}

async function prepare(directory: string | undefined, name: string): Promise<Place> {
  const identity = generateIdentity(name);
  if (directory === undefined) {
    const disk = createMemoryDisk();
    return { identity, openJournal: async () => disk.open() };
  }
  const folder = join(directory, name, 'journal');
  await createJournal(folder);
  return { identity, openJournal: () => openJournal(folder) };
}
