/**
 * A first state, moved on by what a log says of later transactions (`stretch.ts`): at each of them it is what a backup made
 * there would be, byte for byte.
 */

import type { Flaw } from '../migration/flaw.ts';
import { type Migrated, migratedFrom } from '../migration/genesis.ts';
import type { KeeperGenesis } from '../migration/state-file.ts';
import type { Znode } from '../tree/znode.ts';
import type { Change, Transaction } from './stretch.ts';

export interface Follower {
  /** Of the last transaction in it. */
  readonly zxid: number;
  /** Takes the next transaction; says why it cannot be of this tree, or null. */
  follow(transaction: Transaction): Flaw | null;
  /** What it is now, with the use below quotas counted anew. Data are not copied. */
  state(): Migrated;
}

export function createFollower(first: KeeperGenesis): Follower {
  const nodes = new Map<string, Znode>(first.nodes);
  let { zxid } = first;
  return {
    get zxid() {
      return zxid;
    },
    follow: (transaction) => {
      if (transaction.zxid !== zxid + 1)
        return { flaw: `after ${hex(zxid)} comes ${hex(transaction.zxid)}`, offset: 0 };
      const wrong = transaction.changes.find((change) => !apply(nodes, change));
      if (wrong !== undefined)
        return { flaw: `${hex(transaction.zxid)} changes ${wrong.path}, which is not there`, offset: 0 };
      zxid = transaction.zxid;
      return null;
    },
    state: () => {
      const sorted = [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));
      return migratedFrom(sorted, zxid, { ephemerals: 0, sessions: 0 });
    },
  };
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

/** False if it is about a node that is not there. */
function apply(nodes: Map<string, Znode>, change: Change): boolean {
  if (change.kind === 'gone') return nodes.delete(change.path);
  if (change.kind === 'node') {
    nodes.set(change.path, change.node);
    return true;
  }
  const present = nodes.get(change.path);
  if (present === undefined) return false;
  nodes.set(change.path, { ...present, ...change.node });
  return true;
}
