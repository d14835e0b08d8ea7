/**
 * The changes of a history with what is known of each. An answered write has its zxid. An unanswered one may have
 * happened: if some read saw its value, it did, and the Stat that the read saw gives its place.
 */

import type { Millis } from '@concordat/kernel';
import type { Change, SeenNode, Stat, ZnodeOperation } from './znode-history.ts';

/** A rule of the service that the history breaks, in words, with the indices of the operations that show it. */
export interface Problem {
  readonly rule: string;
  readonly explanation: string;
  readonly operations: readonly number[];
}

export const problem = (rule: string, explanation: string, ...operations: number[]): Problem => ({
  rule,
  explanation,
  operations,
});

/** One change of a write. */
export interface Write {
  /** Index of the operation in the history, and of the change in it. */
  readonly operation: number;
  readonly order: number;
  readonly change: Change;
  readonly invokedAt: Millis;
  /** Infinity if unanswered. */
  readonly answeredAt: Millis;
  /** Null while nobody has seen that it happened. */
  zxid: number | null;
  /** What the service says the node was after it. */
  stat: Stat | null;
}

export interface Writes {
  /** Changes known to have happened, in order of zxid. */
  readonly known: readonly Write[];
  /** Changes of which nobody knows whether they happened. */
  readonly unseen: readonly Write[];
  /** The known change that wrote a value to a path. */
  find(path: string, value: string): Write | undefined;
}

const keyOf = (path: string, value: string): string => `${path}\0${value}`;

function writesOf(operation: ZnodeOperation, index: number): Write[] {
  const { input, invokedAt, outcome } = operation;
  if (input.kind !== 'write' || outcome?.output.kind === 'refused') return [];
  const written = outcome?.output.kind === 'written' ? outcome.output : null;
  return input.changes.map((change, order) => ({
    operation: index,
    order,
    change,
    invokedAt,
    answeredAt: outcome?.at ?? Number.POSITIVE_INFINITY,
    zxid: written?.zxid ?? null,
    stat: written?.stats[order] ?? null,
  }));
}

/** Gives an unanswered write, with all its changes, the place that a read saw. */
function identify(write: Write, siblings: readonly Write[], { stat }: SeenNode): void {
  if (write.zxid !== null) return;
  write.stat = stat;
  for (const sibling of siblings) sibling.zxid = stat.mzxid;
}

function indexByValue(writes: readonly Write[]): Map<string, Write> | Problem {
  const byValue = new Map<string, Write>();
  for (const write of writes) {
    const { change } = write;
    if (change.kind === 'delete') continue;
    const key = keyOf(change.path, change.value);
    const other = byValue.get(key);
    if (other !== undefined) {
      return problem(
        'unclear',
        `${change.value} is written twice to ${change.path}`,
        other.operation,
        write.operation,
      );
    }
    byValue.set(key, write);
  }
  return byValue;
}

/** Collects the changes of a history; a problem if a read saw a value that no write can have left. */
export function collectWrites(history: readonly ZnodeOperation[]): Writes | Problem {
  const perOperation = history.map(writesOf);
  const all = perOperation.flat();
  const byValue = indexByValue(all);
  if (!(byValue instanceof Map)) return byValue;
  for (const [index, { input, outcome }] of history.entries()) {
    if (input.kind !== 'read' || outcome?.output.kind !== 'seen' || outcome.output.node === null) continue;
    const { node } = outcome.output;
    const write = byValue.get(keyOf(input.path, node.value));
    if (write === undefined) {
      return problem(
        'from-nowhere',
        `nobody wrote ${node.value} to ${input.path}, or the write was refused`,
        index,
      );
    }
    identify(write, perOperation[write.operation]!, node);
  }
  return {
    known: all.filter(({ zxid }) => zxid !== null).sort((a, b) => a.zxid! - b.zxid! || a.order - b.order),
    unseen: all.filter(({ zxid }) => zxid === null),
    find: (path, value) => byValue.get(keyOf(path, value)),
  };
}
