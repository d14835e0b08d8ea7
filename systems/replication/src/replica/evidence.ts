/**
 * Proofs of misbehaviour in three-phase agreement. What convicts: two proposals for one slot of one view, and two
 * NEW-VIEWs for one view, each pair signed by one incarnation with different contents. No honest run can produce
 * either: a primary proposes a slot once, enters its view durably before it proposes, and never leads it after a
 * restart. Silence, slowness and votes that nobody can show to others convict nobody.
 */

import { createProof, encodeProof, type Rule, type SignedStatement } from '@concordat/accountability';
import { DIGEST_BYTES } from '@concordat/crypto';
import type { Env, NodeId } from '@concordat/kernel';
import { createReader, equalBytes, toHex } from '@concordat/wire';
import type { Message, NewView, PrePrepare } from './messages.ts';
import type { ReplicaState } from './state.ts';
import { NEW_VIEW, newViewBody, PROPOSAL, proposalBody } from './statements.ts';
import { suspect } from './view-change.ts';

/** Incarnation, view, slot, history, digest of the batch. */
function readProposal(body: Uint8Array) {
  const r = createReader(body);
  const place = { incarnation: r.u53(), view: r.u53(), slot: r.u53() };
  return r.finish({ ...place, history: r.fixed(DIGEST_BYTES), batch: r.fixed(DIGEST_BYTES) });
}

/** Incarnation, view, digest of the messages shown. */
function readNewView(body: Uint8Array) {
  const r = createReader(body);
  return r.finish({ incarnation: r.u53(), view: r.u53(), digest: r.fixed(DIGEST_BYTES) });
}

const TWO_PROPOSALS: Rule = {
  name: 'two-proposals',
  kind: PROPOSAL,
  convicts: (a, b) => {
    const [one, other] = [readProposal(a), readProposal(b)];
    if (one === null || other === null) return false;
    const isSamePlace =
      one.incarnation === other.incarnation && one.view === other.view && one.slot === other.slot;
    return isSamePlace && !equalBytes(one.history, other.history);
  },
  explain: ({ accused, statements: [a] }) => {
    const place = readProposal(a.body);
    return `member ${accused} signed two different proposals for slot ${place?.slot} of view ${place?.view}`;
  },
};

const TWO_NEW_VIEWS: Rule = {
  name: 'two-new-views',
  kind: NEW_VIEW,
  convicts: (a, b) => {
    const [one, other] = [readNewView(a), readNewView(b)];
    if (one === null || other === null) return false;
    const isSameView = one.incarnation === other.incarnation && one.view === other.view;
    return isSameView && !equalBytes(one.digest, other.digest);
  },
  explain: ({ accused, statements: [a] }) =>
    `member ${accused} signed two different beginnings of view ${readNewView(a.body)?.view}`,
};

/** What members of a federation may be convicted of. */
export const replicationRules: readonly Rule[] = [TWO_PROPOSALS, TWO_NEW_VIEWS];

const proposalStatement = (s: ReplicaState, m: PrePrepare): SignedStatement => ({
  kind: PROPOSAL,
  body: proposalBody(s.keys.hash, m),
  signature: m.signature,
});

/** Two proposals for one slot of the current view, both with valid signatures. */
export function accuse(
  s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  a: PrePrepare,
  b: PrePrepare,
): void {
  convict(
    s,
    env,
    accused,
    TWO_PROPOSALS,
    proposalStatement(s, a),
    proposalStatement(s, b),
    `${a.view}-${a.slot}`,
  );
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
  convict(s, env, accused, TWO_NEW_VIEWS, statement(a), statement(b), `${a.view}`);
}

/** Notes the proof, once, for the host to keep, and leaves the convicted primary's view. */
function convict(
  s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  rule: Rule,
  a: SignedStatement,
  b: SignedStatement,
  about: string,
): void {
  const name = `${rule.name} ${accused} ${about}`;
  const proof = rule.convicts(a.body, b.body)
    ? createProof(s.config.cluster, accused, rule.name, a, b)
    : null;
  if (proof === null) return;
  if (!s.accusations.has(name) && s.accusations.size < MAX_ACCUSATIONS) {
    s.accusations.add(name);
    env.note({ kind: 'evidence', accused, rule: rule.name, about, proof: toHex(encodeProof(proof)) });
  }
  suspect(s, env, `it is convicted of ${rule.name}`);
}

/** One proof is enough to evict; a convict that goes on lying need not fill the disk. */
const MAX_ACCUSATIONS = 64;
