/**
 * The parts of the keeper's ordered state and what every kind of transaction does to them: counting itself, and ending
 * sessions together with their ephemeral nodes.
 */

import type { Signatures } from '@concordat/crypto';
import type { Federation } from '@concordat/kernel';
import type { StateCell } from '@concordat/state';
import type { KeeperEvent } from './events.ts';
import type { SessionId } from './sessions/session-id.ts';
import { removeSession, type Sessions } from './sessions/sessions.ts';
import { dropNode, type Transaction } from './tree/operations.ts';
import { ephemeralsOf, type Tree } from './tree/tree.ts';

/** The same at every replica: part of what the members agree on at the start. */
export interface KeeperConfig {
  /** Names of the organisations, by domain. */
  readonly names: readonly string[];
  /** Time between batches of an idle log. */
  readonly heartbeatMs: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  /** Between two looks for nodes that have ended, see `sweep.ts`. */
  readonly sweepMs: number;
  /** Sessions that one domain may have open. */
  readonly maxSessions: number;
  /** What clients find at /zookeeper/config in the beginning. */
  readonly membership: string;
  /** And under a later configuration. */
  membershipIn(federation: Federation): string;
}

/** What a domain is called; one that joined later has a name that no organisation can choose. */
export const domainName = ({ names }: KeeperConfig, domain: number): string => names[domain] ?? `#${domain}`;

/** ZooKeeper's bounds for a tick of two seconds; a sweep is longer than any session, so that clients find their gateways first. */
export const KEEPER_DEFAULTS: Omit<KeeperConfig, 'names'> = {
  heartbeatMs: 500,
  minTimeoutMs: 4_000,
  maxTimeoutMs: 40_000,
  sweepMs: 60_000,
  maxSessions: 100_000,
  membership: '',
  membershipIn: () => '',
};

/** What counts on: transactions and sessions so far, and the clocks. */
export interface Meta {
  readonly zxid: number;
  readonly sessions: number;
  /** Ordered time, whole milliseconds. */
  readonly time: number;
  /** The lease clock: ordered time without the outages. */
  readonly lease: number;
  /** Ordered time of the last sweep, see `sweep.ts`. */
  readonly sweptAt: number;
}

/** The parts of the service, for those who read them locally. */
export interface Keeper {
  readonly config: KeeperConfig;
  readonly signatures: Signatures;
  readonly tree: Tree;
  readonly sessions: Sessions;
  readonly meta: StateCell<Meta>;
}

export type Emit = (event: KeeperEvent) => void;

/** Counts a transaction and returns its zxid. */
export function nextZxid(keeper: Keeper): number {
  const { zxid, sessions, time, lease, sweptAt } = keeper.meta.get();
  keeper.meta.set({ zxid: zxid + 1, sessions, time, lease, sweptAt });
  return zxid + 1;
}

/** Closes a session, as one transaction with the end of its ephemeral nodes. Returns the zxid. */
export function endSession(keeper: Keeper, session: SessionId, expired: boolean, emit: Emit): number {
  const zxid = nextZxid(keeper);
  const tx: Pick<Transaction, 'zxid' | 'changes'> = { zxid, changes: [] };
  for (const path of ephemeralsOf(keeper.tree, session)) dropNode(keeper.tree, tx, path);
  removeSession(keeper.sessions, session);
  for (const change of tx.changes) emit(change);
  emit({ type: 'session-closed', zxid, session, expired });
  return zxid;
}
