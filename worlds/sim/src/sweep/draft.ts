/**
 * A fault plan in the making: who is faulty when, so that no moment exceeds the budget. Faults come in episodes (a
 * crash and its restart, say), each with a number by which a replay can leave it out.
 */

import type { Millis, NodeId, Prng } from '@concordat/kernel';
import type { World } from '../world.ts';

/** A span in which a member is faulty. */
interface Claim {
  readonly node: NodeId;
  readonly from: Millis;
  readonly to: Millis;
}

export interface FaultAction {
  readonly at: Millis;
  readonly episode: number;
  /** What happens to whom, for people. */
  readonly text: string;
  act(world: World): void;
}

export interface Draft {
  readonly random: Prng;
  /** Members that may be faulty at a time. */
  readonly u: number;
  /** How many more members may lie. */
  liars: number;
  readonly members: readonly NodeId[];
  readonly byzantine: Map<NodeId, { readonly strategy: string; readonly episode: number }>;
  readonly stopped: Set<NodeId>;
  readonly claims: Claim[];
  readonly actions: FaultAction[];
  /** The number of the episode being drawn. */
  episode: number;
}

export const FOREVER: Millis = Number.POSITIVE_INFINITY;

/**
 * Claims the member for the span if that stays within u; conservative in that it counts all who overlap. A member
 * has one fault at a time, so that the end of one does not undo another.
 */
export function claim(draft: Draft, node: NodeId, from: Millis, to: Millis): boolean {
  const overlapping = draft.claims.filter((other) => other.from < to && from < other.to);
  const faulty = new Set(overlapping.map((other) => other.node));
  if (faulty.has(node) || faulty.size >= draft.u) return false;
  draft.claims.push({ node, from, to });
  return true;
}

export function plan(draft: Draft, at: Millis, text: string, act: (world: World) => void): void {
  draft.actions.push({ at, episode: draft.episode, text, act });
}
