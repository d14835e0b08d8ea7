/**
 * A simulated federation with order and execution apart: order replicas without a service, executors beside them, filter nodes
 * before them where these admit requests, and outside clients whose results are judged: every operation happened once, and in one order with all others.
 */

import {
  createMacs,
  createModelKeys,
  createModelPairSecrets,
  type Keys,
  modelHash,
  modelSignatures,
} from '@concordat/crypto';
import {
  type Env,
  FIRST_CONNECTION,
  MAX_MEMBERS,
  type NodeId,
  type Prng,
  type Process,
  type Service,
  type Strategy,
} from '@concordat/kernel';
import {
  type ClockOptions,
  createWorld,
  type DiskOptions,
  type NetworkOptions,
  onSend,
  type World,
} from '@concordat/sim';
import { toHex, utf8 } from '@concordat/wire';
import { filterRoute } from '../admission/client-route.ts';
import { createFilter } from '../admission/filter/filter.ts';
import { filterSettings } from '../admission/filter/state.ts';
import type { PairKeys } from '../admission/pair-keys.ts';
import { allFilters, filterId, identityOf } from '../admission/request-quorum/filters.ts';
import type { ClientRoute } from '../client/client.ts';
import { executorIds, firstMembers, type ReplicaSettings, replicaConfig } from '../config.ts';
import { callExecutors, createExecutorClient, type ExecutorClientState } from '../executor/client.ts';
import { type LearnerConfig, learnerConfig } from '../executor/config.ts';
import { createExecutor, type ExecutorState } from '../executor/executor.ts';
import { exposedEnd } from '../executor/state.ts';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import type { Attacker } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { createReplica } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/state.ts';
import { type FilterStrategy, type ReplicaStrategy, verifierOf } from './cluster.ts';
import { governedAs } from './governed.ts';
import { addOperation, createLedger } from './ledger.ts';

export type ExecutorStrategy = Strategy<ExecutorState, Message>;

export interface ExecutorClusterOptions {
  readonly seed: number;
  readonly faults: FaultModel;
  readonly network?: NetworkOptions;
  /** Of each node, asked in order of their ids. */
  readonly surroundings?: () => { readonly disk: DiskOptions; readonly clock: ClockOptions };
  readonly orderLiars?: ReadonlyMap<NodeId, ReplicaStrategy>;
  readonly executionLiars?: ReadonlyMap<NodeId, ExecutorStrategy>;
  /** By number. */
  readonly filterLiars?: ReadonlyMap<number, FilterStrategy>;
  readonly settings?: Partial<ReplicaSettings>;
  /** Changes executors: their thrift, or what they must not be. */
  readonly learner?: Partial<LearnerConfig>;
  /** Breaks order replicas. */
  readonly orderQuorums?: Partial<Quorums>;
  /** Breaks filter nodes. */
  readonly filterQuorums?: Partial<Quorums>;
  /** Breaks honest executors, and honest order replicas. */
  readonly executorVariant?: ExecutorStrategy;
  readonly orderVariant?: ReplicaStrategy;
  /** Breaks clients. */
  readonly clientQuorums?: Partial<Quorums>;
  readonly clients?: number;
  /**
   * Who may join the order replicas later: they run from the start, as members of nothing. Then commands change these, and
   * clients are of domains of their own.
   */
  readonly joiners?: readonly NodeId[];
  /** The service of one executor. */
  readonly createService?: (id: NodeId) => Service;
  /** Which versions of the ledger an executor's binary can run, asked at each of its starts; the first alone unless told. */
  readonly binaryOf?: (executor: NodeId) => readonly number[];
}

interface Asked {
  readonly name: string;
  readonly amount: number;
}

export interface ExecutorCluster {
  readonly world: World;
  /** Ids of order replicas, with those that may join; of executors and clients. */
  readonly members: readonly NodeId[];
  readonly executors: readonly NodeId[];
  readonly filters: readonly NodeId[];
  readonly clients: readonly NodeId[];
  /** Has a client add to a counter; what becomes of it is judged. */
  add(client: NodeId, name: string, amount: number): void;
  /** Operations without a result. */
  outstanding(): number;
  completed(): number;
  /** Calls an order replica as an input of its next turn. */
  call(id: NodeId, act: (s: ReplicaState, env: Env<Message>) => void): void;
  orderOf(id: NodeId): ReplicaState;
  executorOf(id: NodeId): ExecutorState;
  clientOf(id: NodeId): ExecutorClientState;
  /** What is wrong, or null: by judge. */
  readonly judges: Readonly<Record<string, () => string | null>>;
}

