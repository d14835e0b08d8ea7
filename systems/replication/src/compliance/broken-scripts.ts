/**
 * For each broken variant the scenario that rejects it, and the detector that speaks. The honest protocol must come
 * through the same scenario without an objection.
 */

import { createPrng, type NodeId } from '@concordat/kernel';
import { presets } from '../presets/index.ts';
import { attackers } from '../replica/adversaries.ts';
import { spoilRows } from './admission-attacks.ts';
import { attacking } from './attacks.ts';
import * as broken from './broken.ts';
import * as governance from './broken-governance.ts';
import * as upgrades from './broken-upgrades.ts';
import {
  type Cluster,
  type ClusterOptions,
  createCluster,
  type ReplicaStrategy,
  scheduleLoad,
} from './cluster.ts';
import { damage, falseServer } from './false-server.ts';
import { addOperation } from './ledger.ts';
import { addRogue, outsider } from './outsiders.ts';
import { certificatesFirst, votesFirst } from './published-rules.ts';
import { runA, runB, selectingBy } from './published-runs.ts';
import type { WrongLogRuleName } from './speculative-log/rules.ts';
import { accusedBy, objectionOf, runStorm } from './storm.ts';
import { firstProblem, HASTY_ROUND_MS, type TwinsPreset } from './twins/run.ts';
import { createBinaries } from './upgrades.ts';

/**
 * Who speaks: the judges of a scripted scenario, or of a search over seeds of one; the general swarm within a few seeds;
 * Twins within a few scenarios; the exploration of several slots, if the break is one of the rules that it knows.
 */
export type Detector = 'script' | 'seeds' | 'swarm' | 'twins' | 'explorer';

export interface BrokenVariant {
  readonly name: string;
  /** The first is the one that `run` asks. */
  readonly foundBy: readonly Detector[];
  readonly variant: broken.Variant;
  /** The composition that it breaks. Default concordat. */
  readonly preset?: TwinsPreset;
  /** What exploration calls it. */
  readonly rule?: WrongLogRuleName;
  /** The objection to the variant, or to the honest protocol; null if there is none. */
  run(variant: broken.Variant | undefined): string | null;
}

const BFT = { u: 1, r: 1 };
const ALL = [0, 1, 2, 3];
/** What `scheduleLoad` adds to. */
const COUNTERS = Array.from({ length: 20 }, (_, i) => `counter ${i}`);

type Script = (cluster: Cluster) => string | null;

/** Plays a script on four members; evidence against one of them that is honest is an objection, too. */
function play(
  variant: broken.Variant | undefined,
  script: Script,
  options: Partial<ClusterOptions> = {},
): string | null {
  const seed = options.seed ?? 1;
  const liars = options.adversaries ?? new Map<NodeId, ReplicaStrategy>();
  const cluster = createCluster({ seed, faults: BFT, ...options, ...(variant && { variant }) });
  const objection = objectionOf(cluster, () => script(cluster));
  return objection ?? accusedBy(cluster, seed, liars).problem;
}

/** The first objection among some seeds. */
function search(seeds: number, run: (seed: number) => string | null): string | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const objection = run(seed);
    if (objection !== null) return `seed ${seed}: ${objection}`;
  }
  return null;
}

function eachAdds(cluster: Cluster, members: readonly NodeId[], name: string): void {
  for (const member of members) cluster.add(member, `${name} ${member}`, 1);
}

function finishes(cluster: Cluster): string | null {
  // What was asked for last is on its way only after a turn.
  cluster.world.run(100);
  return cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000)
    ? null
    : `liveness: ${cluster.outstanding()} operations are outstanding`;
}

/** Half and half: neither may go on alone. */
const halves: Script = (cluster) => {
  const { world } = cluster;
  world.run(200);
  world.partition([
    [0, 1],
    [2, 3],
  ]);
  eachAdds(cluster, ALL, 'in one half');
  world.run(6000);
  world.heal();
  return finishes(cluster);
};

