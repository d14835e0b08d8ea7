/**
 * Proofs of misbehaviour: what two signed statements, seen here or shown by others, convict of (`rules.ts`). Silence,
 * slowness and votes that nobody can show to others convict nobody.
 */

import {
  createProof,
  decodeProof,
  encodeProof,
  type Proof,
  type Rule,
  type SignedStatement,
  statementBytes,
} from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { compareBytes, equalBytes, toHex } from '@concordat/wire';
import { primaryOf } from '../config.ts';
import { epochOf } from '../governance/views.ts';
import type { Accusation } from './client-messages.ts';
import type { Message, NewView, PrePrepare } from './messages.ts';
import { placeOf, replicationRules, TWO_NEW_VIEWS, TWO_PROPOSALS, viewOf } from './rules.ts';
import { isMember, others, type ReplicaState } from './state.ts';
import { NEW_VIEW, newViewBody, PROPOSAL, proposalBody } from './statements.ts';
import { verifyThen } from './verification.ts';
import { suspect } from './view-change.ts';

const proposalStatement = (s: ReplicaState, m: PrePrepare): SignedStatement => ({
  kind: PROPOSAL,
  body: proposalBody(s.keys.hash, m),
  signature: m.signature,
});

/** A proof from anyone, a client or a member: its signatures are checked first (Zyzzyva, SOSP 2007, section 3.2, step 4d). */
export function onAccusation(s: ReplicaState, env: Env<Message>, from: NodeId, m: Accusation): void {
  const proof = provenBy(s, m);
  if (proof === null || s.accusations.has(nameOf(proof))) return;
  const { cluster } = s.config;
  const checks = proof.statements.map(({ kind, body, signature }) => ({
    signer: proof.accused,
    bytes: statementBytes(cluster, kind, body),
    signature,
  }));
  verifyThen(s, env, from, checks, m);
}

/** A proof whose signatures hold: others are shown it, too. */
export function onGenuineAccusation(s: ReplicaState, env: Env<Message>, m: Accusation): void {
  const proof = provenBy(s, m);
  if (proof === null || s.accusations.has(nameOf(proof))) return;
  for (const peer of others(s)) env.send(peer, m);
  convict(s, env, proof);
}

/** The proof, if it is one provided that its signatures hold. */
function provenBy(s: ReplicaState, { proof: bytes }: Accusation): Proof | null {
  const proof = decodeProof(bytes);
  if (proof === null || !isMember(s, proof.accused)) return null;
  // Older ones are judged with older keys, where somebody asks for an eviction.
  if (epochOf(viewOf(proof) ?? 0) !== s.config.epoch) return null;
  const rule = replicationRules.find(({ name }) => name === proof.rule);
  const [a, b] = proof.statements;
  const isProof =
    rule !== undefined &&
    equalBytes(proof.cluster, s.config.cluster) &&
    a.kind === rule.kind &&
    b.kind === rule.kind &&
    compareBytes(a.body, b.body) < 0 &&
    rule.convicts(a.body, b.body);
  return isProof ? proof : null;
}

/** Two proposals for one slot of the current view, both with valid signatures. */
export function accuse(
  s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  a: PrePrepare,
  b: PrePrepare,
): void {
  convictOf(s, env, accused, TWO_PROPOSALS, proposalStatement(s, a), proposalStatement(s, b));
}

/** Two NEW-VIEWs for the current view, both with valid signatures. */
export function accuseNewView(
  s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  a: NewView,
  b: NewView,
): void {
  const statement = (m: NewView): SignedStatement => ({
    kind: NEW_VIEW,
    body: newViewBody(s.keys, m),
    signature: m.signature,
  });
  convictOf(s, env, accused, TWO_NEW_VIEWS, statement(a), statement(b));
}

function convictOf(
  s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  rule: Rule,
  a: SignedStatement,
  b: SignedStatement,
): void {
  const proof = rule.convicts(a.body, b.body)
    ? createProof(s.config.cluster, accused, rule.name, a, b)
    : null;
  if (proof !== null) convict(s, env, proof);
}

const nameOf = (proof: Proof): string => `${proof.rule} ${proof.accused} ${placeOf(proof)}`;

/** Notes the proof, once, for the host to keep, and leaves the view if the convict is its primary. */
function convict(s: ReplicaState, env: Env<Message>, proof: Proof): void {
  const { accused, rule } = proof;
  if (!s.accusations.has(nameOf(proof)) && s.accusations.size < MAX_ACCUSATIONS) {
    s.accusations.add(nameOf(proof));
    env.note({ kind: 'evidence', accused, rule, about: placeOf(proof), proof: toHex(encodeProof(proof)) });
  }
  if (accused === primaryOf(s.config.members, s.view)) suspect(s, env, `it is convicted of ${rule}`);
}

/** One proof is enough to evict; a convict that goes on lying need not fill the disk. */
const MAX_ACCUSATIONS = 64;
