/**
 * A random schedule of faults that stays within a budget, as UpRight counts it (Clement et al., SOSP 2009): at most u
 * members are faulty at any time, in whatever way, and at most r of them ever do something that no correct member
 * does. Lost promises are never given back (DESIGN section 9, rule 2): a wiped member counts against u for the rest
 * of the run, one whose disk lied without its knowledge against r as well.
 */

import type { Millis, NodeId, Prng } from '@concordat/kernel';
import type { World } from '../world.ts';

export interface FaultBudget {
  /** Members that may be faulty at a time. */
  readonly u: number;
  /** Of these, members that may lie. */
  readonly r: number;
}

export interface FaultAction {
  readonly at: Millis;
  /** What happens to whom, for people. */
  readonly text: string;
  act(world: World): void;
}

export interface FaultPlan {
  /** Members that are adversaries from the start, and which strategy each follows. */
  readonly byzantine: ReadonlyMap<NodeId, string>;
  /** Members that stay down when all else heals. */
  readonly stopped: ReadonlySet<NodeId>;
  /** In order of time. */
  readonly actions: readonly FaultAction[];
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
}

/** A span in which a member is faulty. */
interface Claim {
  readonly node: NodeId;
  readonly from: Millis;
  readonly to: Millis;
}

/** A plan in the making. */
interface Draft {
  readonly random: Prng;
  readonly options: FaultPlanOptions;
  readonly byzantine: Map<NodeId, string>;
  readonly stopped: Set<NodeId>;
  readonly claims: Claim[];
  readonly actions: FaultAction[];
  /** How many more members may lie. */
  liars: number;
}

/** One kind of episode: a member, and when it begins and ends. */
type Episode = (draft: Draft, node: NodeId, from: Millis, to: Millis) => void;

/**
 * Claims the member for the span if that stays within u; conservative in that it counts all who overlap. A member
 * has one fault at a time, so that the end of one does not undo another.
 */
function claim(draft: Draft, node: NodeId, from: Millis, to: Millis): boolean {
  const overlapping = draft.claims.filter((other) => other.from < to && from < other.to);
  const faulty = new Set(overlapping.map((other) => other.node));
  if (faulty.has(node) || faulty.size >= draft.options.budget.u) return false;
  draft.claims.push({ node, from, to });
  return true;
}

const FOREVER = Number.POSITIVE_INFINITY;

function plan(draft: Draft, at: Millis, text: string, act: (world: World) => void): void {
  draft.actions.push({ at, text, act });
}

/** Starts a member whatever became of it: one that was to crash in a turn may never have had one. */
function startAnew(world: World, node: NodeId): void {
  world.crash(node);
  world.resetDisk(node);
  world.restart(node);
}

const crash: Episode = (draft, node, from, to) => {
  if (!claim(draft, node, from, to)) return;
  const isInTurn = draft.random.chance(0.5);
  const tornChance = draft.random.chance(0.5) ? 1 : 0;
  plan(
    draft,
    from,
    `${node} crashes${isInTurn ? ' in a turn' : ''}${tornChance ? ', torn' : ''}`,
    (world) => {
      world.setDisk(node, { tornChance });
      if (isInTurn) world.crashDuringTurn(node);
      else world.crash(node);
    },
  );
  plan(draft, to, `${node} restarts`, (world) => startAnew(world, node));
};

const stop: Episode = (draft, node, from) => {
  if (!claim(draft, node, from, FOREVER)) return;
  draft.stopped.add(node);
  plan(draft, from, `${node} stops for good`, (world) => world.crash(node));
};

const isolate: Episode = (draft, node, from, to) => {
  if (!claim(draft, node, from, to)) return;
  plan(draft, from, `${node} is cut off`, (world) => world.partition([[node]]));
  plan(draft, to, `${node} is back`, (world) => {
    for (const other of world.ids) {
      world.mend(node, other);
      world.mend(other, node);
    }
  });
};

const cutOneWay: Episode = (draft, node, from, to) => {
  const other = draft.random.pick(draft.options.members);
  if (other === node || !claim(draft, node, from, to)) return;
  const [source, target] = draft.random.chance(0.5) ? [node, other] : [other, node];
  plan(draft, from, `${source} no longer reaches ${target}`, (world) => world.cut(source, target));
  plan(draft, to, `${source} reaches ${target} again`, (world) => world.mend(source, target));
};

// Slowness is no fault: in an asynchronous network nobody can tell.
const slowLink: Episode = (draft, node, from, to) => {
  const other = draft.random.pick(draft.options.members);
  if (other === node) return;
  const latencyMs = 5 + draft.random.below(300);
  plan(draft, from, `${node} to ${other} takes ${latencyMs} ms`, (world) =>
    world.setLink(node, other, { latencyMs, jitterMs: latencyMs }),
  );
  plan(draft, to, `${node} to ${other} is fast again`, (world) => world.resetLink(node, other));
};

