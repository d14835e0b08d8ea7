/**
 * Signed messages reach their handlers only after their signatures were checked, off the thread where the host can.
 * Whether a message could matter at all is asked first, so that a flood of useless ones costs no signature checks.
 */

import { type Env, FIRST_CONNECTION, type NodeId, type SignatureCheck } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { onOutsideChecked } from '../robust/outside.ts';
import type { Message } from './messages.ts';
import type { ReplicaState } from './state.ts';

/** Messages that may wait for their checks; beyond this the sender must try again. */
const MAX_VERIFYING = 4096;

/** Checks that one member may have us do at a time: a NEW-VIEW of the largest federation, and some more. */
const MAX_CHECKS = 2048;

/** Correct members send nothing false, so whoever does costs us no more checks for a while. */
const DISTRUST_MS = 1000;

/** False if nothing was begun: the message is as if it had been lost. */
export function verifyThen(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  checks: readonly SignatureCheck[],
  message: Message,
): boolean {
  const peer = s.peers[from];
  if (peer !== undefined && env.now < peer.distrustedUntil) return false;
  if (s.verifying.size >= MAX_VERIFYING || (peer !== undefined && peer.checks > MAX_CHECKS)) {
    env.note({ kind: 'drop', why: 'too many messages wait for their checks', peer: from });
    return false;
  }
  const ticket = s.nextTicket++;
  if (peer !== undefined) peer.checks += checks.length;
  s.verifying.set(ticket, { from, message, checks });
  env.offload({ kind: 'verify', checks: checks.map((check) => keyed(s, check)) }, ticket);
  return true;
}

/**
 * As `verifyThen`, for a message that its checks determine: while one copy waits for them, others do not. All who help a
 * lagging member send it the same, and again while it waits; had it to check each, it would lag ever further.
 */
export function verifyOnce(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  checks: readonly SignatureCheck[],
  message: Message,
): boolean {
  for (const waiting of s.verifying.values())
    if (waiting.message.type === message.type && areSame(waiting.checks, checks)) return true;
  return verifyThen(s, env, from, checks, message);
}

const areSame = (some: readonly SignatureCheck[], others: readonly SignatureCheck[]): boolean =>
  some.length === others.length &&
  some.every(({ signer, bytes, signature }, i) => {
    const other = others[i];
    return (
      other?.signer === signer && equalBytes(other.signature, signature) && equalBytes(other.bytes, bytes)
    );
  });

/** A check by the keys of the present epoch, unless it brings the key of another. */
export function keyed(s: ReplicaState, check: SignatureCheck): SignatureCheck {
  const key = check.key ?? s.memberKeys?.get(check.signer);
  return key === undefined ? check : { ...check, key };
}

/** The message whose checks are done, or null if they failed. */
export function takeVerified(
  s: ReplicaState,
  env: Env<Message>,
  ticket: number,
  holds: boolean,
): { readonly from: NodeId; readonly message: Message } | null {
  const waiting = s.verifying.get(ticket);
  if (waiting === undefined) return null;
  s.verifying.delete(ticket);
  const { from, message } = waiting;
  const peer = s.peers[from];
  if (peer !== undefined) peer.checks -= waiting.checks.length;
  else if (message.type === 'request') onOutsideChecked(s, env, from, message.request, holds);
  if (holds) return waiting;
  if (message.type === 'request') hangUp(s, env, from);
  // A request is believed unchecked from its submitter's link: who passes on a bad copy may have been deceived itself.
  if (message.type === 'batch') {
    env.note({ kind: 'drop', why: 'false signature in a batch', peer: from });
    return null;
  }
  if (peer !== undefined) peer.distrustedUntil = env.now + DISTRUST_MS;
  env.note({ kind: 'strike', peer: from, why: `false signature in ${message.type}` });
  return null;
}

/** A client's own request is false only if the client is. Where strangers are filtered its connection stays, unheard. */
export function hangUp(s: ReplicaState, env: Env<Message>, from: NodeId): void {
  if (from >= FIRST_CONNECTION && !s.config.policies.clientFilter) env.close(from);
}