export const EXECUTOR_CLUSTER_ID = modelHash(utf8('compliance'));
/** Of members and executors, and of clients that are neither. */
export const KEYS = 3 * MAX_MEMBERS;
const FIRST_CLIENT_DOMAIN = 2 * MAX_MEMBERS;
/** Of members, executors and filter nodes. */
const PAIRS = filterId(MAX_MEMBERS);
const codec = { codec: { encode: encodeMessage, decode: decodeMessage } };
const range = (first: number, count: number): NodeId[] => Array.from({ length: count }, (_, i) => first + i);

export function createExecutorCluster(options: ExecutorClusterOptions): ExecutorCluster {
  const { seed, faults } = options;
  const world = createWorld({ seed, ...(options.network && { network: options.network }) });
  const quorums = quorumsOf(faults);
  const first = firstMembers(quorums);
  const members = [...first, ...(options.joiners ?? [])];
  const executors = executorIds(quorums);
  const clients = range(FIRST_CONNECTION, options.clients ?? 4);
  const keysOf = createModelKeys(KEYS, seed);
  addOrder(world, options, members, keysOf);
  addExecutors(world, options, executors, keysOf);
  const isFiltered = configOf(options, 0).admission === 'request-quorum';
  const filters = isFiltered ? addFilters(world, options, members, executors) : [];
  for (const [i, id] of clients.entries()) {
    const domain = options.joiners === undefined ? i % members.length : FIRST_CLIENT_DOMAIN + i;
    const process = createExecutorClient({
      cluster: EXECUTOR_CLUSTER_ID,
      quorums: { ...quorums, ...options.clientQuorums },
      members: first,
      executors,
      keys: keysOf(domain),
      domain,
      client: 1_000_000 + i,
      clientWindow: 16,
      retransmitMs: 500,
      ...(options.joiners !== undefined && {
        followed: {
          trusted: governedAs(seed, configOf(options, 0), first).genesis,
          verifyWith: modelSignatures.verifyWith,
        },
      }),
      ...(isFiltered && { route: filterRouteOf(options, members, domain) }),
    });
    world.add({ id, process, link: 'connection', ...codec });
  }
  const asked = new Map<NodeId, Asked[]>(clients.map((id) => [id, []]));
  const clientOf = (id: NodeId): ExecutorClientState => world.stateOf<ExecutorClientState>(id);
  const completed = (): number => clients.reduce((sum, id) => sum + clientOf(id).results.size, 0);
  const honest = executors.filter((id) => !options.executionLiars?.has(id));
  const honestFilters = filters.filter((_id, filter) => !options.filterLiars?.has(filter));
  const honestOrder = members.filter((id) => !options.orderLiars?.has(id));
  return {
    world,
    members,
    executors,
    filters,
    clients,
    add: (client, name, amount) =>
      world.call<ExecutorClientState, Message>(client, (s, env: Env<Message>) => {
        if (callExecutors(s, env, addOperation(name, amount)) !== null)
          asked.get(client)?.push({ name, amount });
      }),
    outstanding: () => clients.reduce((sum, id) => sum + (asked.get(id)?.length ?? 0), 0) - completed(),
    completed,
    call: (id, act) => world.call<ReplicaState, Message>(id, act),
    orderOf: (id) => world.stateOf<ReplicaState>(id),
    executorOf: (id) => world.stateOf<ExecutorState>(id),
    clientOf,
    judges: {
      agreement: () => sameLogs(world, honest),
      convergence: () => sameStates(world, honest),
      order: () => sameCores(world, honestOrder),
      blame: () => blamed(world, honest, [...honest, ...honestOrder, ...honestFilters]),
      results: () => exactlyOnce(asked, clientOf),
    },
  };
}

/** What a node, or a domain's client, authenticates to others with. */
const pairOf = ({ seed }: ExecutorClusterOptions, id: NodeId): PairKeys => ({
  macs: createMacs(),
  secrets: createModelPairSecrets(PAIRS, seed)(id),
});

type KeysOf = ReturnType<typeof createModelKeys>;

export const configOf = ({ faults, settings }: ExecutorClusterOptions, self: NodeId) =>
  replicaConfig({ self, cluster: EXECUTOR_CLUSTER_ID, faults, executes: false, spacingMs: 0, ...settings });

