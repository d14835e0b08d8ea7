/**
 * A federation on a simulated testbed: replicas of a small service, whose CPU time is charged, behind gateways that
 * keep a number of requests outstanding; liars among them; and clients that are no members.
 */

import { createModelKeys, type Keys, modelHash } from '@concordat/crypto';
import { FIRST_CONNECTION, type MessageCodec, type NodeId, type Strategy } from '@concordat/kernel';
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
import { asCaller, asGateway, type ClientStrategy, type ReplicaProcess } from './load.ts';
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
  readonly stateOf: (member: NodeId) => ReplicaState;
  /** What clients get, at gateways of honest members. */
  readonly recorder: Recorder;
  /** Adds clients, which begin to call after a moment. */
  enter(crowd: Crowd): void;
}

const CLUSTER = modelHash(utf8('lab'));

/** Domains that are no members, from this number on: their keys exist. */
export const FIRST_OUTSIDER = 100;
const OUTSIDERS = 4;

const codec: MessageCodec<Message> = { encode: encodeMessage, decode: decodeMessage };

const RETRANSMIT_MS = 500;

/** What the members of one federation share. */
interface Site {
  readonly world: World;
  readonly options: FederationOptions;
  readonly quorums: Quorums;
  readonly keysOf: (domain: number) => Keys;
  /** Whose each connection is. */
  readonly domains: Map<NodeId, number>;
}

export function createFederation(options: FederationOptions, recorder: Recorder): Federation {
  const { seed, faults, candidate, adversaries, observers = [], testbed = room } = options;
  const site: Site = {
    world: createWorld({
      seed,
      network: testbed.network,
      checkInvariants: false,
      keepNotes: false,
      observers,
    }),
    options,
    quorums: quorumsOf(candidate.faults(faults)),
    keysOf: createModelKeys(FIRST_OUTSIDER + OUTSIDERS, seed),
    domains: new Map(),
  };
  const { world, quorums, domains } = site;
  const members = firstMembers(quorums);
  for (const id of members) addMember(site, id, recorder);
  const enter = (crowd: Crowd): void => {
    for (let i = 0; i < crowd.count; i++) {
      const id = FIRST_CONNECTION + domains.size;
      domains.set(id, crowd.domain);
      addClient(site, id, crowd);
    }
  };
  return {
    world,
    quorums,
    honest: members.filter((id) => adversaries?.has(id) !== true),
    stateOf: (member) => world.stateOf<ReplicaState>(member),
    recorder,
    enter,
  };
}

function addMember({ world, options, keysOf, domains }: Site, id: NodeId, recorder: Recorder): void {
  const { faults, candidate, adversaries, gateway, testbed = room } = options;
  const adversary = adversaries?.get(id);
  const settings = { ...candidate.settings, ...adversary?.settings };
  const config = replicaConfig({ self: id, cluster: CLUSTER, faults: candidate.faults(faults), ...settings });
  const plain = keysOf(id);
  const keys = meterKeys(plain, testbed.cpu, (costUs) => world.spend(id, costUs));
  const replica = createReplica({ config, keys, createService: () => createLedger(keys.hash) });
  const asked = adversary === undefined ? (gateway?.(id) ?? 0) : (adversary.asks ?? 0);
  const counted = adversary === undefined ? recorder : createRecorder();
  const { members, quorums } = config;
  const strategy = adversary?.strategy?.({ self: id, cluster: CLUSTER, members, quorums, keys });
  const served = asGateway(vouching(replica, domains), asked, counted);
  world.add({
    id,
    process: strategy?.(served) ?? served,
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

function addClient({ world, quorums, keysOf }: Site, id: NodeId, crowd: Crowd): void {
  const { domain, outstanding = 1, isHasty = false, strategy, recorder } = crowd;
  const client = createClient({
    cluster: CLUSTER,
    members: firstMembers(quorums),
    quorums: isHasty ? { ...quorums, vouching: 1 } : quorums,
    keys: keysOf(domain),
    domain,
    client: id - FIRST_CONNECTION + 1,
    clientWindow: outstanding,
    retransmitMs: RETRANSMIT_MS,
  });
  const caller = asCaller(client, outstanding, recorder);
  const process = strategy?.(caller) ?? caller;
  world.add({ id, process, link: 'connection', codec: crowd.codec ?? codec });
}
