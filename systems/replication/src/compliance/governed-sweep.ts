/**
 * The swarm of federations that are changed while they run: members are replaced, join and leave with other fault models,
 * take new keys and change their order protocol, or how requests are admitted, under the faults of the plain sweep. No change
 * makes the federation bear fewer faults than the plan strikes it with. Meanwhile binaries are replaced one by one, and the federation is asked to
 * switch the version of its service: too early, in time, and while some cannot follow yet. Judged beside the rest: the chains
 * of all members are one, and hold offline; each runs the version that its epoch says.
 */

import { modelHash, modelSignatures } from '@concordat/crypto';
import { MAX_MEMBERS, type NodeId, type Prng } from '@concordat/kernel';
import type { SweepCase, SweepSetting, SweepSystem } from '@concordat/sim';
import { equalBytes, utf8 } from '@concordat/wire';
import { quorumsOf } from '../fault-model.ts';
import { type Configuration, configurationDigest, memberIds } from '../governance/configuration.ts';
import { configurationOf } from '../governance/epochs.ts';
import type { Court } from '../governance/judgement.ts';
import { followChain } from '../governance/link.ts';
import { submitCommand } from '../governance/submitting.ts';
import { type PresetName, presets } from '../presets/index.ts';
import type { ReplicaState } from '../replica/state.ts';
import { type Cluster, createCluster, type ReplicaProcess, scheduleLoad } from './cluster.ts';
import { approved, type Change, changed } from './governed.ts';
import { buildGovernedExecutors } from './governed-executors.ts';
import { clusterOptions, replicationSweep, type SweepConfig } from './sweep.ts';
import { type Binaries, createBinaries, versionProblem } from './upgrades.ts';

export interface GovernedConfig extends SweepConfig {
  /** Commands that are tried in the course of a run. */
  readonly changes: number;
  /** Times at which it is tried to switch the version of the service. */
  readonly switches: number;
}

/** Organisations that wait to join. */
const JOINERS = 6;

export const joinersOf = ({ faults }: SweepConfig): NodeId[] =>
  Array.from({ length: JOINERS }, (_, i) => quorumsOf(faults).members + i);

export const governedSweep = (
  preset: PresetName = 'concordat',
  variant?: (honest: ReplicaProcess) => ReplicaProcess,
): SweepSystem<GovernedConfig> => {
  const plain = replicationSweep(preset);
  return {
    name: 'governed',
    configure: (random) => {
      const config = plain.configure(random);
      // Long intervals end in few runs.
      return {
        ...config,
        checkpointInterval: Math.min(config.checkpointInterval, 32),
        changes: 2 + random.below(6),
        switches: 2 + random.below(3),
      };
    },
    faults: (config) => {
      const { budget, members } = plain.faults(config);
      // Filter nodes are beside members, and fail with them.
      return { budget, members: [...members.filter((id) => id < MAX_MEMBERS), ...joinersOf(config)] };
    },
    strategies: plain.strategies,
    build: (setting) => build(setting, variant),
  };
};

function build(
  setting: SweepSetting<GovernedConfig>,
  variant?: (honest: ReplicaProcess) => ReplicaProcess,
): SweepCase {
  const { seed, config, random, byzantine, horizonMs } = setting;
  if (presets[config.preset].settings.executes === false) return buildGovernedExecutors(setting);
  const joiners = joinersOf(config);
  const binaries = createBinaries();
  const options = { ...clusterOptions(setting), joiners, binaryOf: binaries.of };
  const cluster = createCluster({ ...options, ...(variant && { variant }) });
  scheduleLoad(cluster, random, config.operations, horizonMs);
  for (let i = 0; i < config.changes; i++) {
    const dice = random.fork(`change ${i}`);
    cluster.world.schedule(dice.below(Math.floor(horizonMs)), () => tryChange(cluster, config, dice, seed));
  }
  scheduleUpgrades(cluster, binaries, random.fork('upgrades'), setting);
  const honest = cluster.ids.filter((id) => !byzantine.has(id));
  return {
    world: cluster.world,
    outstanding: cluster.outstanding,
    judges: {
      ...cluster.judges,
      chains: () => chainProblem(cluster, honest),
      versions: () => versionProblem(cluster, honest),
    },
  };
}