/** What everyone of a federation that changes must know. */
const governedIn = (options: ExecutorClusterOptions, self: NodeId) => {
  const config = configOf(options, self);
  return options.joiners === undefined ? {} : { governed: governedAs(options.seed, config, config.members) };
};

/** Adds a node, which may fail if a strategy bends it. */
function addNode<S>(
  world: World,
  { surroundings }: ExecutorClusterOptions,
  id: NodeId,
  keys: Keys,
  honest: Process<S, Message>,
  strategy: Strategy<S, Message> | undefined,
): void {
  world.add({
    id,
    process: strategy === undefined ? honest : strategy(honest),
    verify: verifierOf(keys),
    mayFail: strategy !== undefined,
    ...codec,
    ...surroundings?.(),
  });
}

function addOrder(
  world: World,
  options: ExecutorClusterOptions,
  ids: readonly NodeId[],
  keysOf: KeysOf,
): void {
  for (const id of ids) {
    const keys = keysOf(id);
    const createService = (): Service => {
      throw new Error('an order replica has no service');
    };
    const config = configOf(options, id);
    const quorums = { ...config.quorums, ...options.orderQuorums };
    const pair = config.admission === 'request-quorum' ? { pair: pairOf(options, id) } : {};
    const governed = governedIn(options, id);
    const honest = createReplica({
      config: { ...config, quorums },
      keys,
      createService,
      ...pair,
      ...governed,
    });
    const tried = options.orderVariant?.(honest) ?? honest;
    addNode(world, options, id, keys, tried, options.orderLiars?.get(id));
  }
}

function addExecutors(
  world: World,
  options: ExecutorClusterOptions,
  ids: readonly NodeId[],
  keysOf: KeysOf,
): void {
  for (const id of ids) {
    const keys = keysOf(id);
    const honest = createExecutor({
      config: {
        ...learnerConfig(configOf(options, 0), { self: id, ...governedIn(options, 0) }),
        ...options.learner,
      },
      keys,
      createService: (version) =>
        options.createService?.(id) ?? createLedger(modelHash, version, options.binaryOf?.(id)),
    });
    const tried = options.executorVariant?.(honest) ?? honest;
    addNode(world, options, id, keys, tried, options.executionLiars?.get(id));
  }
}

function addFilters(
  world: World,
  options: ExecutorClusterOptions,
  members: readonly NodeId[],
  executors: readonly NodeId[],
): NodeId[] {
  const quorums = quorumsOf(options.faults);
  return allFilters(quorums).map((filter) => {
    const honest = createFilter({
      ...filterSettings,
      cluster: EXECUTOR_CLUSTER_ID,
      quorums: { ...quorums, ...options.filterQuorums },
      members,
      executors,
      learners: configOf(options, 0).learners,
      filter,
      hash: modelHash,
      pair: pairOf(options, identityOf(members, filter, true)),
    });
    const strategy = options.filterLiars?.get(filter);
    world.add({
      id: filterId(filter),
      process: strategy === undefined ? honest : strategy(honest),
      mayFail: strategy !== undefined,
      ...codec,
      ...options.surroundings?.(),
    });
    return filterId(filter);
  });
}

/** The way of a domain's clients to filter nodes. */
export const filterRouteOf = (
  options: ExecutorClusterOptions,
  members: readonly NodeId[],
  domain: number,
): ClientRoute =>
  filterRoute({
    cluster: EXECUTOR_CLUSTER_ID,
    quorums: quorumsOf(options.faults),
    members,
    hash: modelHash,
    pair: pairOf(options, domain),
    domain,
    hasExecutors: true,
  });

/** No two honest executors, nor one at two times, have shown different logs. */
function sameLogs(world: World, honest: readonly NodeId[]): string | null {
  const log = new Map<unknown, { readonly node: NodeId; readonly history: unknown }>();
  for (const { node, note } of world.notes) {
    if (note.kind !== 'exposed' || !honest.includes(node)) continue;
    const known = log.get(note['slot']);
    if (known === undefined) log.set(note['slot'], { node, history: note['history'] });
    else if (known.history !== note['history'])
      return `slot ${note['slot']} differs at executors ${known.node} and ${node}`;
  }
  return null;
}

