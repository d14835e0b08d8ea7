/**
 * One scenario of Twins, played by the real code of an order protocol in a simulated world: in each round links follow the
 * partition, every copy of every member gives up its view for one that the round's leader leads, and operations are
 * submitted everywhere. Nobody's patience runs out meanwhile: views change when the scenario says so. At the end all links
 * are mended and a correct member leads, so that logs which differ meet.
 * Judged are safety, invariants of correct members, and evidence, which may convict the twins only.
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import { orderedLog } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { resumeChange } from '../../replica/view-change.ts';
import type { Variant } from '../broken.ts';
import { type Cluster, createCluster } from '../cluster.ts';
import { addOperation } from '../ledger.ts';
import { accusedBy, objectionOf } from '../storm.ts';
import { MEMBERS, PLACES, partitionsOf, type Round, type Scenario, TWIN } from './scenario.ts';

export interface TwinsOutcome {
  /** The judge that objects, and why; null if the run was right. */
  readonly problem: string | null;
  /** Operations of correct members that were exposed to them. */
  readonly completed: number;
}

const FAULTS = { u: 1, r: 1 };
const NETWORK = { latencyMs: 0.5, jitterMs: 0.3, detectMs: 2, reconnectMs: 1 };
/** Until links are mended and ends know. */
const RELINK_MS = 4;
/** For a view change, agreement, and what is missed and fetched. */
const ROUND_MS = 90;
const NEVER_MS = 1e9;

export function runScenario(scenario: Scenario, seed: number, variant?: Variant): TwinsOutcome {
  const settings = {
    checkpointInterval: 8,
    window: 16,
    heartbeatMs: NEVER_MS / 2,
    viewTimeoutMs: NEVER_MS,
    brokenLinkTimeoutMs: NEVER_MS,
  };
  const cluster = createCluster({
    seed,
    faults: FAULTS,
    network: NETWORK,
    isEncoded: false,
    twin: TWIN,
    settings,
    ...(variant && { variant }),
  });
  const problem = objectionOf(cluster, () => {
    for (const [number, round] of scenario.entries()) playRound(cluster, round, `round ${number}`);
    playRound(cluster, { leader: TWIN + 1, away: 0 }, 'the end');
    return null;
  });
  return {
    problem:
      problem ??
      accusedBy(
        cluster,
        seed,
        new Map([
          [TWIN, null],
          [PLACES, null],
        ]),
      ).problem,
    completed: cluster.completed(),
  };
}

function playRound(cluster: Cluster, round: Round, name: string): void {
  const { world } = cluster;
  relink(cluster, round);
  world.run(RELINK_MS);
  const view = nextViewOf(cluster, round.leader);
  for (const replica of cluster.replicas) cluster.call(replica, (s, env) => changeTo(s, env, view));
  for (let member = 0; member < MEMBERS; member++) cluster.add(member, `${name} at ${member}`, 1);
  const [second] = cluster.replicas.slice(MEMBERS);
  if (second !== undefined)
    cluster.call(second, (s, env) => void orderedLog.submit(s, env, addOperation(`${name} at its twin`, 1)));
  world.run(ROUND_MS);
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
