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
  /**
   * Slow or silent members that the fast path does without, each bought with two more members (Zyzzyva5: u of them); 0
   * unless told. Only speculative ordering makes use of them.
   */
  readonly spare?: number;
}

export interface Quorums extends Required<FaultModel> {
  /** Order replicas: 2u + r + 1, and two for each spare. */
  readonly members: number;
  /** Accepted by so many, a value is committed at once: all but the spare ones. */
  readonly fast: number;
  /** Any two such sets share r + 1 members: what must vouch for a value, and hold the proof, where the fast path fails. */
  readonly certificate: number;
  /** Answers that u failures cannot withhold, n - u; any two such sets share r + 1 members. */
  readonly agreement: number;
  /** Contains a member that does not lie: r + 1. */
  readonly vouching: number;
  /** Contains a member that is correct, so that a few faulty ones cannot set everyone in motion: u + 1. */
  readonly noticed: number;
  /** Replicas that must execute: u + max(u, r) + 1. */
  readonly executors: number;
  /** Executors that must hold a state before the log that leads to it may go: one of them is correct, one does not lie. */
  readonly execution: number;
  /** Filter nodes before the order replicas: u + r + max(u, r) + 1 (UpRight's request quorum). */
  readonly filters: number;
  /** Contains a node that neither lies nor fails: what so many vouch for was asked for, and can be had. */
  readonly sound: number;
  /** Of so many, whoever lies, `sound` hold in everyone's eyes: whom they convince can convince all others. */
  readonly transferable: number;
}

/** The reason why a fault model cannot be run, or null. */
export function faultModelProblem({ u, r, spare = 0 }: FaultModel): string | null {
  if (![u, r, spare].every((count) => Number.isInteger(count) && count >= 0))
    return 'u, r and spare are non-negative integers';
  if (r > u) return 'r is at most u: a lie is also a failure';
  if (spare > u) return 'spare is at most u: no more need be slow than may fail';
  if (2 * (u + spare) + r + 1 > MAX_MEMBERS) return `2u + r + 1 + 2 spare is at most ${MAX_MEMBERS} members`;
  return null;
}

export function quorumsOf(model: FaultModel): Quorums {
  const problem = faultModelProblem(model);
  assert(problem === null, `a fault model is valid: ${problem}`);
  const { u, r, spare = 0 } = model;
  const members = 2 * (u + spare) + r + 1;
  const sound = Math.max(u, r) + 1;
  return {
    u,
    r,
    spare,
    members,
    fast: members - spare,
    certificate: u + r + 1 + spare,
    agreement: members - u,
    vouching: r + 1,
    noticed: u + 1,
    executors: u + sound,
    execution: sound,
    filters: u + r + sound,
    sound,
    transferable: sound + r,
  };
}
