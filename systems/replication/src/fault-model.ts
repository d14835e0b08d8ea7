/**
 * The fault model {u, r} (UpRight, SOSP'09 section 2) and every count that follows from it. Live with up to u failures of
 * any kind, safe with up to r commission failures however many others omit. r = 0 is crash tolerance, u = r = f is
 * Byzantine tolerance. No other file computes a quorum: it asks for one by what it must guarantee.
 */

import { assert, MAX_MEMBERS } from '@concordat/kernel';

export interface FaultModel {
  /** Failures of any kind with which the system stays live. */
  readonly u: number;
  /** Commission failures (lies) with which the system stays safe. */
  readonly r: number;
}

export interface Quorums extends FaultModel {
  /** Order replicas: 2u + r + 1. */
  readonly members: number;
  /** Answers that u failures cannot withhold, n - u; any two such sets share r + 1 members. */
  readonly agreement: number;
  /** Contains a member that does not lie: r + 1. */
  readonly vouching: number;
  /** Contains a member that is correct, so that a few faulty ones cannot set everyone in motion: u + 1. */
  readonly noticed: number;
  /** Replicas that must execute: u + max(u, r) + 1. */
  readonly executors: number;
}

/** The reason why a fault model cannot be run, or null. */
export function faultModelProblem({ u, r }: FaultModel): string | null {
  if (!Number.isInteger(u) || !Number.isInteger(r) || u < 0 || r < 0)
    return 'u and r are non-negative integers';
  if (r > u) return 'r is at most u: a lie is also a failure';
  if (2 * u + r + 1 > MAX_MEMBERS) return `2u + r + 1 is at most ${MAX_MEMBERS} members`;
  return null;
}

export function quorumsOf(model: FaultModel): Quorums {
  const problem = faultModelProblem(model);
  assert(problem === null, `a fault model is valid: ${problem}`);
  const { u, r } = model;
  const members = 2 * u + r + 1;
  return {
    u,
    r,
    members,
    agreement: members - u,
    vouching: r + 1,
    noticed: u + 1,
    executors: u + Math.max(u, r) + 1,
  };
}