/** All lose power while their disks are busy; only one disk was fast enough to keep anything. */
const blackout: Script = (cluster) => {
  const { world } = cluster;
  world.run(600);
  for (const id of [0, 2, 3]) world.setDisk(id, { syncMs: 300, jitterMs: 0 });
  eachAdds(cluster, ALL, 'just before');
  world.run(50);
  for (const id of ALL) world.crash(id);
  for (const id of ALL) world.resetDisk(id);
  for (const id of ALL) world.restart(id);
  world.run(2000);
  eachAdds(cluster, ALL, 'after');
  return finishes(cluster);
};

/** The primary dies under load; what it had led to commitment must survive. */
const primaryDies: Script = (cluster) => {
  scheduleLoad(cluster, createPrng(1), 200, 2000);
  cluster.world.run(1000);
  cluster.world.crash(0);
  cluster.world.run(1500);
  cluster.world.restart(0);
  return finishes(cluster);
};

/**
 * Only member 1 gets the primary's proposal, which the primary itself forgets with its power: the others decide without
 * either.
 */
const onlyOneAccepts: Script = (cluster) => {
  const { world } = cluster;
  world.run(600);
  for (const to of [2, 3]) world.cut(0, to);
  world.setDisk(0, { syncMs: 300, jitterMs: 0 });
  cluster.add(0, 'known to one', 1);
  world.run(60);
  world.crash(0);
  world.resetDisk(0);
  world.partition([[1]]);
  for (const to of [2, 3]) world.mend(0, to);
  world.restart(0);
  world.run(5000);
  eachAdds(cluster, [2, 3], 'without it');
  world.run(2000);
  world.heal();
  return finishes(cluster);
};

/** Two members lose their journals, the third knowing one is away: no quorum that remembers is left. */
const lostMemory: Script = (cluster) => {
  const { world } = cluster;
  world.partition([[3]]);
  eachAdds(cluster, [0, 1, 2], 'before');
  world.run(1000);
  world.crash(0);
  for (const id of [1, 2]) {
    world.wipe(id);
    world.restart(id);
  }
  world.heal();
  world.run(3000);
  eachAdds(cluster, [3], 'after');
  world.run(5000);
  return null;
};

/** A member's memory is damaged; it must notice at the next checkpoint, and repair itself. */
const damagedMemory: Script = (cluster) => {
  scheduleLoad(cluster, createPrng(1), 200, 3000);
  cluster.world.run(1000);
  damage(cluster.stateOf(2).execution, ['what nobody reads']);
  cluster.world.run(3000);
  return finishes(cluster);
};

/** A member comes back to three others, of whom one serves a false state. */
const fromFalseServer = (seed: number, variant: broken.Variant | undefined): string | null => {
  const script: Script = (cluster) => {
    const { world } = cluster;
    world.run(300);
    world.crash(3);
    scheduleLoad(cluster, createPrng(seed), 400, 6000);
    world.run(3000);
    world.restart(3);
    world.run(3000);
    return finishes(cluster);
  };
  const adversaries = new Map([[1, falseServer(COUNTERS)]]);
  const settings = { checkpointInterval: 8, window: 16 };
  return play(variant, script, { seed, adversaries, settings });
};

const stormWith =
  (attack: keyof typeof attackers) =>
  (variant: broken.Variant | undefined): string | null =>
    search(2, (seed) => {
      const liars = new Map([
        [0, (place: Parameters<typeof attacking>[1]) => attacking(attackers[attack], place)],
      ]);
      return runStorm({ seed, faults: BFT, liars, ...(variant && { variant }) }).problem;
    });

