/**
 * A random schedule of faults that stays within a budget, as UpRight counts it (Clement et al., SOSP 2009): at most u
 * members are faulty at any time, in whatever way, and at most r of them ever do something that no correct member
 * does. Lost promises are never given back (DESIGN section 9, rule 2): a wiped member counts against u for the rest
 * of the run, one whose disk lied without its knowledge against r as well.
 */

import type { Millis, NodeId, Prng } from '@concordat/kernel';
import type { World } from '../world.ts';
import { claim, type Draft, type FaultAction, FOREVER } from './draft.ts';
import { EPISODES, OUTAGES } from './episodes.ts';

export interface FaultBudget {
  /** Members that may be faulty at a time. */
  readonly u: number;
  /** Of these, members that may lie. */
  readonly r: number;
  /**
   * Adds moments in which any number of members are down or cut apart, but forget nothing: safety must hold, and
   * liveness return. Default false.
   */
  readonly hasOutages?: boolean;
}

export interface FaultPlan {
  /** Members that are adversaries from the start, and which strategy each follows. */
  readonly byzantine: ReadonlyMap<NodeId, string>;
  /** Members that stay down when all else heals. */
  readonly stopped: ReadonlySet<NodeId>;
  /** In order of time. */
  readonly actions: readonly FaultAction[];
  /** Episodes are numbered from 0 up to here. */
  readonly episodes: number;
}

export interface FaultPlanOptions {
  readonly budget: FaultBudget;
  readonly members: readonly NodeId[];
  /** All transient faults end before this. */
  readonly horizonMs: Millis;
  /** Names of the strategies that the system offers. None: no adversaries. */
  readonly strategies?: readonly string[];
  /** Episodes per simulated second, at most. Default 2. */
  readonly perSecond?: number;
  /** Episodes to leave out, once all are drawn. */
  readonly skip?: ReadonlySet<number>;
}

function chooseAdversaries(draft: Draft, strategies: readonly string[]): void {
  if (strategies.length === 0 || draft.liars === 0) return;
  const count = draft.random.below(draft.liars + 1);
  for (let i = 0; i < count; i++) {
    const node = draft.random.pick(draft.members);
    if (draft.byzantine.has(node) || !claim(draft, node, 0, FOREVER)) continue;
    draft.byzantine.set(node, { strategy: draft.random.pick(strategies), episode: draft.episode++ });
    draft.liars--;
  }
}

function drawEpisodes(draft: Draft, { budget, horizonMs, perSecond = 2 }: FaultPlanOptions): void {
  const { random } = draft;
  const honest = draft.members.filter((id) => !draft.byzantine.has(id));
  const kinds = budget.hasOutages === true ? [...EPISODES, ...OUTAGES] : EPISODES;
  const count = honest.length === 0 ? 0 : random.below(1 + Math.ceil((perSecond * horizonMs) / 1000));
  for (let i = 0; i < count; i++) {
    const from = random.unit() * horizonMs * 0.9;
    const to = from + random.unit() * Math.min(5000, horizonMs - from);
    const episode = random.pick(kinds);
    episode(draft, random.pick(honest), from, to);
    draft.episode++;
  }
}

/** Draws a plan. The same dice give the same plan. */
export function randomFaults(random: Prng, options: FaultPlanOptions): FaultPlan {
  const { budget, members, strategies = [], skip = new Set() } = options;
  const draft: Draft = {
    random,
    u: budget.u,
    liars: Math.min(budget.u, budget.r),
    members,
    byzantine: new Map(),
    stopped: new Set(),
    claims: [],
    actions: [],
    episode: 0,
  };
  chooseAdversaries(draft, strategies);
  drawEpisodes(draft, options);
  const adversaries = [...draft.byzantine].filter(([, { episode }]) => !skip.has(episode));
  return {
    byzantine: new Map(adversaries.map(([node, { strategy }]) => [node, strategy])),
    stopped: draft.stopped,
    actions: draft.actions.filter(({ episode }) => !skip.has(episode)).sort((a, b) => a.at - b.at),
    episodes: draft.episode,
  };
}

/** Puts a plan's actions into a world's future. What is stopped for good stays so. */
export function scheduleFaults(world: World, faults: FaultPlan): void {
  for (const { at, act } of faults.actions) world.schedule(Math.max(0, at - world.now), () => act(world));
}

/** Ends every fault that ends: links, disks, and members that are down though not for good. */
export function healAll(world: World, faults: Pick<FaultPlan, 'stopped'>): void {
  world.heal();
  for (const id of world.ids) {
    for (const other of world.ids) if (other !== id) world.resetLink(id, other);
    world.resetDisk(id);
    if (!world.isUp(id) && !faults.stopped.has(id)) world.restart(id);
  }
}

/** The plan as text: one line for each adversary and action. */
export const describeFaults = (faults: FaultPlan): string[] => [
  ...[...faults.byzantine].map(([node, strategy]) => `${node} is an adversary: ${strategy}`),
  ...faults.actions.map(({ at, text, episode }) => `t=${at.toFixed(0)} ${text} [${episode}]`),
];