/** Executors strike only against those who lie. */
function blamed(world: World, by: readonly NodeId[], honest: readonly NodeId[]): string | null {
  const mistaken = world.notes.find(
    ({ node, note }) => note.kind === 'strike' && by.includes(node) && honest.includes(Number(note['peer'])),
  );
  return mistaken === undefined
    ? null
    : `executor ${mistaken.node} blames ${mistaken.note['peer']}: ${mistaken.note['why']}`;
}

/** Nodes that have executed as much hold the same state. */
function sameAtHeight(
  world: World,
  ids: readonly NodeId[],
  at: (id: NodeId) => { readonly slot: number; readonly digest: Uint8Array } | null,
): string | null {
  // Who was restarted just now has no state yet.
  world.run(1);
  const byHeight = new Map<number, { readonly id: NodeId; readonly digest: string }>();
  for (const id of ids) {
    const height = world.isUp(id) ? at(id) : null;
    if (height === null) continue;
    const digest = toHex(height.digest);
    const other = byHeight.get(height.slot);
    if (other === undefined) byHeight.set(height.slot, { id, digest });
    else if (other.digest !== digest) return `nodes ${other.id} and ${id} differ after slot ${height.slot}`;
  }
  return null;
}

const sameStates = (world: World, honest: readonly NodeId[]): string | null =>
  sameAtHeight(world, honest, (id) => {
    const { learner } = world.stateOf<ExecutorState>(id);
    const { executed } = learner.execution;
    return executed === exposedEnd(learner) ? { slot: executed, digest: learner.execution.digest() } : null;
  });

const sameCores = (world: World, honest: readonly NodeId[]): string | null =>
  sameAtHeight(world, honest, (id) => {
    const { execution } = world.stateOf<ReplicaState>(id);
    return { slot: execution.executed, digest: execution.digest() };
  });

/**
 * The sums that a counter's additions returned, in ascending order, differ by exactly what was added: none was lost, doubled or
 * invented, and all saw one order. To be judged once nothing is outstanding.
 */
function exactlyOnce(
  asked: ReadonlyMap<NodeId, readonly Asked[]>,
  clientOf: (id: NodeId) => ExecutorClientState,
): string | null {
  const sums = new Map<string, { readonly sum: number; readonly amount: number }[]>();
  for (const [id, operations] of asked) {
    const { results } = clientOf(id);
    for (const [i, { name, amount }] of operations.entries()) {
      const result = results.get(i + 1);
      // What has no result may have happened: such a counter cannot be judged.
      // The second version of the ledger tells more than the sum.
      const sum = result === undefined ? Number.NaN : Number(`0x${toHex(result.subarray(0, 8))}`);
      sums.set(name, [...(sums.get(name) ?? []), { sum, amount }]);
    }
  }
  for (const [name, steps] of sums) {
    if (steps.some(({ sum }) => Number.isNaN(sum))) continue;
    let before = 0;
    for (const { sum, amount } of steps.sort((a, b) => a.sum - b.sum)) {
      if (sum !== before + amount) return `${name} went from ${before} to ${sum} by adding ${amount}`;
      before = sum;
    }
  }
  return null;
}

/** Longer than what travels with references. */
export const LARGE = 'large '.repeat(30);

/** Has random clients add to random counters; half of the operations are large where filter nodes keep bodies. */
export function scheduleAdditions(
  cluster: ExecutorCluster,
  random: Prng,
  count: number,
  horizonMs: number,
): void {
  for (let i = 0; i < count; i++) {
    const client = random.pick(cluster.clients);
    const amount = 1 + random.below(9);
    const counter = random.below(20);
    const isLarge = cluster.filters.length > 0 && counter % 2 === 0;
    const name = `counter ${counter}${isLarge ? LARGE : ''}`;
    cluster.world.schedule(random.below(Math.floor(horizonMs)), () => cluster.add(client, name, amount));
  }
}

/** The honest process behind an `Env` that tells what the attack says. */
export function lying<S>(
  attacker: Attacker,
  self: NodeId,
  seed: number,
  faults: FaultModel,
): Strategy<S, Message> {
  const quorums = quorumsOf(faults);
  const keys = createModelKeys(KEYS, seed)(self);
  const attack = attacker({
    self,
    cluster: EXECUTOR_CLUSTER_ID,
    quorums,
    members: firstMembers(quorums),
    keys,
  });
  return onSend<S, Message>((env, to, message, post) => {
    for (const told of attack(message, to, env.random)) post(to, told);
  });
}
