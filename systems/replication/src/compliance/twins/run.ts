/**
 * One scenario of Twins, played by the real code of an order protocol in a simulated world: in each round links follow the
 * partition, every copy of every member gives up its view for one that the round's leader leads, and operations are
 * submitted everywhere. Nobody's patience runs out meanwhile: views change when the scenario says so. At the end all links
 * are mended and a correct member leads, so that logs which differ meet.
 * Judged are safety, invariants of correct members, and evidence, which may convict the twins only.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { type PresetName, presets } from '../../presets/index.ts';
import type { Message } from '../../replica/messages.ts';
import { orderedLog } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { resumeChange } from '../../replica/view-change.ts';
import type { Variant } from '../broken.ts';
import { type Cluster, createCluster } from '../cluster.ts';
import { addOperation } from '../ledger.ts';
import { accusedBy, objectionOf } from '../storm.ts';
import {
  describeScenario,
  MEMBERS,
  type Numbered,
  partitionsOf,
  type Round,
  type Scenario,
  scenariosFrom,
  TWIN,
} from './scenario.ts';

/** What is tried: the order protocol and the rest of a composition, whole or broken. */
export interface TwinsSubject {
  readonly preset: TwinsPreset;
  readonly variant?: Variant | undefined;
  /** How long a round is. Default: long enough for everything that its partition allows. */
  readonly roundMs?: number;
}

/** Compositions of four members, one of which may lie. */
export const TWINS_PRESETS = ['concordat', 'pbft', 'zyzzyva'] as const satisfies readonly PresetName[];
export type TwinsPreset = (typeof TWINS_PRESETS)[number];

export interface TwinsOutcome {
  /** The judge that objects, and why; null if the run was right. */
  readonly problem: string | null;
  /** Operations of correct members that were exposed to them. */
  readonly completed: number;
}

/** Of delays: what happens at the same time has some order, always the same. */
const SEED = 1;
const FAULTS = { u: 1, r: 1 };
const NETWORK = { latencyMs: 0.5, jitterMs: 0.3, detectMs: 2, reconnectMs: 1 };
/** Until links are mended and ends know. */
const RELINK_MS = 4;
/** For a view change, agreement, and what is missed and fetched. */
export const WHOLE_ROUND_MS = 90;
/** With less, rounds end in the middle of something. */
export const HASTY_ROUND_MS = 10;
const NEVER_MS = 1e9;

/** Views change when the scenario says so; checkpoints are close enough to happen. */
const SETTINGS = {
  checkpointInterval: 8,
  window: 16,
  heartbeatMs: NEVER_MS / 2,
  viewTimeoutMs: NEVER_MS,
  brokenLinkTimeoutMs: NEVER_MS,
};

export function runScenario(scenario: Scenario, subject: TwinsSubject): TwinsOutcome {
  const { variant, roundMs = WHOLE_ROUND_MS } = subject;
  const cluster = createCluster({
    seed: SEED,
    faults: FAULTS,
    network: NETWORK,
    isEncoded: false,
    twin: TWIN,
    settings: { ...presets[subject.preset].settings, ...SETTINGS },
    ...(variant && { variant }),
  });
  const problem = objectionOf(cluster, () => {
    for (const [number, round] of scenario.entries()) playRound(cluster, round, `round ${number}`, roundMs);
    playRound(cluster, { leader: TWIN + 1, away: 0 }, 'the end', WHOLE_ROUND_MS);
    return null;
  });
  const liars = new Map([TWIN, ...copiesOf(cluster)].map((node) => [node, null]));
  return {
    problem: problem ?? accusedBy(cluster, SEED, liars).problem,
    completed: cluster.completed(),
  };
}

/** The nodes of second copies. */
const copiesOf = ({ replicas }: Cluster): readonly NodeId[] => replicas.slice(MEMBERS);

export interface TwinsSample {
  readonly rounds: number;
  /** Where to begin in the order of trial. */
  readonly from: number;
  /** How many scenarios to play, at most. */
  readonly count: number;
}

/** What came of one scenario of a sample. */
export interface Played extends Numbered, TwinsOutcome {}

/** Plays scenarios, one of each kind, in the order of trial. */
export function* playSample(subject: TwinsSubject, { rounds, from, count }: TwinsSample): Iterable<Played> {
  let played = 0;
  for (const numbered of scenariosFrom(from, rounds)) {
    if (played++ >= count) return;
    yield { ...numbered, ...runScenario(numbered.scenario, subject) };
  }
}

/** The first problem of a sample, with the scenario that has it; null if there is none. */
export function firstProblem(subject: TwinsSubject, sample: TwinsSample): string | null {
  for (const { scenario, problem } of playSample(subject, sample))
    if (problem !== null) return `${describeScenario(scenario)}: ${problem}`;
  return null;
}

function playRound(cluster: Cluster, round: Round, name: string, forMs: number): void {
  const { world } = cluster;
  relink(cluster, round);
  world.run(RELINK_MS);
  const view = nextViewOf(cluster, round.leader);
  for (const replica of cluster.replicas) cluster.call(replica, (s, env) => changeTo(s, env, view));
  for (let member = 0; member < MEMBERS; member++) cluster.add(member, `${name} at ${member}`, 1);
  for (const copy of copiesOf(cluster))
    cluster.call(copy, (s, env) => void orderedLog.submit(s, env, addOperation(`${name} at its twin`, 1)));
  world.run(forMs);
}

/** Replicas on different sides do not hear each other. */
function relink({ world, replicas }: Cluster, round: Round): void {
  const sideOf = new Map<NodeId, number>();
  for (const [side, places] of partitionsOf(round).entries())
    for (const place of places) sideOf.set(replicas[place] ?? 0, side);
  for (const a of replicas)
    for (const b of replicas) {
      if (a === b) continue;
      if (sideOf.get(a) === sideOf.get(b)) world.mend(a, b);
      else world.cut(a, b);
    }
}

/** The first view that nobody has asked for and that `leader` leads. */
function nextViewOf({ world, replicas }: Cluster, leader: NodeId): number {
  const asked = replicas.filter(world.isUp).map((replica) => {
    const { view, changingTo } = world.stateOf<ReplicaState>(replica);
    return Math.max(view, changingTo ?? 0);
  });
  let view = Math.max(...asked) + 1;
  while (view % MEMBERS !== leader) view++;
  return view;
}

/** As if patience had run out as often as it takes. */
function changeTo(s: ReplicaState, env: Env<Message>, view: number): void {
  s.changingTo = view;
  resumeChange(s, env);
}
