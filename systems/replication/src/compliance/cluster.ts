/**
 * A simulated federation for the suites: members that submit operations, and an observer to whom they show what becomes
 * exposed to them, as a gateway shows its clients: with messages that leave when the turn is durable. What an honest
 * member shows is checked against what any honest member has shown in that slot.
 */

import {
  createMacs,
  createModelKeys,
  createModelPairSecrets,
  type Keys,
  type Macs,
  modelHash,
  modelSignatures,
} from '@concordat/crypto';
import {
  type Env,
  type ExposedBatch,
  isBatch,
  MAX_MEMBERS,
  type NodeId,
  type Prng,
  type Process,
  type Service,
  type SignatureCheck,
  type Strategy,
} from '@concordat/kernel';
import {
  amongTwins,
  type ClockOptions,
  type CpuCosts,
  createWorld,
  type DiskOptions,
  envAmongTwins,
  meterKeys,
  type NetworkOptions,
  type TwinNames,
  twinOf,
  type World,
} from '@concordat/sim';
import { toHex, utf8 } from '@concordat/wire';
import { besideReplica } from '../admission/beside.ts';
import { colocateWhere } from '../admission/colocated.ts';
import { createFilter } from '../admission/filter/filter.ts';
import { type FilterState, filterSettings } from '../admission/filter/state.ts';
import type { PairKeys } from '../admission/pair-keys.ts';
import { allFilters, filterId, identityOf } from '../admission/request-quorum/filters.ts';
import { firstMembers, memberIdsEnd, type ReplicaSettings, replicaConfig } from '../config.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { hasLeft } from '../governance/chain.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { createReplica, orderedLog } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/state.ts';
import { governedAs } from './governed.ts';
import { addOperation, createLedger } from './ledger.ts';

export type ReplicaProcess = Process<ReplicaState, Message>;
export type ReplicaStrategy = Strategy<ReplicaState, Message>;
export type FilterStrategy = Strategy<FilterState, Message>;

export interface ClusterOptions {
  readonly seed: number;
  readonly faults: FaultModel;
  /** 0 and the numbers that follow it, unless told. */
  readonly ids?: readonly NodeId[];
  readonly network?: NetworkOptions;
  readonly disk?: DiskOptions;
  /** What work costs at every member; nothing unless told. */
  readonly cpu?: CpuCosts;
  /** Of each member, asked in order of their ids. */
  readonly surroundings?: () => { readonly disk: DiskOptions; readonly clock: ClockOptions };
  /** Messages travel as bytes. */
  readonly isEncoded?: boolean;
  readonly adversaries?: ReadonlyMap<NodeId, ReplicaStrategy>;
  readonly settings?: Partial<ReplicaSettings>;
  /** A member that exists twice, under one identity: its second copy is the node after the observer. */
  readonly twin?: NodeId;
  /** What a participant makes and checks MACs with; asked once for each start of the cluster. */
  readonly macsOf?: (node: NodeId) => Macs;
  /** What filter nodes do, where there are any; by number. */
  readonly filterAdversaries?: ReadonlyMap<number, FilterStrategy>;
  /**
   * Who may join later: they run from the start, as members of nothing. Then the federation can be changed, and filter
   * nodes, if there are any, are beside the members.
   */
  readonly joiners?: readonly NodeId[];
  /** Which versions of the ledger a member's binary can run, asked at each of its starts; the first alone unless told. */
  readonly binaryOf?: (member: NodeId) => readonly number[];
  /** What members run in place of the ledger, made from it. */
  readonly serviceOf?: (ledger: Service) => Service;
  /** Replaces the honest process: how broken variants are tried. */
  readonly variant?: (honest: ReplicaProcess) => ReplicaProcess;
}

