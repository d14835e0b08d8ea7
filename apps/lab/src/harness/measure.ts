/**
 * One measurement: a federation runs until it is warm, then for a while that counts. What it did is worth nothing if
 * its members disagree, so that is looked at, too.
 */

import type { Millis, NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Federation } from './federation.ts';

export interface Span {
  readonly warmMs: Millis;
  readonly forMs: Millis;
}

export interface Figures {
  readonly completed: number;
  readonly perSecond: number;
  readonly p50Ms: Millis;
  readonly p99Ms: Millis;
  /** Share of the time that each member's cores were busy. */
  readonly busy: readonly { readonly turns: number; readonly jobs: number }[];
  /** Views begun meanwhile. */
  readonly views: number;
  /** Answers that each participant got. */
  readonly byNode: Readonly<Record<NodeId, number>>;
  /** The longest that each waited for one. */
  readonly worstMs: Readonly<Record<NodeId, Millis>>;
}

export function measure(federation: Federation, { warmMs, forMs }: Span): Figures {
  const { world, quorums, recorder } = federation;
  const members = Array.from({ length: quorums.members }, (_, id) => id);
  world.run(warmMs);
  recorder.reset();
  const before = members.map((id) => world.busyOf(id));
  const view = viewOf(federation);
  world.run(forMs);
  requireAgreement(federation);
  return {
    completed: recorder.count,
    perSecond: (recorder.count * 1000) / forMs,
    p50Ms: recorder.percentile(0.5),
    p99Ms: recorder.percentile(0.99),
    busy: members.map((id) => {
      const { turnsMs, jobsMs } = world.busyOf(id);
      const { turnsMs: turnsBefore = 0, jobsMs: jobsBefore = 0 } = before[id] ?? {};
      return { turns: (turnsMs - turnsBefore) / forMs, jobs: (jobsMs - jobsBefore) / forMs };
    }),
    views: viewOf(federation) - view,
    byNode: Object.fromEntries(recorder.byNode),
    worstMs: Object.fromEntries(recorder.worstMs),
  };
}

const viewOf = ({ honest, stateOf }: Federation): number => Math.max(...honest.map((id) => stateOf(id).view));

/** Honest members that have executed as much hold the same state. */
function requireAgreement({ honest, stateOf }: Federation): void {
  const byHeight = new Map<number, string>();
  for (const id of honest) {
    const { execution } = stateOf(id);
    const digest = toHex(execution.digest());
    const known = byHeight.get(execution.executed);
    if (known !== undefined && known !== digest)
      throw new Error(`member ${id} holds another state after slot ${execution.executed} than others do`);
    byHeight.set(execution.executed, digest);
  }
}
