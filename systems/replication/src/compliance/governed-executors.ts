/**
 * The swarm of changing federations where executors execute: those who order are replaced, also several at once, take new keys, and
 * bear more lies or fewer, while both stages are struck, executors' binaries replaced, and another version of the service asked for. Beside that, changes are asked for that do not suit the executors.
 * Judged beside the rest: executors go by the configurations that the members' chains prove, and no unsuitable one came into force.
 */

import { modelHash } from '@concordat/crypto';
import type { NodeId, Prng } from '@concordat/kernel';
import type { SweepCase, SweepSetting } from '@concordat/sim';
import { equalBytes } from '@concordat/wire';
import { configurationIn } from '../executor/epochs.ts';
import { quorumsOf } from '../fault-model.ts';
import { type Configuration, configurationDigest, memberIds } from '../governance/configuration.ts';
import { configurationOf } from '../governance/epochs.ts';
import { submitCommand } from '../governance/submitting.ts';
import type { ExecutorCluster } from './executor-cluster.ts';
import { buildExecutors } from './executor-sweep.ts';
import { approved, type Change, changed } from './governed.ts';
import { chainProblem, type GovernedConfig, joinersOf } from './governed-sweep.ts';
import { clusterOptions } from './sweep.ts';
import { type Binaries, createBinaries, versionProblem } from './upgrades.ts';

export function buildGovernedExecutors(setting: SweepSetting<GovernedConfig>): SweepCase {
  const { config, random, byzantine, horizonMs } = setting;
  const liars = clusterOptions(setting).adversaries ?? new Map();
  const binaries = createBinaries();
  const options = { joiners: joinersOf(config), binaryOf: binaries.of };
  const { cluster, executionLiars, swept } = buildExecutors(setting, liars, options);
  // Some are refused, and some not possible when their time comes.
  for (let i = 0; i < 2 * config.changes; i++) {
    const dice = random.fork(`change ${i}`);
    cluster.world.schedule(dice.below(Math.floor(horizonMs)), () => tryChange(cluster, config, dice));
  }
  scheduleUpgrades(cluster, binaries, random.fork('upgrades'), setting);
  const ordering = cluster.members.filter((id) => !byzantine.has(id));
  const executing = cluster.executors.filter((id) => !executionLiars.has(id));
  const { world, orderOf } = cluster;
  return {
    ...swept,
    judges: {
      ...swept.judges,
      chains: () => chainProblem({ world, stateOf: orderOf }, ordering),
      epochs: () => epochProblem(cluster, ordering, executing),
      versions: () => versionProblem({ world, stateOf: (id) => cluster.executorOf(id).learner }, executing),
    },
  };
}

/** Executors' binaries are replaced at any time, whether they run or not, and switches are asked for in the later part. */
function scheduleUpgrades(
  cluster: ExecutorCluster,
  binaries: Binaries,
  dice: Prng,
  { config, horizonMs }: SweepSetting<GovernedConfig>,
): void {
  const { world } = cluster;
  for (const id of cluster.executors)
    world.schedule(horizonMs * (0.05 + 0.8 * dice.unit()), () => {
      binaries.upgrade(id);
      if (!world.isUp(id)) return;
      world.crash(id);
      world.restart(id);
    });
  for (let i = 0; i < config.switches; i++) {
    const at = horizonMs * (0.3 + 0.7 * dice.unit());
    const asking = dice.fork(`switch ${i}`);
    world.schedule(at, () => submitAtSome(cluster, asking, ({ version }) => (version === 2 ? null : SWITCH)));
  }
}

const SWITCH: Change = { settings: { version: 2 } };

function tryChange(cluster: ExecutorCluster, config: GovernedConfig, dice: Prng): void {
  submitAtSome(cluster, dice, (present) => randomChange(present, config, dice, cluster.members));
}

/** Some order replica that is up asks for a change of what it knows as the present configuration. */
function submitAtSome(
  cluster: ExecutorCluster,
  dice: Prng,
  changeOf: (present: Configuration) => Change | null,
): void {
  const { world } = cluster;
  const running = cluster.members.filter((id) => world.isUp(id));
  if (running.length === 0) return;
  cluster.call(dice.pick(running), (s, env) => {
    const present = configurationOf(s);
    const change = changeOf(present);
    if (change !== null)
      submitCommand(s, env, approved(world.seed, present, changed(world.seed, present, change)));
  });
}

function randomChange(
  present: Configuration,
  { faults }: GovernedConfig,
  dice: Prng,
  ids: readonly NodeId[],
): Change | null {
  const members = memberIds(present);
  const free = ids.filter((id) => !members.includes(id) && !present.retired.includes(id));
  const { u, r } = present.faults;
  switch (dice.below(6)) {
    case 0:
      return { rekey: members.filter(() => dice.chance(0.5)) };
    case 1: {
      const count = Math.min(free.length, 1 + dice.below(members.length));
      const from = dice.below(members.length - count + 1);
      return count === 0 ? null : { join: free.slice(0, count), leave: members.slice(from, from + count) };
    }
    case 2:
      return r === u || free.length === 0 ? null : { join: free.slice(0, 1), faults: { u, r: r + 1 } };
    case 3:
      return r > faults.r ? { leave: [dice.pick(members)], faults: { u, r: r - 1 } } : null;
    case 4:
      // What must be refused.
      return dice.chance(0.5) || free.length < 2
        ? { settings: { order: 'speculative' } }
        : { join: free.slice(0, 2), faults: { u: u + 1, r } };
    default:
      return free.length === 0 ? null : { join: [dice.pick(free)], leave: [dice.pick(members)] };
  }
}

function epochProblem(
  cluster: ExecutorCluster,
  ordering: readonly NodeId[],
  executing: readonly NodeId[],
): string | null {
  const byEpoch = new Map<number, Configuration>();
  const { world } = cluster;
  for (const id of ordering) {
    if (!world.isUp(id)) continue;
    for (const { command } of cluster.orderOf(id).chain) byEpoch.set(command.next.epoch, command.next);
  }
  for (const { epoch, faults, order } of byEpoch.values())
    if (order !== 'three-phase' || quorumsOf(faults).executors !== cluster.executors.length)
      return `epoch ${epoch} does not suit the executors`;
  for (const id of executing) {
    if (!world.isUp(id)) continue;
    const { learner } = cluster.executorOf(id);
    for (const [epoch, proven] of byEpoch) {
      const own = configurationIn(learner, epoch);
      if (own !== null && !isSame(own, proven)) return `executor ${id} takes epoch ${epoch} for another`;
    }
  }
  return null;
}

const isSame = (a: Configuration, b: Configuration): boolean =>
  equalBytes(configurationDigest(modelHash, a), configurationDigest(modelHash, b));
