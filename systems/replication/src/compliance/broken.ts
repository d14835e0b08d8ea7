/**
 * Deliberately broken replicas. Each lacks one thing that the protocol's safety or liveness rests on; the table in
 * `broken-scripts.ts` says which detector must reject it. The tests are tested: a suite that lets one of these pass
 * proves nothing about the honest protocol.
 */

import type { Env } from '@concordat/kernel';
import { onSend } from '@concordat/sim';
import { equalBytes } from '@concordat/wire';
import type { Admission } from '../admission/admission.ts';
import { combinedDigest } from '../execution/roots.ts';
import type { Message } from '../replica/messages.ts';
import { findSlot, type ReplicaState } from '../replica/state.ts';
import { signViewChange } from '../replica/statements.ts';
import { atSettle, atStart, bend, type Variant } from './bending.ts';

export type { Variant } from './bending.ts';

/** Two quorums may share nobody who is correct. */
export const smallQuorum = atStart((s) => {
  bend(s.config.quorums).agreement -= 1;
  bend(s.config.quorums).certificate -= 1;
});

/** Votes leave before they are on disk. */
export const noDurabilityWait: Variant = onSend((env, to, message) => env.sendEarly(to, message));

/** Leaves a view as if it had promised nothing there. */
export const forgetfulViewChange: Variant = (honest) => {
  const forget = (s: ReplicaState): void => {
    const own = s.viewChanges[s.config.self] ?? null;
    if (own === null || own.claims.length === 0) return;
    s.viewChanges[s.config.self] = signViewChange(s.keys, s.config.cluster, { ...own, claims: [] });
  };
  // What was sent in the turn is replaced by what is remembered at its end.
  const behind = (s: ReplicaState, env: Env<Message>, act: (env: Env<Message>) => void): void => {
    const changes = new Set<number>();
    act({
      ...env,
      now: env.now,
      random: env.random,
      send: (to, m) => void (m.type === 'view-change' ? changes.add(to) : env.send(to, m)),
    });
    forget(s);
    const own = s.viewChanges[s.config.self] ?? null;
    if (own !== null) for (const to of changes) env.send(to, own);
  };
  return {
    ...honest,
    receive: (s, env, from, m) => behind(s, env, (bent) => honest.receive(s, bent, from, m)),
    timeout: (s, env, timer) => behind(s, env, (bent) => honest.timeout(s, bent, timer)),
    completed: (s, env, ticket, holds) =>
      behind(s, env, (bent) => honest.completed?.(s, bent, ticket, holds)),
    settle: (s, env) => behind(s, env, (bent) => honest.settle(s, bent)),
  };
};

/** Shows the world what is accepted here, whether or not anybody else knows. */
export const earlyExposure = atSettle((s) => {
  s.committed = Math.max(s.committed, s.accepted);
});

/** Acts after a wipe as if nothing had been promised before it. */
export const oldIncarnation: Variant = (honest) => ({
  ...honest,
  start: (env, recovered) => honest.start(env, { ...recovered, whole: true, losses: 0 }),
});

/** Believes whoever answers a state transfer. */
export const gullibleTransfer: Variant = (honest) => ({
  ...honest,
  receive: (s, env, from, m) => {
    if (m.type === 'manifest' && s.transfer !== null) {
      const state = combinedDigest(s.keys.hash, m.roots);
      s.transfer = { ...s.transfer, target: { ...s.transfer.target, state } };
    }
    honest.receive(s, env, from, m);
  },
});

/** Goes on from a state that is not the agreed one. */
export const noExecutionCheck = atSettle((s) => {
  const diverged = s.own.find(({ slot }) => slot === s.stable.slot);
  if (diverged !== undefined && !equalBytes(diverged.state, s.stable.state)) s.transfer = null;
});

/** Counts votes without looking what they are for. */
export const blindCounting: Variant = (honest) => ({
  ...honest,
  receive: (s, env, from, m) => {
    const isVote = m.type === 'prepare' || m.type === 'commit';
    const history = isVote ? (findSlot(s, m.slot)?.history ?? m.history) : null;
    honest.receive(s, env, from, isVote && history !== null ? { ...m, history } : m);
  },
});

/** Believes every signature. */
export const noVerification: Variant = (honest) => ({
  ...honest,
  completed: (s, env, ticket) => honest.completed?.(s, env, ticket, true),
});

/** Takes any ordered time for good. */
export const noTimeCheck = atStart((s) => {
  bend(s.config).timeToleranceMs = Number.MAX_SAFE_INTEGER;
});

/** Goes on leading after a restart, although proposals may have left that it does not remember. */
export const shamelessPrimary = atStart((s) => {
  s.mayPropose = true;
});

/** Believes the MACs of any one party: what convinces the primary need convince nobody else. */
export const macOnly = atStart((s) => {
  if (s.vouching === null) return;
  bend(s.vouching.shape).sufficient = 1;
  bend(s.vouching.shape).complete = 1;
});

/** Accepts references that no filter node vouches for. */
export const blindAdmission = atStart((s) => {
  const honest = s.admission;
  const admission: Admission = {
    ...honest,
    find: (at, ref) => {
      const { domain, client, seq } = ref;
      return honest.find(at, ref) ?? { domain, client, seq, body: null, sizeBytes: 0 };
    },
  };
  Object.assign(s, { admission });
});

/** Waits for ever. */
export const patientReplica: Variant = (honest) => ({
  ...honest,
  timeout: (s, env, timer) => {
    s.progressAt = env.now;
    s.enteredAt = env.now;
    honest.timeout(s, env, timer);
  },
});

/** Speculative ordering: any certificate of a new view takes the place of the one at hand, also if it covers less. */
export const newestCertificate: Variant = (honest) => ({
  ...honest,
  settle: (s, env) => {
    // Without one the next that can be made is kept.
    if (s.certificate !== null && s.certificate.view < s.view && s.prepared > s.stable.slot)
      s.certificate = null;
    honest.settle(s, env);
  },
});
