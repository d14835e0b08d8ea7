/**
 * Deliberately broken replicas of a federation that is changed while it runs, and the scenarios that reject them. Each
 * lacks one thing that keeps two configurations apart.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { consider, type Vouching } from '../admission/request-quorum/vouchers.ts';
import { rootsOf } from '../execution/execution.ts';
import { isEpochEnding } from '../governance/boundary.ts';
import { decodeReconfigure } from '../governance/command.ts';
import { configurationOf, enterEpoch } from '../governance/epochs.ts';
import { unsignedIn } from '../governance/handover.ts';
import { boundaryOf, presentRecord } from '../governance/ordered.ts';
import { submitCommand } from '../governance/submitting.ts';
import { dropPooled } from '../pool.ts';
import { becomeStable } from '../replica/checkpoint.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { isCommand } from '../request.ts';
import { atSettle, atStart, bend, type Variant } from './bending.ts';
import type { Cluster } from './cluster.ts';
import { approve, changed, reconfigure } from './governed.ts';
import { chainProblem } from './governed-sweep.ts';

/** Two approvals do where three are needed. */
export const easyApproval: Variant = atStart((s) => {
  const judge = s.execution.reconfigure;
  bend(s.execution).reconfigure = (slot: number, body: Uint8Array) => {
    const command = decodeReconfigure(body);
    if (command === null || command.approvals.length < s.config.quorums.agreement - 1)
      return judge(slot, body);
    const base = boundaryOf(slot, s.config.checkpointInterval);
    s.execution.core.governance.epochs.set(command.next.epoch, { command, slot, base });
    return { accepted: true, epoch: command.next.epoch, afterSlot: base };
  };
});

/** Begins the new epoch on its own word that the old one is over. */
export const hastyActivation: Variant = atSettle((s: ReplicaState, env: Env<Message>) => {
  const { command, slot, base } = presentRecord(s.execution.core.governance);
  const statement = s.checkpoints.get(base)?.[s.config.self] ?? null;
  const own = s.own.find((checkpoint) => checkpoint.slot === base);
  const isEarly = command.next.epoch === s.config.epoch + 1 && s.stable.slot < base;
  if (!isEarly || statement === null || own === undefined) return;
  becomeStable(s, env, [statement]);
  enterEpoch(s, env, { slot, command, roots: rootsOf(own), certificate: [statement] });
});

/** Goes on to count those who have left. */
export const longMemory: Variant = atSettle((s) => {
  const { retired } = configurationOf(s);
  if (retired.every((id) => s.config.members.includes(id))) return;
  bend(s.config).members = [...s.config.members, ...retired].sort((a, b) => a - b);
});

/** A member that does not accept that it has left. */
export const clinging: Variant = atSettle((s) => {
  const { retired } = configurationOf(s);
  if (s.isSeated || !retired.includes(s.config.self)) return;
  s.isSeated = true;
  bend(s.config).members = [...s.config.members, s.config.self].sort((a, b) => a - b);
});

/** Goes on to count the rows that filter nodes wrote in the epoch before. */
export const oldRows: Variant = (honest) => {
  let known: Vouching | null = null;
  return {
    ...honest,
    settle: (s, env) => {
      honest.settle(s, env);
      const { vouching } = s;
      if (known !== null && vouching !== null && vouching !== known)
        for (const [key, vouched] of known.requests) {
          vouching.requests.set(key, vouched);
          for (const each of vouched) consider(s, env, vouching, each);
        }
      known = vouching;
    },
  };
};

/** Drops what filter nodes vouched for as soon as the epoch is about to end, and takes nothing of it along. */
export const emptyHanded: Variant = atSettle((s) => {
  if (isEpochEnding(s)) for (const pooled of unsignedIn(s.pool)) dropPooled(s.pool, pooled);
});

/** Two of four administrators evict a third. */
export function coup(cluster: Cluster): string | null {
  cluster.world.run(500);
  cluster.call(0, (s, env) => {
    const next = changed(cluster.world.seed, configurationOf(s), { join: [4], leave: [3] });
    const approvals = approve(cluster.world.seed, next, [0, 1]);
    submitCommand(s, env, { next, approvals, proof: new Uint8Array(0) });
  });
  cluster.world.run(5000);
  return named('chains', chainProblem(cluster, [0, 1, 2, 4]));
}

