/**
 * Several operations as one transaction: all of them happen under one zxid, or none does. Results are ZooKeeper's: if
 * one fails, those before it carry Ok, it carries its error and those after it RuntimeInconsistency, all as errors.
 */

import { unreachable } from '@concordat/kernel';
import { ErrorCode, isTtlMode, OpCode } from '../jute/protocol.ts';
import type { MultiOperation } from '../jute/requests.ts';
import {
  checkNode,
  createNode,
  deleteNode,
  failure,
  type OpResult,
  setNodeData,
  type Transaction,
} from './operations.ts';
import { beginAttempt, endAttempt, type Tree } from './tree.ts';

function apply(tree: Tree, tx: Transaction, operation: MultiOperation): OpResult {
  switch (operation.kind) {
    case 'create':
      return createNode(tree, tx, operation);
    case 'delete':
      return deleteNode(tree, tx, operation);
    case 'set-data':
      return setNodeData(tree, tx, operation);
    case 'check':
      return checkNode(tree, tx, operation);
    default:
      return unreachable(operation);
  }
}

/** A TTL node without its TTL: ZooKeeper notices when it comes to it, and gives up the whole request. */
const isHollow = (operation: MultiOperation): boolean =>
  operation.kind === 'create' && isTtlMode(operation.mode) && operation.op !== OpCode.createTTL;

/** Null where the request is given up: nothing happens, and there are no results. */
export function applyMulti(
  tree: Tree,
  tx: Transaction,
  operations: readonly MultiOperation[],
): OpResult[] | null {
  beginAttempt(tree);
  const results: OpResult[] = [];
  for (const operation of operations) {
    if (isHollow(operation)) {
      endAttempt(tree, false);
      tx.changes.length = 0;
      return null;
    }
    const result = apply(tree, tx, operation);
    results.push(result);
    if (result.err !== ErrorCode.ok) break;
  }
  const failed = results.length > 0 && results.at(-1)!.err !== ErrorCode.ok;
  endAttempt(tree, !failed);
  if (!failed) return results;
  tx.changes.length = 0;
  return operations.map((_, index) => failedResult(results, index));
}

function failedResult(results: readonly OpResult[], index: number): OpResult {
  const last = results.length - 1;
  if (index < last) return failure(ErrorCode.ok);
  return failure(index === last ? results[last]!.err : ErrorCode.runtimeInconsistency);
}
