/**
 * The swarm for the keeper: whole domains as daemons run them, with model keys, and ZooKeeper clients that roam between
 * their endpoints, under random faults within the budget. A client is judged if all its endpoints are honest: a
 * compromised organisation harms those who connect to it, and nobody else.
 */

import { modelSignatures } from '@concordat/crypto';
import {
  type ClientState,
  GATEWAY_LIMITS,
  type GatewayMessage,
  sessionOfLong,
  sha1,
} from '@concordat/keeper';
import { FIRST_CONNECTION, type NodeId, type Prng, type Process } from '@concordat/kernel';
import { type FaultModel, type LearnerConfig, replicaConfig } from '@concordat/replication';
import {
  createWorld,
  randomClock,
  randomDisk,
  type SweepCase,
  type SweepSetting,
  type SweepSystem,
  type World,
} from '@concordat/sim';
import { createDomain } from '../domain/domain.ts';
import { ADVERSARIES } from './adversaries.ts';
import { createLoadClient, isDone } from './client.ts';
import { swarmCodec } from './codec.ts';
import { drawSetting, type KeeperSetting } from './configuration.ts';
import { createExposedLog, type DomainProcess, type ExposedLog, watched } from './exposure.ts';
import {
  judgeClients,
  judgeConvergence,
  judgeEphemerals,
  judgeHistory,
  judgeMultis,
  judgeSequentials,
  type Outcome,
} from './judges.ts';
import { addProxies, CLUSTER, keysOf, withProxies } from './proxies.ts';
import type { Variant } from './variants.ts';

export interface KeeperSweepOptions {
  /** Null draws one for each seed. */
  readonly faults: FaultModel | null;
  /** Replaces the honest domain by a broken one that the swarm must catch; null for the real one. */
  readonly variant: Variant | null;
  /** Clients connect to so many proxies, and to no organisation; 0 unless told. */
  readonly proxies?: number;
}

export const keeperSweep = (options: KeeperSweepOptions): SweepSystem<KeeperSetting> => ({
  name: 'keeper',
  configure: (random) => withProxies(drawSetting(random, options.faults), options.proxies ?? 0),
  faults: ({ faults, members }) => ({
    budget: faults,
    members: Array.from({ length: members }, (_, id) => id),
  }),
  strategies: Object.keys(ADVERSARIES),
  build: (setting) => buildCase(setting, options.variant),
});

type Setting = SweepSetting<KeeperSetting>;

/** One federation with its clients, ready to run. */
export function buildCase(
  setting: Setting,
  variant: Variant | null,
  spoilProxy: (config: LearnerConfig) => LearnerConfig = (config) => config,
): SweepCase {
  const { seed, config } = setting;
  const world = createWorld({ seed, network: config.network, keepNotes: false });
  const log = createExposedLog();
  const members = Array.from({ length: config.members }, (_, id) => id);
  for (const id of members) addDomain(setting, world, log, id, variant);
  const honest = members.filter((id) => !setting.byzantine.has(id));
  const proxies = addProxies(setting, world, log, spoilProxy);
  const gateways = proxies.length > 0 ? proxies : honest;
  const lease: { problem: string | null } = { problem: null };
  const { load } = config;
  const trusted = Array.from({ length: load.clients + load.readers }, (_, i) => FIRST_CONNECTION + i);
  for (const [number, id] of trusted.entries()) {
    const isReader = number >= load.clients;
    const { horizonMs } = setting;
    const client = createLoadClient({ number, gateways, load, horizonMs, isReader });
    world.add({ id, process: leased(client, world, log, lease), codec: swarmCodec, link: 'connection' });
  }
  if (proxies.length === 0)
    for (const liar of setting.byzantine.keys()) addUntrusted(setting, world, liar, honest);
  const states = (): ClientState[] => trusted.map((id) => world.stateOf<ClientState>(id));
  const outcome = (): Outcome => ({ world, honest, trusted: states(), proxies });
  return {
    world: sparingClients(world, members, setting.random.fork('partitions')),
    outstanding: () => states().filter((state) => !isDone(state, load, setting.horizonMs)).length,
    judges: {
      agreement: () => log.problem,
      convergence: () => judgeConvergence(outcome()),
      history: () => judgeHistory(outcome()),
      clients: () => judgeClients(outcome()),
      multis: () => judgeMultis(outcome()),
      lease: () => lease.problem,
      ephemerals: () => judgeEphemerals(outcome()),
      sequentials: () => judgeSequentials(outcome()),
    },
  };
}