/** A change is due while checkpoints take long to become stable: two of four are cut off just before. */
export function slowCheckpoint(cluster: Cluster): string | null {
  const { world } = cluster;
  world.run(500);
  reconfigure(cluster, 0, { join: [4], leave: [3] });
  world.runUntil(() => cluster.stateOf(0).execution.core.governance.epochs.get(1) !== undefined, 5000);
  const isDue = (): boolean => presentRecord(cluster.stateOf(0).execution.core.governance).base > 0;
  world.runUntil(isDue, 5000);
  world.partition([[0], [1, 2, 3, 4]]);
  world.run(1000);
  world.heal();
  world.run(5000);
  return named('chains', chainProblem(cluster, [0, 1, 2, 3, 4]));
}

/** Half of the new members, and one that has left but goes on, are cut off from the other half. */
export function halfWithAGhost(cluster: Cluster): string | null {
  const { world } = cluster;
  world.run(500);
  reconfigure(cluster, 0, { join: [4], leave: [3] });
  const ids: readonly NodeId[] = [0, 1, 2, 3, 4];
  if (!world.runUntil(() => ids.every((id) => cluster.stateOf(id).config.epoch === 1), 10_000))
    return 'liveness';
  world.run(1000);
  world.partition([
    [0, 1, 3],
    [2, 4],
  ]);
  world.run(100);
  const before = cluster.stateOf(0).committed;
  cluster.add(0, 'by half of the members', 1);
  world.run(6000);
  const after = cluster.stateOf(0).committed;
  world.heal();
  return after > before
    ? `safety: two of four members decide slots ${before + 1} to ${after} by themselves`
    : null;
}

/** True if a member has admitted a request of this domain that waits to be ordered. */
export const hasAdmitted = (cluster: Cluster, member: NodeId, domain: NodeId): boolean =>
  [...cluster.stateOf(member).pool.arrivals].some(
    ({ request }) => request.domain === domain && !isCommand(request.client),
  );

/** A member asks for something that has to wait, for it leaves a gap, and is seen no more. */
export function askInVain(cluster: Cluster, member: NodeId): void {
  cluster.world.run(500);
  cluster.call(member, (s) => {
    s.submission.nextSeq += 1;
  });
  cluster.add(member, 'before the change', 1);
  cluster.world.run(300);
  cluster.world.crash(member);
}

/** What a member asked for is vouched for and waits; it is gone, and of those who vouched one leaves. */
export function leftBehind(cluster: Cluster): string | null {
  const after: readonly NodeId[] = [0, 1, 4];
  askInVain(cluster, 3);
  if (![0, 1, 2].every((id) => hasAdmitted(cluster, id, 3))) return 'nothing was vouched for';
  reconfigure(cluster, 0, { join: [4], leave: [2] });
  if (!cluster.world.runUntil(() => after.every((id) => cluster.stateOf(id).config.epoch === 1), 10_000))
    return 'liveness';
  cluster.world.run(2000);
  return after.every((id) => hasAdmitted(cluster, id, 3)) ? null : 'liveness: what was admitted is lost';
}

/** What a member asked for is vouched for and waits, while its key, which was stolen, is replaced. */
export function stolenKey(cluster: Cluster): string | null {
  const others: readonly NodeId[] = [0, 1, 2];
  askInVain(cluster, 3);
  if (!others.every((id) => hasAdmitted(cluster, id, 3))) return 'nothing was vouched for';
  reconfigure(cluster, 0, { rekey: [3] });
  if (!cluster.world.runUntil(() => others.every((id) => cluster.stateOf(id).config.epoch === 1), 10_000))
    return 'liveness';
  cluster.world.run(1000);
  const holder = others.find((id) => hasAdmitted(cluster, id, 3));
  return holder === undefined
    ? null
    : `safety: member ${holder} admits what was asked with a key that is no more`;
}

const named = (judge: string, problem: string | null): string | null =>
  problem === null ? null : `${judge}: ${problem}`;
