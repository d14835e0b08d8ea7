/**
 * The end of nodes that end by themselves. As ZooKeeper's container manager, a sweep removes once a minute, or as often as the
 * federation says, what has had its time, each node as a transaction of its own; here it is part of the ordered batches, so everybody removes the same nodes
 * under the same zxids. After an outage - no batch for longer than the shortest session timeout, more than a lying primary
 * can pretend - the time until the next begins anew, as with each new leader of ZooKeeper: clients that keep TTL nodes alive have time
 * to come back.
 */

import { type Emit, type Keeper, nextZxid } from './keeper.ts';
import { firstEnded } from './tree/lifetimes.ts';
import { dropNode, type Transaction } from './tree/operations.ts';

/** Nodes that one batch may remove, about a millisecond's work. An idle log so removes 12,000 a minute; ZooKeeper 10,000. */
const MAX_REMOVALS = 100;

/** Begins or continues a sweep if it is time; what is left at the end of a batch is the next one's. */
export function sweep(keeper: Keeper, emit: Emit): void {
  const { time, sweptAt } = keeper.meta.get();
  if (time - sweptAt < keeper.config.sweepMs) return;
  for (let removals = 0; removals < MAX_REMOVALS; removals++) {
    const path = firstEnded(keeper.tree.lifetimes, time);
    if (path === undefined) return keeper.meta.set({ ...keeper.meta.get(), sweptAt: time });
    const tx: Pick<Transaction, 'zxid' | 'changes'> = { zxid: nextZxid(keeper), changes: [] };
    dropNode(keeper.tree, tx, path);
    for (const change of tx.changes) emit(change);
  }
}
