/**
 * A federation on a simulated testbed: replicas of a small service, whose CPU time is charged, behind gateways that
 * keep a number of requests outstanding; liars among them; and clients that are no members.
 */

import { createModelKeys, type Keys, modelHash } from '@concordat/crypto';
import {
  FIRST_CONNECTION,
  type MessageCodec,
  type NodeId,
  type Process,
  type Strategy,
} from '@concordat/kernel';
import {
  createClient,
  createReplica,
  decodeMessage,
  encodeMessage,
  type FaultModel,
  firstMembers,
  type Message,
  type Quorums,
  quorumsOf,
  type ReplicaState,
  replicaConfig,
} from '@concordat/replication';
import { createLedger, type Liar } from '@concordat/replication/compliance';
import { createWorld, meterKeys, type Observer, type World } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import type { Candidate, Settings } from './candidate.ts';
import { asCaller, asGateway, type ClientProcess, type ClientStrategy, type ReplicaProcess } from './load.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { room, type Testbed } from './testbed.ts';

/** A member that turned: the honest replica with settings of its own, or behind a twisted `Env`. */
export interface Adversary {
  readonly settings?: Settings;
  /** Requests that its gateway keeps outstanding, which nobody counts. Default none. */
  readonly asks?: number;
  strategy?(liar: Liar): Strategy<ReplicaState, Message>;
}

export interface FederationOptions {
  readonly seed: number;
  readonly faults: FaultModel;
  readonly candidate: Candidate;
  readonly testbed?: Testbed;
  readonly adversaries?: ReadonlyMap<NodeId, Adversary>;
  /** Requests that the gateway of a member keeps outstanding. Default none. */
  readonly gateway?: (member: NodeId) => number;
  readonly observers?: readonly Observer[] | undefined;
}

/** Clients of one domain that are no members. */
export interface Crowd {
  readonly count: number;
  /** Whose key signs; members have the first numbers, `FIRST_OUTSIDER` and those after it are others'. */
  readonly domain: number;
  /** Requests that each keeps outstanding. Default 1. */
  readonly outstanding?: number;
  /** What makes each of them hostile. */
  readonly strategy?: ClientStrategy;
  /** Goes on when any replica has answered: a hostile client does not wait for the truth. Default false. */
  readonly isHasty?: boolean;
  /** How hostile ones put their messages into bytes. */
  readonly codec?: MessageCodec<Message>;
  readonly recorder: Recorder;
}

export interface Federation {
  readonly world: World;
  readonly quorums: Quorums;
  readonly honest: readonly NodeId[];
  readonly keysOf: (domain: number) => Keys;
  readonly stateOf: (member: NodeId) => ReplicaState;
  /** What clients get, at gateways of honest members. */
  readonly recorder: Recorder;
  /** Adds clients, which begin to call after a moment; returns their ids. */
  enter(crowd: Crowd): readonly NodeId[];
}

const CLUSTER = modelHash(utf8('lab'));

/** Domains that are no members, from this number on: their keys exist. */
export const FIRST_OUTSIDER = 100;
const OUTSIDERS = 4;

const codec: MessageCodec<Message> = { encode: encodeMessage, decode: decodeMessage };

const RETRANSMIT_MS = 500;

export function createFederation(options: FederationOptions, recorder: Recorder): Federation {
  const { seed, faults, candidate, adversaries, observers = [], testbed = room } = options;
  const quorums = quorumsOf(candidate.faults(faults));
  const world = createWorld({
    seed,
    network: testbed.network,
    checkInvariants: false,
    keepNotes: false,
    observers,
  });
  const keysOf = createModelKeys(FIRST_OUTSIDER + OUTSIDERS, seed);
  const honest: NodeId[] = [];
  const domains = new Map<NodeId, number>();
  for (let id = 0; id < quorums.members; id++) {
    if (adversaries?.has(id) !== true) honest.push(id);
    addMember(world, options, id, keysOf(id), recorder, domains);
  }
  let entered = 0;
  const enter = (crowd: Crowd): NodeId[] => {
    const ids = Array.from({ length: crowd.count }, () => FIRST_CONNECTION + entered++);
    for (const id of ids) domains.set(id, crowd.domain);
    for (const id of ids) world.add({ id, link: 'connection', ...clientOf(crowd, id, quorums, keysOf) });
    return ids;
  };
  const stateOf = (member: NodeId): ReplicaState => world.stateOf<ReplicaState>(member);
  return { world, quorums, honest, keysOf, stateOf, recorder, enter };
}

function addMember(
  world: World,
  { faults, candidate, adversaries, gateway, testbed = room }: FederationOptions,
  id: NodeId,
  plain: Keys,
  recorder: Recorder,
  domains: ReadonlyMap<NodeId, number>,
): void {
  const adversary = adversaries?.get(id);
  const settings = { ...candidate.settings, ...adversary?.settings };
  const config = replicaConfig({ self: id, cluster: CLUSTER, faults: candidate.faults(faults), ...settings });
  const keys = meterKeys(plain, testbed.cpu, (costUs) => world.spend(id, costUs));
  const replica = vouching(
    createReplica({ config, keys, createService: () => createLedger(keys.hash) }),
    domains,
  );
  const served =
    adversary === undefined
      ? asGateway(replica, gateway?.(id) ?? 0, recorder)
      : asGateway(replica, adversary.asks ?? 0, createRecorder());
  const strategy = adversary?.strategy?.({
    self: id,
    cluster: CLUSTER,
    members: config.members,
    quorums: config.quorums,
    keys,
  });
  world.add({
    id,
    process: strategy === undefined ? served : strategy(served),
    codec,
    verify: (check) => plain.verify(check.signer, check.bytes, check.signature),
    disk: testbed.disk,
    cpu: testbed.cpu,
    mayFail: adversary !== undefined,
  });
}

/** The replica behind a port that knows by its certificate whose a connection is, as the real one does. */
function vouching(replica: ReplicaProcess, domains: ReadonlyMap<NodeId, number>): ReplicaProcess {
  const vouched = (from: NodeId, m: Message): Message =>
    m.type === 'request' && domains.get(from) === m.request.domain ? { ...m, isVouched: true } : m;
  return { ...replica, receive: (s, env, from, m) => replica.receive(s, env, from, vouched(from, m)) };
}

interface ClientNode {
  readonly process: ClientProcess;
  readonly codec: MessageCodec<Message>;
}

function clientOf(crowd: Crowd, id: NodeId, quorums: Quorums, keysOf: (domain: number) => Keys): ClientNode {
  const process: Process<Parameters<ClientProcess['settle']>[0], Message> = createClient({
    cluster: CLUSTER,
    members: firstMembers(quorums),
    quorums: crowd.isHasty === true ? { ...quorums, vouching: 1 } : quorums,
    keys: keysOf(crowd.domain),
    domain: crowd.domain,
    client: id - FIRST_CONNECTION + 1,
    clientWindow: Math.max(1, crowd.outstanding ?? 1),
    retransmitMs: RETRANSMIT_MS,
  });
  const caller = asCaller(process, crowd.outstanding ?? 1, crowd.recorder);
  return { process: crowd.strategy?.(caller) ?? caller, codec: crowd.codec ?? codec };
}