/** The world in which a domain that is cut off from all others keeps its clients, as often as not. */
function sparingClients(world: World, members: readonly NodeId[], random: Prng): World {
  const partition: World['partition'] = (groups) => {
    if (random.chance(0.5)) return world.partition(groups);
    const groupOf = (id: NodeId): number => groups.findIndex((group) => group.includes(id));
    for (const a of members) for (const b of members) if (groupOf(a) !== groupOf(b)) world.cut(a, b);
  };
  // Not a copy: the world's time and nodes are read through getters.
  return Object.create(world, { partition: { value: partition } });
}

/** Untrusted clients have these numbers and more. */
const UNTRUSTED = 1000;

/** A client that goes to a liar's endpoint and back: it is told anything and may fail of it, so it is not judged. */
function addUntrusted(setting: Setting, world: World, liar: NodeId, honest: readonly NodeId[]): void {
  const number = UNTRUSTED + liar;
  // On paths of its own: what nobody knows to have been written could explain too much.
  const paths = setting.config.load.paths.map((path) => `/untrusted${path.slice(1)}`);
  const load = { ...setting.config.load, paths, moveEveryMs: 1000 };
  const gateways = [liar, ...honest.slice(0, 1)];
  const client = createLoadClient({ number, gateways, load, horizonMs: setting.horizonMs, isReader: false });
  const id = FIRST_CONNECTION + UNTRUSTED + liar;
  world.add({ id, process: client, codec: swarmCodec, link: 'connection', mayFail: true });
}

function honestDomain({ seed, config }: Setting, id: NodeId): DomainProcess {
  return createDomain({
    replica: replicaConfig({ self: id, cluster: CLUSTER, faults: config.faults, ...config.replica }),
    keys: keysOf(config, seed)(id),
    signatures: modelSignatures,
    sha1,
    keeper: config.keeper,
    gateway: {
      limits: GATEWAY_LIMITS,
      superDigest: null,
      addressOf: () => '192.0.2.1',
      info: () => ({ version: 'swarm', builtOn: '', mode: 'follower', clientPort: 0, metrics: {} }),
    },
  });
}

function addDomain(
  setting: Setting,
  world: World,
  log: ExposedLog,
  id: NodeId,
  variant: Variant | null,
): void {
  const { seed, config, random, byzantine } = setting;
  const plain = honestDomain(setting, id);
  const tried = variant === null ? plain : variant.spoil(plain);
  const recruit = ADVERSARIES[byzantine.get(id) ?? ''];
  const process =
    recruit === undefined
      ? watched(tried, log, id, () => world.now)
      : recruit(random.fork(`adversary ${id}`), config.members)(tried);
  const keys = keysOf(config, seed)(id);
  world.add({
    id,
    process,
    codec: swarmCodec,
    verify: ({ signer, bytes, signature }) => keys.verify(signer, bytes, signature),
    disk: randomDisk(random),
    clock: randomClock(random),
    mayFail: recruit !== undefined,
  });
}

/** Answers under way when the session ends may still arrive. */
const LEASE_SLACK_MS = 1500;

/** A client that watches whether it is served although its session has expired (DESIGN section 9, rule 5). */
function leased(
  client: Process<ClientState, GatewayMessage>,
  world: World,
  log: ExposedLog,
  lease: { problem: string | null },
): Process<ClientState, GatewayMessage> {
  return {
    ...client,
    receive: (state, env, from, message) => {
      client.receive(state, env, from, message);
      const session = state.phase === 'live' ? sessionOfLong(state.session) : 0;
      const expiredAt = log.expired.get(session);
      if (expiredAt === undefined || world.now < expiredAt + LEASE_SLACK_MS) return;
      const { number } = state.config;
      lease.problem ??= `client ${number} is served at ${world.now} ms; its session expired at ${expiredAt} ms`;
    },
  };
}
