/**
 * The kinds of faults that a plan is made of. Each draws one episode of a member, from its begin to its end, if the
 * budget allows it.
 */

import type { Millis, NodeId } from '@concordat/kernel';
import type { World } from '../world.ts';
import { claim, type Draft, FOREVER, plan } from './draft.ts';

export type Episode = (draft: Draft, node: NodeId, from: Millis, to: Millis) => void;

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
    for (const other of world.ids) mendBoth(world, node, other);
  });
};

const cutOneWay: Episode = (draft, node, from, to) => {
  const other = draft.random.pick(draft.members);
  if (other === node || !claim(draft, node, from, to)) return;
  const [source, target] = draft.random.chance(0.5) ? [node, other] : [other, node];
  plan(draft, from, `${source} no longer reaches ${target}`, (world) => world.cut(source, target));
  plan(draft, to, `${source} reaches ${target} again`, (world) => world.mend(source, target));
};

// Slowness is no fault: in an asynchronous network nobody can tell.
const slowLink: Episode = (draft, node, from, to) => {
  const other = draft.random.pick(draft.members);
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
  const other = draft.random.pick(draft.members);
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
export const EPISODES: readonly Episode[] = [
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

const hasStopped = (draft: Draft, node: NodeId, now: Millis): boolean =>
  draft.stopped.has(node) &&
  draft.claims.some(({ node: claimed, from, to }) => claimed === node && from <= now && to === FOREVER);

/** Power fails everywhere: no member keeps more than its disk, and none loses a promise. */
const blackout: Episode = (draft, _node, from, to) => {
  const down = new Set<NodeId>();
  plan(draft, from, 'power fails everywhere', (world) => {
    for (const node of draft.members) {
      if (!world.isUp(node)) continue;
      down.add(node);
      world.crash(node);
    }
  });
  plan(draft, to, 'power is back', (world) => {
    for (const node of down)
      if (!world.isUp(node) && !hasStopped(draft, node, world.now)) world.restart(node);
    down.clear();
  });
};

/** The network falls in two, wherever the line runs. */
const split: Episode = (draft, _node, from, to) => {
  const side = draft.members.filter(() => draft.random.chance(0.5));
  const others = draft.members.filter((node) => !side.includes(node));
  plan(draft, from, `${side.join(',')} and ${others.join(',')} are cut apart`, (world) => {
    for (const a of side) for (const b of others) cutBoth(world, a, b);
  });
  plan(draft, to, `${side.join(',')} and ${others.join(',')} are joined`, (world) => {
    for (const a of side) for (const b of others) mendBoth(world, a, b);
  });
};

function cutBoth(world: World, a: NodeId, b: NodeId): void {
  world.cut(a, b);
  world.cut(b, a);
}

function mendBoth(world: World, a: NodeId, b: NodeId): void {
  world.mend(a, b);
  world.mend(b, a);
}

/** Omissions of any number of members: safety holds through them, and liveness after them. */
export const OUTAGES: readonly Episode[] = [blackout, split];
