/**
 * The paths of Zyzzyva's client (SOSP 2007, section 3.2, step 4), for any fault model:
 *
 *   4a  all but the spare members give the same response in one view: complete
 *   4b  fewer do, but a certificate's worth: it shows them the certificate; as many LOCAL-COMMITs make it complete
 *   4c  still fewer: the request is sent again, to everyone (client.ts); replicas see to the primary
 *   4d  two responses bear the primary's signature for different logs: everyone is shown the proof
 *
 * Responses are the same if view, slot, history and result are; of different views they must not be mixed.
 */

import { createProof, encodeProof, statementBytes } from '@concordat/accountability';
import type { Digest, Env, Millis, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { primaryOf } from '../config.ts';
import { epochOf } from '../governance/views.ts';
import type { ClientCertificate, LocalCommit, SpecResponse } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { TWO_PROPOSALS } from '../replica/rules.ts';
import { acknowledgeCheck, PROPOSAL, proposalBodyOf } from '../replica/statements.ts';
import { broadcast, type Call, type ClientState, complete } from './client.ts';
import { epochAt, isSignedBy } from './configuration.ts';

export interface SpeculativeCall {
  /** The newest of each replica. */
  readonly responses: Map<NodeId, SpecResponse>;
  /** The reply in full, by whoever sent it last; only believed if its digest is the one agreed on. */
  reply: Uint8Array | null;
  readonly since: Millis;
  shown: {
    readonly certificate: ClientCertificate;
    readonly at: Millis;
    readonly commits: Set<NodeId>;
  } | null;
}

export const createSpeculativeCall = (now: Millis): SpeculativeCall => ({
  responses: new Map(),
  reply: null,
  since: now,
  shown: null,
});

/** Another epoch has begun: what members of the former one speculated need not last. */
export function forgetResponses(speculative: SpeculativeCall): void {
  speculative.responses.clear();
  speculative.shown = null;
}

export function onSpecResponse(
  s: ClientState,
  env: Env<Message>,
  from: NodeId,
  pending: Call,
  m: SpecResponse,
): void {
  // Members and quorums are of one epoch: what fewer than all said in a larger one is not what all say now.
  if (epochOf(m.view) !== epochAt(s)) return;
  const { speculative } = pending;
  if (m.reply !== null) {
    if (!equalBytes(s.options.keys.hash(m.reply), m.result)) return;
    speculative.reply = m.reply;
  }
  accuseIfTwo(s, env, speculative, m);
  speculative.responses.set(from, m);
  const equal = sameAs(speculative, m);
  if (equal.length >= s.quorums.fast) finish(s, env, pending, m.result);
}

const isSame = (a: SpecResponse, b: SpecResponse): boolean =>
  a.view === b.view &&
  a.slot === b.slot &&
  equalBytes(a.history, b.history) &&
  equalBytes(a.result, b.result);

/** Who gave this response, in ascending order, and theirs. */
const sameAs = ({ responses }: SpeculativeCall, m: SpecResponse): [NodeId, SpecResponse][] =>
  [...responses].filter(([, other]) => isSame(m, other)).sort(([a], [b]) => a - b);

/** Completes a call if the reply is here; otherwise it comes when the request is sent again. */
function finish(s: ClientState, env: Env<Message>, { request, speculative }: Call, result: Digest): void {
  const { reply } = speculative;
  if (reply !== null && equalBytes(s.options.keys.hash(reply), result)) complete(s, env, request.seq, reply);
}

/** 4b, once all have had `fastMs` to answer; again when nothing came of it. */
export function completeByCertificate(
  s: ClientState,
  env: Env<Message>,
  pending: Call,
  fastMs: Millis,
): void {
  const { speculative } = pending;
  const { shown, since } = speculative;
  if (env.now - since < fastMs || (shown !== null && env.now - shown.at < s.options.retransmitMs)) return;
  for (const response of speculative.responses.values()) {
    const certificate = certificateOf(s, sameAs(speculative, response));
    if (certificate === null) continue;
    speculative.shown = { certificate, at: env.now, commits: new Set() };
    broadcast(s, env, certificate);
    return;
  }
}

/** A replica that is shown a false signature would blame who shows it. */
function isGenuine(s: ClientState, from: NodeId, m: SpecResponse): boolean {
  const { signer, bytes, signature } = acknowledgeCheck(s.options.cluster, from, m);
  return isSignedBy(s, signer, bytes, signature);
}

/** A certificate made of equal responses; null if there are not enough genuine ones. */
function certificateOf(
  s: ClientState,
  responses: readonly [NodeId, SpecResponse][],
): ClientCertificate | null {
  const needed = s.quorums.certificate;
  const [first] = responses;
  if (first === undefined || responses.length < needed) return null;
  const genuine = responses.filter(([from, m]) => isGenuine(s, from, m)).slice(0, needed);
  if (genuine.length < needed) return null;
  const { view, slot, history } = first[1];
  const acknowledgements = genuine.map(([sender, { incarnation, signature }]) => ({
    sender,
    incarnation,
    signature,
  }));
  return { type: 'commit-certificate', view, slot, history, acknowledgements };
}

export function onLocalCommit(
  s: ClientState,
  env: Env<Message>,
  from: NodeId,
  pending: Call,
  m: LocalCommit,
): void {
  const { shown, responses } = pending.speculative;
  if (shown === null) return;
  const { certificate, commits } = shown;
  const isMeant =
    m.view === certificate.view && m.slot === certificate.slot && equalBytes(m.history, certificate.history);
  if (!isMeant) return;
  commits.add(from);
  if (commits.size < s.quorums.certificate) return;
  for (const { view, slot, history, result } of responses.values())
    if (view === m.view && slot === m.slot && equalBytes(history, m.history)) finish(s, env, pending, result);
}

/** 4d: a primary that signed two logs for one place is shown to everyone. */
function accuseIfTwo(
  s: ClientState,
  env: Env<Message>,
  { responses }: SpeculativeCall,
  m: SpecResponse,
): void {
  for (const other of responses.values()) {
    if (other.view !== m.view || other.slot !== m.slot || equalBytes(other.history, m.history)) continue;
    const place = `${m.view}-${m.slot}`;
    const [a, b] = [proposalIn(s, m), proposalIn(s, other)];
    if (a === null || b === null || s.accused.has(place)) continue;
    const proof = createProof(s.options.cluster, primaryOf(s.members, m.view), TWO_PROPOSALS.name, a, b);
    if (proof === null || !TWO_PROPOSALS.convicts(a.body, b.body)) continue;
    s.accused.add(place);
    broadcast(s, env, { type: 'accusation', proof: encodeProof(proof) });
  }
}

/** The primary's signed proposal behind a response; null if there is none, or it is forged. */
function proposalIn(s: ClientState, { view, slot, history, order }: SpecResponse) {
  if (order === null) return null;
  const body = proposalBodyOf({ incarnation: order.incarnation, view, slot, history, batch: order.batch });
  const bytes = statementBytes(s.options.cluster, PROPOSAL, body);
  const isSigned = isSignedBy(s, primaryOf(s.members, view), bytes, order.signature);
  return isSigned ? { kind: PROPOSAL, body, signature: order.signature } : null;
}
