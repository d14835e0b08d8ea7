/**
 * Histories of a ZooKeeper-like service, as its clients see them: writes (of one change, or several at once), reads
 * of one node, and syncs, with the Stat and zxid of each answer. What a service says of itself here are claims: the
 * checker compares them with the values.
 *
 * A session's operations stand in the history in the order in which the session submitted them. Every value is
 * written at most once to a path, so that a value names its write.
 */

import type { Operation } from './history.ts';

export interface Stat {
  /** zxid of the creation of the node, and of its latest change. */
  readonly czxid: number;
  readonly mzxid: number;
  /** 0 at creation, one more with each set. */
  readonly version: number;
}

export type Change =
  | { readonly kind: 'create'; readonly path: string; readonly value: string }
  | { readonly kind: 'set'; readonly path: string; readonly value: string; readonly expected: number | null }
  | { readonly kind: 'delete'; readonly path: string; readonly expected: number | null };

export type ZnodeInput =
  | { readonly kind: 'write'; readonly changes: readonly Change[] }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'sync' };

export interface SeenNode {
  readonly value: string;
  readonly stat: Stat;
}

export type Refusal = 'node-exists' | 'no-node' | 'bad-version' | 'other';

export type ZnodeOutput =
  /** All changes took effect at `zxid`; a `set` has its Stat, others may. */
  | { readonly kind: 'written'; readonly zxid: number; readonly stats: readonly (Stat | null)[] }
  /** None did, because of the change at this index. */
  | { readonly kind: 'refused'; readonly zxid: number; readonly code: Refusal; readonly change: number }
  /** What a read saw, and the zxid at which the service says it saw it. */
  | { readonly kind: 'seen'; readonly zxid: number | null; readonly node: SeenNode | null }
  | { readonly kind: 'synced'; readonly zxid: number | null };

export type ZnodeOperation = Operation<ZnodeInput, ZnodeOutput>;

function describeChange(change: Change): string {
  if (change.kind === 'create') return `create ${change.path} ${change.value}`;
  const expected = change.expected === null ? '' : ` at version ${change.expected}`;
  return change.kind === 'set'
    ? `set ${change.path} ${change.value}${expected}`
    : `delete ${change.path}${expected}`;
}

function describeOutput(output: ZnodeOutput | undefined): string {
  if (output === undefined) return 'unanswered';
  const at = output.zxid === null ? '' : ` (zxid ${output.zxid})`;
  if (output.kind === 'refused') return `refused: ${output.code}${at}`;
  if (output.kind !== 'seen') return `${output.kind}${at}`;
  if (output.node === null) return `saw no node${at}`;
  const { value, stat } = output.node;
  return `saw ${value}, version ${stat.version}, mzxid ${stat.mzxid}${at}`;
}

/** One operation as a line of text. */
export function describeOperation({ session, invokedAt, input, outcome }: ZnodeOperation): string {
  const what = input.kind === 'write' ? input.changes.map(describeChange).join(' + ') : input.kind;
  const path = input.kind === 'read' ? ` ${input.path}` : '';
  const span = `${invokedAt} to ${outcome?.at ?? '?'}`;
  return `session ${session}, ${span}: ${what}${path} -> ${describeOutput(outcome?.output)}`;
}