/** A primary proposes a time a minute ahead. */
const fromTheFuture = (variant: broken.Variant | undefined): string | null => {
  const liar = attacking(attackers['time-ahead'], { id: 0, seed: 1, faults: BFT });
  const script: Script = (cluster) => {
    eachAdds(cluster, [1, 2, 3], 'now');
    const objection = finishes(cluster);
    const { execution, config } = cluster.stateOf(2);
    const aheadMs = execution.core.time.get() - cluster.world.now;
    return (
      objection ?? (aheadMs > Math.min(1000, config.timeToleranceMs) ? `time: ${aheadMs} ms ahead` : null)
    );
  };
  return play(variant, script, { adversaries: new Map([[0, liar]]) });
};

/** A proposal is out, the disk is not done, and power fails; the primary is back before anyone gives it up. */
const backInTime: Script = (cluster) => {
  const { world } = cluster;
  world.run(600);
  world.setDisk(0, { syncMs: 100, jitterMs: 0 });
  cluster.add(0, 'before', 1);
  world.run(20);
  world.crash(0);
  world.resetDisk(0);
  world.restart(0);
  eachAdds(cluster, [1, 2], 'after');
  return finishes(cluster);
};

/**
 * One filter node lies, and four clients tell nobody but it: its row for each of them holds for one replica, another for
 * each, so that whoever leads has something to propose that nobody else believes (the MAC attack).
 */
const macAttack = (variant: broken.Variant | undefined): string | null => {
  const options = { seed: 1, faults: BFT };
  const script: Script = (cluster) => {
    cluster.world.run(200);
    for (const i of ALL) {
      const who = outsider(cluster, i);
      addRogue(cluster, options, who)(1, addOperation('poison', 1), [3]);
    }
    cluster.world.run(200);
    eachAdds(cluster, ALL, 'honest');
    return finishes(cluster);
  };
  return play(variant, script, {
    ...options,
    settings: presets.upright.settings,
    filterAdversaries: new Map([[3, spoilRows(({ ref }, replica) => replica !== ref.client % ALL.length)]]),
  });
};

const GOVERNED = { joiners: [4], settings: { checkpointInterval: 8, window: 16 } };
const GOVERNED_UPRIGHT = { ...GOVERNED, settings: { ...presets.upright.settings, ...GOVERNED.settings } };

/** These members' binaries are upgraded already. */
const withBinaries = (upgraded: readonly NodeId[]) => ({
  ...GOVERNED,
  binaryOf: createBinaries(upgraded).of,
});

/** Twins whose rounds end in the middle of something: what is left in the middle is what the next view must not lose. */
const amongTwins =
  (preset: TwinsPreset, count: number) =>
  (variant: broken.Variant | undefined): string | null =>
    firstProblem({ preset, variant, roundMs: HASTY_ROUND_MS }, { rounds: 7, from: 0, count });