export interface Cluster {
  readonly world: World;
  readonly members: number;
  readonly ids: readonly NodeId[];
  /** Ids of the filter nodes; none unless requests are admitted by a quorum of them. */
  readonly filters: readonly NodeId[];
  /** Submits an addition at a member; what becomes of it is tracked. */
  add(member: NodeId, name: string, amount: number): void;
  /** Operations of honest members that have no outcome yet. Those of a member that is down or has left wait for nobody. */
  outstanding(): number;
  completed(): number;
  stateOf(member: NodeId): ReplicaState;
  /** Members and second copies. */
  readonly replicas: readonly NodeId[];
  /** Calls a replica as an input of its next turn. */
  call(replica: NodeId, act: (s: ReplicaState, env: Env<Message>) => void): void;
  /** What is wrong, or null: by judge. */
  readonly judges: Readonly<Record<string, () => string | null>>;
}

interface Pending {
  readonly text: string;
  readonly member: NodeId;
  readonly client: number;
  readonly seq: number;
}

interface Ledger {
  /** What the first honest member showed of each slot. */
  readonly log: Map<number, string>;
  readonly pending: Map<string, Pending>;
  /** Operations with an outcome, in no order. */
  done: number;
  problem: string | null;
}

/** No member ever has this id. */
const OBSERVER = MAX_MEMBERS;

export const CLUSTER_ID = modelHash(new TextEncoder().encode('compliance'));

export function createCluster(options: ClusterOptions): Cluster {
  const world = createWorld({ seed: options.seed, ...(options.network && { network: options.network }) });
  const ids = options.ids ?? firstMembers(quorumsOf(options.faults));
  const { joiners } = options;
  const keysOf = createModelKeys(MAX_MEMBERS, options.seed);
  const ledger: Ledger = { log: new Map(), pending: new Map(), done: 0, problem: null };
  const { twin, adversaries } = options;
  const honestAt = (id: NodeId): boolean => id !== twin && !(adversaries?.has(id) ?? false);
  const codec = options.isEncoded !== false && { codec: { encode: encodeMessage, decode: decodeMessage } };
  world.add({ id: OBSERVER, process: createObserver(ledger, honestAt), ...codec });
  const twins = twin === undefined ? null : { identity: twin, second: memberIdsEnd(ids) };
  const nodes = [...ids, ...(joiners ?? [])];
  const acts = new Map<NodeId, Act[]>();
  const replicas = twins === null ? nodes : [...nodes, twins.second];
  for (const node of replicas) {
    const id = node === twins?.second ? twins.identity : node;
    const keys =
      options.cpu === undefined
        ? keysOf(id)
        : meterKeys(keysOf(id), options.cpu, (us) => world.spend(node, us));
    const strategy = twins === null ? adversaries?.get(id) : withTwins(twins, node);
    const recording = hosted(
      options,
      acts,
      node,
      record(replicaOf(options, ids, id, node, keys), ledger, id),
    );
    world.add({
      id: node,
      process: strategy === undefined ? recording : strategy(recording),
      verify: verifierOf(keysOf(id)),
      ...codec,
      ...(options.disk && { disk: options.disk }),
      ...(options.cpu && { cpu: options.cpu }),
      ...options.surroundings?.(),
      mayFail: !honestAt(id),
      // Client numbers are times: copies are different clients of their domain.
      ...(node === twins?.second && { clock: { offsetMs: 5 } }),
    });
  }
  const hasFilters = options.settings?.admission === 'request-quorum' && joiners === undefined;
  const filters = hasFilters ? addFilters(world, options, ids) : [];
  const call: Cluster['call'] = (replica, act) =>
    world.call<ReplicaState, Message>(replica, (s, env) => {
      const waiting = acts.get(replica);
      if (waiting !== undefined) waiting.push(act);
      else act(s, twins === null || !honestAt(replica) ? env : envAmongTwins(env, twins));
    });
  return {
    world,
    members: ids.length,
    ids: nodes,
    filters,
    replicas,
    call,
    add: (member, name, amount) => submitAt(call, ledger, member, honestAt(member), name, amount),
    outstanding: () => [...ledger.pending.values()].filter(({ member }) => world.isUp(member)).length,
    completed: () => ledger.done,
    stateOf: (member) => world.stateOf<ReplicaState>(member),
    judges: {
      agreement: () => ledger.problem,
      convergence: () => convergence(world, nodes, honestAt),
    },
  };
}