const slowDisk: Episode = (draft, node, from, to) => {
  const syncMs = 5 + draft.random.below(200);
  plan(draft, from, `the disk of ${node} takes ${syncMs} ms`, (world) =>
    world.setDisk(node, { syncMs, stallChance: 0.05 }),
  );
  plan(draft, to, `the disk of ${node} is fast again`, (world) => world.resetDisk(node));
};

const breakLink: Episode = (draft, node, from) => {
  const other = draft.random.pick(draft.options.members);
  if (other === node) return;
  plan(draft, from, `the link of ${node} and ${other} breaks`, (world) => world.breakLink(node, other));
};

const jumpClock: Episode = (draft, node, from, to) => {
  const byMs = draft.random.below(4000) - 2000;
  // After a jump ahead is taken back, the clock stands still for as long.
  if (!claim(draft, node, from, to + Math.abs(byMs))) return;
  plan(draft, from, `the clock of ${node} jumps by ${byMs} ms`, (world) => world.jumpClock(node, byMs));
  plan(draft, to, `the clock of ${node} jumps back`, (world) => world.jumpClock(node, -byMs));
};

const loseJournal: Episode = (draft, node, from, to) => {
  if (!claim(draft, node, from, FOREVER)) return;
  const isWipe = draft.random.chance(0.5);
  plan(draft, from, `${node} ${isWipe ? 'loses its journal' : 'finds its journal damaged'}`, (world) =>
    isWipe ? world.wipe(node) : world.corrupt(node),
  );
  plan(draft, to, `${node} restarts, and knows`, (world) => startAnew(world, node));
};

const lieAboutSyncs: Episode = (draft, node, from, to) => {
  if (draft.liars === 0 || !claim(draft, node, from, FOREVER)) return;
  draft.liars--;
  const middle = (from + to) / 2;
  plan(draft, from, `the disk of ${node} begins to lie`, (world) =>
    world.setDisk(node, { lostSyncChance: 0.5 }),
  );
  plan(draft, middle, `${node} crashes`, (world) => world.crash(node));
  plan(draft, to, `${node} restarts, and does not know`, (world) => startAnew(world, node));
};

/** Frequent kinds are listed more than once. */
const EPISODES: readonly Episode[] = [
  crash,
  crash,
  crash,
  isolate,
  isolate,
  cutOneWay,
  slowLink,
  slowLink,
  slowDisk,
  breakLink,
  jumpClock,
  stop,
  loseJournal,
  lieAboutSyncs,
];

function chooseAdversaries(draft: Draft): void {
  const { strategies = [], members } = draft.options;
  if (strategies.length === 0 || draft.liars === 0) return;
  const count = draft.random.below(draft.liars + 1);
  for (let i = 0; i < count; i++) {
    const node = draft.random.pick(members);
    if (draft.byzantine.has(node) || !claim(draft, node, 0, FOREVER)) continue;
    draft.byzantine.set(node, draft.random.pick(strategies));
    draft.liars--;
  }
}

/** Draws a plan. The same dice give the same plan. */
export function randomFaults(random: Prng, options: FaultPlanOptions): FaultPlan {
  const { budget, members, horizonMs, perSecond = 2 } = options;
  const draft: Draft = {
    random,
    options,
    byzantine: new Map(),
    stopped: new Set(),
    claims: [],
    actions: [],
    liars: Math.min(budget.u, budget.r),
  };
  chooseAdversaries(draft);
  const honest = members.filter((id) => !draft.byzantine.has(id));
  const count = honest.length === 0 ? 0 : random.below(1 + Math.ceil((perSecond * horizonMs) / 1000));
  for (let i = 0; i < count; i++) {
    const from = random.unit() * horizonMs * 0.9;
    const to = from + random.unit() * Math.min(5000, horizonMs - from);
    const episode = random.pick(EPISODES);
    episode(draft, random.pick(honest), from, to);
  }
  const { byzantine, stopped, actions } = draft;
  return { byzantine, stopped, actions: actions.sort((a, b) => a.at - b.at) };
}

/** Puts a plan's actions into a world's future. What is stopped for good stays so. */
export function scheduleFaults(world: World, faults: FaultPlan): void {
  for (const { at, act } of faults.actions) world.schedule(Math.max(0, at - world.now), () => act(world));
}

/** Ends every fault that ends: links, disks, and members that are down though not for good. */
export function healAll(world: World, faults: FaultPlan): void {
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
  ...faults.actions.map(({ at, text }) => `t=${at.toFixed(0)} ${text}`),
];
