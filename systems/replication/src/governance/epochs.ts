/**
 * How a replica goes from one epoch to the next: when the checkpoint that ends the old one is stable and executed, or when
 * a chain proves that it is. The new epoch is the protocol begun anew above that checkpoint: first view of its own, empty
 * window, nobody's earlier votes, other members, keys, quorums and order protocol as its configuration says.
 * Invariant kept: no statement of one epoch counts in another.
 */

import type { Env } from '@concordat/kernel';
import { assert, MAX_MEMBERS } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { admissionOf } from '../admission/registry.ts';
import { inherit, inheritedFrom } from '../admission/request-quorum/inherited.ts';
import { createVouching } from '../admission/request-quorum/vouchers.ts';
import { memberIdsEnd } from '../config.ts';
import { rootsOf } from '../execution/execution.ts';
import { forgetProposed } from '../pool.ts';
import { stableOf } from '../replica/checkpoint.ts';
import { append } from '../replica/journal.ts';
import type { Message, ViewChange } from '../replica/messages.ts';
import { emptySlot } from '../replica/slot.ts';
import { retractFrom } from '../replica/speculation.ts';
import type { ReplicaState } from '../replica/state.ts';
import { resetLog } from '../replica/view-change.ts';
import { noteNewView } from '../robust/regular-views.ts';
import { createRobust } from '../robust/state.ts';
import { type Configuration, delegateOf, keysIn, runUnder } from './configuration.ts';
import { hasSameKey, readmit, unsignedIn } from './handover.ts';
import { baseOf, type Link } from './link.ts';
import { presentRecord } from './ordered.ts';
import { firstViewOf } from './views.ts';

/** The configuration of the epoch that this replica is in. */
export const configurationOf = (s: ReplicaState): Configuration =>
  s.chain.at(-1)?.command.next ?? s.governance.genesis;

/** Enters the epoch that the ordered state has decided, once its beginning is stable. Called once per turn. */
export function enterEpochIfDue(s: ReplicaState, env: Env<Message>): void {
  const { command, slot, base } = presentRecord(s.execution.core.governance);
  const isDue = command.next.epoch === s.config.epoch + 1 && s.stable.slot === base && s.transfer === null;
  if (!isDue) return;
  const own = s.own.find((checkpoint) => checkpoint.slot === base);
  if (own === undefined || !equalBytes(own.state, s.stable.state)) return;
  enterEpoch(s, env, { slot, command, roots: rootsOf(own), certificate: s.stable.certificate });
}

/** Leaves the present epoch for the one that `link`, which is proven, leads to. */
export function enterEpoch(s: ReplicaState, env: Env<Message>, link: Link): void {
  assert(s.stable.slot === baseOf(link), 'an epoch begins at a stable checkpoint');
  append(s, env, { type: 'epoch', link });
  retractFrom(s, env, s.committed + 1);
  const before = configurationOf(s);
  adopt(s, link);
  // Checks by old keys that are under way prove nothing any more.
  s.verifying.clear();
  for (const peer of s.peers) peer.checks = 0;
  for (const pooled of s.checking.values()) pooled.isBusy = false;
  s.checking.clear();
  resetLog(s);
  s.committed = s.stable.slot;
  s.failedViews = 0;
  for (const mark of ['progressAt', 'enteredAt', 'calmedAt'] as const) s[mark] = env.now;
  // Other primaries, and other members to compare them with.
  s.robust = createRobust(s.config.members.length, MAX_MEMBERS, env.now);
  noteNewView(s, env.now);
  forgetProposed(s.pool);
  readmit(s, env, before);
  const { epoch, members } = s.config;
  env.note({ kind: 'epoch', epoch, members: members.join(' '), base: s.stable.slot, isSeated: s.isSeated });
}

/** Goes by another configuration from its base on. Also of a recovery, which has neither time nor peers. */
export function adopt(s: ReplicaState, link: Link): void {
  const { next } = link.command;
  const base = stableOf(link.certificate);
  assert(base !== null, 'a link has a certificate');
  const before = configurationOf(s);
  s.chain.push(link);
  s.config = runUnder(s.config, next);
  s.order = s.governance.orderOf(s.config.order);
  s.genesis = { ...base, certificate: [] };
  s.memberKeys = keysIn(next);
  seat(s, before, next);
  admitUnder(s, before, next);
  s.view = firstViewOf(next.epoch);
  s.changingTo = null;
  s.newView = null;
  s.selection = null;
  s.heldNewView = null;
  s.certificate = null;
  s.mayPropose = true;
  s.mayProposeEarly = false;
  emptyLog(s, base.slot);
}

/** Takes its place, if it has one and the key to it. */
function seat(s: ReplicaState, before: Configuration, next: Configuration): void {
  const own = delegateOf(next, s.config.self);
  const old = delegateOf(before, s.config.self);
  const isSameKey = own !== null && old !== null && equalBytes(own.key, old.key) && s.isSeated;
  const keys = own === null || isSameKey ? null : s.governance.keysOf(own.key);
  if (keys !== null) s.keys = keys;
  s.isSeated = own !== null && (isSameKey || keys !== null);
}

/** Rows, columns and keys are of this epoch alone. Who lacks the keys has no seat: it could not tell what to accept. */
function admitUnder(s: ReplicaState, before: Configuration, next: Configuration): void {
  const hasQuorum = next.admission === 'request-quorum';
  const pair = hasQuorum && s.isSeated ? s.governance.pairOf(next) : null;
  s.isSeated &&= !hasQuorum || pair !== null;
  const admitted = [...(s.vouching?.inherited.values() ?? []), ...unsignedIn(s.pool).map(inheritedFrom)];
  s.vouching = pair === null ? null : createVouching({ config: s.config, keys: s.keys, pair });
  if (s.vouching !== null)
    inherit(
      s.vouching,
      admitted.filter(({ ref }) => hasSameKey(before, next, ref.domain)),
    );
  s.admission = admissionOf(next.admission, s.vouching);
}

function emptyLog(s: ReplicaState, base: number): void {
  const ids = memberIdsEnd(s.config.members);
  for (let slot = base + 1; slot <= base + s.config.window; slot++)
    s.slots[slot % s.slots.length] = emptySlot(slot, ids);
  for (const slot of s.checkpoints.keys()) if (slot > base) s.checkpoints.delete(slot);
  s.viewChanges = new Array<ViewChange | null>(ids).fill(null);
  for (const peer of s.peers) {
    peer.earlyPrepare = null;
    peer.earlyCommit = null;
    peer.earlyProposals = [];
  }
}