type Act = Parameters<Cluster['call']>[1];

/**
 * The replica with a filter node beside it, where federations with a request quorum are changed. What is asked of such a
 * replica is done in its own turn: its filter node is not where ids say.
 */
function hosted(
  { settings, joiners }: ClusterOptions,
  acts: Map<NodeId, Act[]>,
  node: NodeId,
  replica: ReplicaProcess,
): ReplicaProcess {
  if (settings?.admission !== 'request-quorum' || joiners === undefined) return replica;
  const waiting: Act[] = [];
  acts.set(node, waiting);
  const acting: ReplicaProcess = {
    ...replica,
    start: (env, recovered) => {
      waiting.length = 0;
      return replica.start(env, recovered);
    },
    settle: (s, env) => {
      for (let act = waiting.shift(); act !== undefined; act = waiting.shift()) act(s, env);
      replica.settle(s, env);
    },
  };
  return colocateWhere(acting, besideReplica(modelHash));
}

/** The honest replica, or the variant that is tried in its place. */
function replicaOf(
  options: ClusterOptions,
  ids: readonly NodeId[],
  self: NodeId,
  node: NodeId,
  keys: Keys,
): ReplicaProcess {
  const { seed, faults, settings, joiners, variant, serviceOf = (ledger) => ledger } = options;
  // Without spacing more is in flight at a time, which is what these scripts and sweeps are to try.
  const config = replicaConfig({
    self,
    cluster: CLUSTER_ID,
    faults,
    members: ids,
    spacingMs: 0,
    ...settings,
  });
  const plain = createReplica({
    config,
    keys,
    createService: (version) => serviceOf(createLedger(modelHash, version, options.binaryOf?.(self))),
    ...(config.admission === 'request-quorum' &&
      joiners === undefined && { pair: pairOf(options, ids, self, node) }),
    ...(joiners !== undefined && { governed: governedAs(seed, config, ids) }),
  });
  return variant === undefined ? plain : variant(plain);
}

/** Checks signatures by the key that a check brings, or by the signer's first one. */
export const verifierOf =
  ({ verify }: Keys) =>
  ({ key, signer, bytes, signature }: SignatureCheck): boolean =>
    key === undefined ? verify(signer, bytes, signature) : modelSignatures.verifyWith(key, bytes, signature);

/** Where a member is two nodes, all others meet both under one name. */
const withTwins = ({ identity, second }: TwinNames, node: NodeId): ReplicaStrategy => {
  if (node === identity) return twinOf(identity, second);
  return node === second ? twinOf(identity, identity) : amongTwins({ identity, second });
};

/** What a participant with this identity authenticates to others with, in a cluster of this seed. */
export const pairOf = (
  { seed, macsOf }: Pick<ClusterOptions, 'seed' | 'macsOf'>,
  ids: readonly NodeId[],
  id: NodeId,
  node = id,
): PairKeys => ({
  macs: macsOf?.(node) ?? createMacs(),
  secrets: createModelPairSecrets(memberIdsEnd(ids), seed)(id),
});

function addFilters(world: World, options: ClusterOptions, ids: readonly NodeId[]): NodeId[] {
  const quorums = quorumsOf(options.faults);
  return allFilters(quorums).map((filter) => {
    const honest = createFilter({
      cluster: CLUSTER_ID,
      quorums,
      members: ids,
      filter,
      hash: modelHash,
      pair: pairOf(options, ids, identityOf(ids, filter), filterId(filter)),
      ...filterSettings,
    });
    const strategy = options.filterAdversaries?.get(filter);
    world.add({
      id: filterId(filter),
      process: strategy === undefined ? honest : strategy(honest),
      ...(options.isEncoded !== false && { codec: { encode: encodeMessage, decode: decodeMessage } }),
      ...(options.disk && { disk: options.disk }),
      ...options.surroundings?.(),
      mayFail: strategy !== undefined,
    });
    return filterId(filter);
  });
}