/** Binaries are replaced at any time, whether their members run or not, and switches are asked for in the later part. */
function scheduleUpgrades(
  cluster: Cluster,
  binaries: Binaries,
  dice: Prng,
  { seed, config, horizonMs }: SweepSetting<GovernedConfig>,
): void {
  const { world } = cluster;
  for (const id of cluster.ids)
    world.schedule(horizonMs * (0.05 + 0.8 * dice.unit()), () => {
      binaries.upgrade(id);
      if (!world.isUp(id)) return;
      world.crash(id);
      world.restart(id);
    });
  for (let i = 0; i < config.switches; i++)
    world.schedule(horizonMs * (0.3 + 0.7 * dice.unit()), () => {
      const running = cluster.ids.filter((id) => world.isUp(id));
      if (running.length === 0) return;
      cluster.call(dice.pick(running), (s, env) => {
        const present = configurationOf(s);
        if (present.version === 2) return;
        const next = changed(seed, present, { settings: { version: 2 } });
        submitCommand(s, env, approved(seed, present, next));
      });
    });
}

/** Some member that is up asks for a change that suits what it knows of the federation. */
function tryChange(cluster: Cluster, config: GovernedConfig, dice: Prng, seed: number): void {
  const { world } = cluster;
  const running = cluster.ids.filter((id) => world.isUp(id));
  if (running.length === 0) return;
  cluster.call(dice.pick(running), (s, env) => {
    const present = configurationOf(s);
    const change = randomChange(present, config, dice, cluster.ids);
    if (change !== null) submitCommand(s, env, approved(seed, present, changed(seed, present, change)));
  });
}

function randomChange(
  present: Configuration,
  { faults, preset }: GovernedConfig,
  dice: Prng,
  ids: readonly NodeId[],
): Change | null {
  const members = memberIds(present);
  const free = ids.filter((id) => !members.includes(id) && !present.retired.includes(id));
  const isGrown = present.faults.u > faults.u;
  switch (dice.below(5)) {
    case 0:
      return free.length === 0 ? null : { join: [dice.pick(free)], leave: [dice.pick(members)] };
    case 1:
      return { rekey: members.filter(() => dice.chance(0.5)) };
    case 2:
      return isGrown || free.length < 2 || present.faults.spare > 0
        ? null
        : { join: free.slice(0, 2), faults: { ...present.faults, u: faults.u + 1 } };
    case 3:
      return isGrown
        ? { leave: dice.fork('leave').chance(0.5) ? members.slice(0, 2) : members.slice(-2), faults }
        : null;
    default:
      if (preset === 'upright' && dice.fork('admission').chance(0.5))
        return {
          settings: { admission: present.admission === 'signature' ? 'request-quorum' : 'signature' },
        };
      return present.faults.spare > 0 ? null : { settings: otherOrder(present) };
  }
}

const otherOrder = ({ order }: Configuration): NonNullable<Change['settings']> =>
  order === 'three-phase'
    ? { order: 'speculative', speculates: true }
    : { order: 'three-phase', speculates: false };

/** Every chain leads offline to the configuration that its holder runs by, and no two lead apart. */
export function chainProblem(
  cluster: Pick<Cluster, 'world' | 'stateOf'>,
  honest: readonly NodeId[],
): string | null {
  const byEpoch = new Map<number, Uint8Array>();
  for (const id of honest) {
    if (!cluster.world.isUp(id)) continue;
    const s = cluster.stateOf(id);
    const end = followChain(courtFor(s), s.governance.genesis, s.chain);
    if ('reason' in end) return `the chain of member ${id} does not hold: ${end.reason}`;
    for (const { command } of s.chain) {
      const digest = configurationDigest(modelHash, command.next);
      const known = byEpoch.get(command.next.epoch) ?? digest;
      if (!equalBytes(known, digest)) return `members disagree about epoch ${command.next.epoch}`;
      byEpoch.set(command.next.epoch, digest);
    }
  }
  return null;
}

const courtFor = ({ governance, chain }: ReplicaState): Court => ({
  cluster: modelHash(utf8('compliance')),
  hash: modelHash,
  verifyWith: modelSignatures.verifyWith,
  configurationOf: (epoch) =>
    epoch === governance.genesis.epoch
      ? governance.genesis
      : (chain.find(({ command }) => command.next.epoch === epoch)?.command.next ?? null),
});