export const brokenVariants: readonly BrokenVariant[] = [
  {
    name: 'a quorum one too small',
    foundBy: ['script', 'twins'],
    variant: broken.smallQuorum,
    run: (variant) => play(variant, halves),
  },
  {
    name: 'a missing durability wait',
    foundBy: ['script'],
    variant: broken.noDurabilityWait,
    run: (variant) => play(variant, blackout),
  },
  {
    name: 'a view change that forgets',
    foundBy: ['script', 'swarm', 'twins'],
    variant: broken.forgetfulViewChange,
    run: (variant) => play(variant, primaryDies),
  },
  {
    name: 'exposure before commit',
    foundBy: ['script', 'swarm', 'twins'],
    variant: broken.earlyExposure,
    run: (variant) => play(variant, onlyOneAccepts),
  },
  {
    name: 'replay of an old incarnation',
    foundBy: ['script'],
    variant: broken.oldIncarnation,
    run: (variant) => play(variant, lostMemory),
  },
  {
    name: 'a state transfer that skips verification',
    foundBy: ['seeds'],
    variant: broken.gullibleTransfer,
    run: (variant) => search(5, (seed) => fromFalseServer(seed, variant)),
  },
  {
    name: 'a checkpoint without execution check',
    foundBy: ['script'],
    variant: broken.noExecutionCheck,
    run: (variant) => play(variant, damagedMemory, { settings: { checkpointInterval: 8, window: 16 } }),
  },
  {
    name: 'votes counted whatever they are for',
    foundBy: ['seeds', 'twins'],
    variant: broken.blindCounting,
    run: stormWith('equivocate'),
  },
  {
    name: 'signatures believed unseen',
    foundBy: ['seeds'],
    variant: broken.noVerification,
    run: stormWith('usurp'),
  },
  {
    name: 'any ordered time taken for good',
    foundBy: ['script'],
    variant: broken.noTimeCheck,
    run: fromTheFuture,
  },
  {
    name: 'a primary that goes on after its restart',
    foundBy: ['script'],
    variant: broken.shamelessPrimary,
    run: (variant) => play(variant, backInTime),
  },
  {
    name: 'requests admitted by the MACs of one party',
    foundBy: ['script'],
    variant: broken.macOnly,
    run: macAttack,
  },
  {
    name: 'one approval too few',
    foundBy: ['script'],
    variant: governance.easyApproval,
    run: (variant) => play(variant, governance.coup, GOVERNED),
  },
  {
    name: 'an epoch that begins before its checkpoint is stable',
    foundBy: ['script'],
    variant: governance.hastyActivation,
    run: (variant) => play(variant, governance.slowCheckpoint, GOVERNED),
  },
  {
    name: 'votes counted of a member that has left',
    foundBy: ['script'],
    variant: governance.longMemory,
    run: (variant) =>
      play(variant, governance.halfWithAGhost, {
        ...GOVERNED,
        adversaries: new Map([[3, governance.clinging]]),
      }),
  },
  {
    name: 'rows of the epoch before counted in the next',
    foundBy: ['script'],
    variant: governance.oldRows,
    run: (variant) => play(variant, governance.stolenKey, GOVERNED_UPRIGHT),
  },
  {
    name: 'requests admitted in the epoch before, and left behind',
    foundBy: ['script'],
    variant: governance.emptyHanded,
    run: (variant) => play(variant, governance.leftBehind, GOVERNED_UPRIGHT),
  },
  {
    name: 'a switch of the service that nobody has announced',
    foundBy: ['script'],
    variant: upgrades.rashSwitch,
    run: (variant) => play(variant, upgrades.switchOfOne, withBinaries([1])),
  },
  {
    name: 'a migration where the command is executed',
    foundBy: ['script'],
    variant: upgrades.hastyMigration,
    run: (variant) => play(variant, upgrades.endWithoutOne, withBinaries([0, 1, 2])),
  },
  {
    name: 'a binary that runs the newest version it can',
    foundBy: ['script'],
    variant: upgrades.ownMinded,
    run: (variant) => {
      const binaries = createBinaries();
      return play(variant, upgrades.replaceAll(binaries), { ...GOVERNED, binaryOf: binaries.of });
    },
  },
  {
    name: 'a primary that nobody suspects',
    foundBy: ['script', 'swarm'],
    variant: broken.patientReplica,
    run: (variant) =>
      play(variant, (cluster) => {
        cluster.world.run(500);
        cluster.world.crash(0);
        eachAdds(cluster, [1, 2, 3], 'to nobody');
        return finishes(cluster);
      }),
  },
  {
    name: 'certificates before votes, as published',
    foundBy: ['script', 'explorer'],
    variant: selectingBy(certificatesFirst),
    preset: 'zyzzyva',
    rule: 'certificates-first',
    run: runA,
  },
  {
    name: 'votes before certificates',
    foundBy: ['script', 'twins', 'explorer'],
    variant: selectingBy(votesFirst),
    preset: 'zyzzyva',
    rule: 'votes-first',
    run: runB,
  },
  {
    name: 'a certificate that gives way to one that covers less',
    foundBy: ['twins', 'explorer'],
    variant: broken.newestCertificate,
    preset: 'zyzzyva',
    rule: 'newest-certificate',
    run: amongTwins('zyzzyva', 40),
  },
];