function submitAt(
  call: Cluster['call'],
  ledger: Ledger,
  member: NodeId,
  isHonest: boolean,
  name: string,
  amount: number,
): void {
  call(member, (s, env) => {
    const seq = orderedLog.submit(s, env, addOperation(name, amount));
    if (seq === null || !isHonest) return;
    const { client } = s.submission;
    ledger.pending.set(`${member}/${client}/${seq}`, { text: name, member, client, seq });
  });
}

/** The member, showing what is exposed to it to the observer, in order and without gaps. */
function record(inner: ReplicaProcess, ledger: Ledger, id: NodeId): ReplicaProcess {
  let last = 0;
  const withdraw = (): void => {
    for (const [key, { member }] of ledger.pending) if (member === id) ledger.pending.delete(key);
  };
  const show = (s: ReplicaState, env: Env<Message>): void => {
    if (hasLeft(s)) withdraw();
    for (const item of orderedLog.takeExposed(s)) {
      if (isBatch(item)) {
        for (const { domain, client, seq } of item.outcomes) {
          if (domain === id && ledger.pending.delete(`${domain}/${client}/${seq}`)) ledger.done += 1;
        }
      }
      const isNews = isBatch(item) && item.slot !== last;
      const follows = !isNews || item.slot === last + 1;
      const text = isNews ? `${follows ? '' : `after ${last} `}${describe(item)}` : '';
      if (isNews)
        env.send(OBSERVER, {
          type: 'reply',
          domain: id,
          client: 0,
          seq: 0,
          slot: item.slot,
          reply: utf8(text),
        });
      last = item.slot;
    }
  };
  return {
    ...inner,
    start: (env: Env<Message>, recovered) => {
      last = 0;
      withdraw();
      return inner.start(env, recovered);
    },
    settle: (s, env) => {
      inner.settle(s, env);
      show(s, env);
    },
  };
}

/** PERF: a long reply by its digest: with replies of 1 MiB, telling them took ten times as long as everything else. */
const describe = ({ time, outcomes }: ExposedBatch): string =>
  `${time} ${outcomes.map(({ domain, client, seq, reply }) => `${domain}/${client}/${seq}=${toHex(reply.length > 64 ? modelHash(reply) : reply)}`)}`;

/** Believes honest members, and notices when two of them, or one at two times, show different logs. */
function createObserver(ledger: Ledger, honestAt: (id: NodeId) => boolean): Process<null, Message> {
  return {
    start: () => null,
    receive: (_state, _env, from, m) => {
      if (m.type !== 'reply' || !honestAt(from)) return;
      const text = new TextDecoder().decode(m.reply);
      const known = ledger.log.get(m.slot);
      if (known === undefined) ledger.log.set(m.slot, text);
      else if (known !== text) {
        ledger.problem ??= `slot ${m.slot} is "${text}" at member ${from}, but was "${known}"`;
      }
    },
    timeout: () => {},
    settle: () => {},
  };
}

/** Members that have executed as much hold the same state; what is executed ahead may be taken back. */
function convergence(world: World, ids: readonly NodeId[], honestAt: (id: NodeId) => boolean): string | null {
  const byHeight = new Map<number, { id: NodeId; digest: string }>();
  for (const id of ids) {
    if (!honestAt(id) || !world.isUp(id)) continue;
    const { execution, speculated } = world.stateOf<ReplicaState>(id);
    if (speculated.length > 0) continue;
    const digest = toHex(execution.digest());
    const other = byHeight.get(execution.executed);
    if (other === undefined) byHeight.set(execution.executed, { id, digest });
    else if (other.digest !== digest) {
      return `members ${other.id} and ${id} differ after slot ${execution.executed}`;
    }
  }
  return null;
}

/** Submits additions at random members and times. */
export function scheduleLoad(cluster: Cluster, random: Prng, count: number, horizonMs: number): void {
  for (let i = 0; i < count; i++) {
    const member = random.pick(cluster.ids);
    const amount = 1 + random.below(9);
    const name = `counter ${random.below(20)}`;
    cluster.world.schedule(random.below(Math.floor(horizonMs)), () => {
      if (cluster.world.isUp(member)) cluster.add(member, name, amount);
    });
  }
}
