/**
 * Commit certificates from clients (Zyzzyva, SOSP 2007, section 3.2, step 4b): a client that has enough equal responses,
 * but not all, shows them to everyone; whoever keeps the certificate says so. A genuine certificate harms nobody, whoever
 * sends it. One for another log than was accepted here proves that this replica was led astray.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { ClientCertificate } from '../../replica/client-messages.ts';
import { isCurrent } from '../../replica/incarnation.ts';
import type { Message } from '../../replica/messages.ts';
import { findSlot, isMember, isVoting, type ReplicaState } from '../../replica/state.ts';
import { acknowledgeCheck } from '../../replica/statements.ts';
import { verifyThen } from '../../replica/verification.ts';
import { suspect } from '../../replica/view-change.ts';
import { certifiedIn, digestsTo, keepCertificate, keptEnd } from './certificate.ts';

export function onClientCertificate(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  m: ClientCertificate,
): void {
  if (s.order.name !== 'speculative') return;
  const isHeld = isOwnLog(s, m) && m.slot <= Math.max(s.committed, certifiedIn(s));
  if (isHeld) confirm(env, from, m);
  else if (isUsable(s, m)) {
    const { view, slot, history } = m;
    const checks = m.acknowledgements.map(({ sender, incarnation, signature }) =>
      acknowledgeCheck(s.config.cluster, sender, { view, slot, history, incarnation, signature }),
    );
    verifyThen(s, env, from, checks, m);
  }
}

/** A certificate whose signatures hold. */
export function onGenuineCertificate(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  m: ClientCertificate,
): void {
  if (!isUsable(s, m)) return;
  if (!isOwnLog(s, m)) {
    env.note({ kind: 'conflicting-certificate', view: m.view, slot: m.slot });
    suspect(s, env, 'others acknowledged another log');
    return;
  }
  if (m.slot > certifiedIn(s)) {
    // One that covers more may be what others rely on: this one would take its place.
    if (m.slot < keptEnd(s)) return;
    const { view, slot } = m;
    const acknowledgements = m.acknowledgements.map((item) => ({ ...item, slot }));
    keepCertificate(s, env, { view, digests: digestsTo(s, slot), acknowledgements });
    s.owesCommit = true;
  }
  confirm(env, from, m);
}

function confirm(env: Env<Message>, to: NodeId, { view, slot, history }: ClientCertificate): void {
  env.send(to, { type: 'local-commit', view, slot, history });
}

const isOwnLog = (s: ReplicaState, { slot, history }: ClientCertificate): boolean => {
  const own = slot <= s.accepted ? (findSlot(s, slot)?.history ?? null) : null;
  return own !== null && equalBytes(own, history);
};

/** Only in the view that was acknowledged: whoever has left it has said what it holds. */
const isUsable = (s: ReplicaState, { view, slot, acknowledgements }: ClientCertificate): boolean =>
  view === s.view &&
  isVoting(s) &&
  slot > s.stable.slot &&
  slot <= s.accepted &&
  acknowledgements.length === s.config.quorums.certificate &&
  acknowledgements.every(
    ({ sender, incarnation }) => isMember(s, sender) && isCurrent(s, sender, incarnation, slot),
  );
