/**
 * Proofs of misbehaviour: two statements that one participant signed and that no honest run can contain together.
 * Anyone can check one offline with nothing but the public keys of the cluster; nobody can make one against an honest
 * participant (Haeberlen et al., PeerReview, SOSP 2007; Clement et al., BAR-T). Silence, slowness and rudeness prove
 * nothing: those are strikes.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { compareBytes, equalBytes } from '@concordat/wire';
import { isSignedBy, type SignedStatement } from './statement.ts';

export interface Proof {
  readonly cluster: Digest;
  readonly accused: NodeId;
  /** Name of the rule that was broken. */
  readonly rule: string;
  /** Different bodies, in ascending order of their bytes. */
  readonly statements: readonly [SignedStatement, SignedStatement];
}

/** What must not be said together. Systems supply these. */
export interface Rule {
  /** A stable ASCII word, e.g. `two-proposals-for-one-slot`. */
  readonly name: string;
  /** The kind that both statements must have. */
  readonly kind: string;
  /**
   * True if no honest participant signs both bodies. They are different, in either order, and perhaps malformed: a
   * body that does not decode convicts nobody. Bodies of different incarnations must not convict (DESIGN section 9,
   * rule 2).
   */
  convicts(a: Uint8Array, b: Uint8Array): boolean;
  /** What happened, as a sentence for people; only asked of a proof that convicts. */
  explain(proof: Proof): string;
}

/** A proof from two statements in any order; null if they are the same, which proves nothing. */
export function createProof(
  cluster: Digest,
  accused: NodeId,
  rule: string,
  a: SignedStatement,
  b: SignedStatement,
): Proof | null {
  const order = compareBytes(a.body, b.body);
  if (order === 0) return null;
  return { cluster, accused, rule, statements: order < 0 ? [a, b] : [b, a] };
}

export interface ProofContext {
  /** The cluster whose keys `verify` knows. */
  readonly cluster: Digest;
  readonly verify: Keys['verify'];
  readonly rules: readonly Rule[];
}

export type Verdict =
  | { readonly valid: true; readonly explanation: string }
  | { readonly valid: false; readonly reason: string };

const invalid = (reason: string): Verdict => ({ valid: false, reason });

/** Judges a proof from anyone. */
export function verifyProof(proof: Proof, context: ProofContext): Verdict {
  const [a, b] = proof.statements;
  if (!equalBytes(proof.cluster, context.cluster)) return invalid('the proof is about another cluster');
  const rule = context.rules.find((one) => one.name === proof.rule);
  if (rule === undefined) return invalid('the rule is not known here');
  if (a.kind !== rule.kind || b.kind !== rule.kind) return invalid('the statements are of another kind');
  if (compareBytes(a.body, b.body) >= 0) return invalid('the statements are not two different ones in order');
  if (!proof.statements.every((one) => isSignedBy(context.verify, proof.cluster, proof.accused, one))) {
    return invalid('the accused did not sign both statements');
  }
  if (!rule.convicts(a.body, b.body)) return invalid('an honest participant may sign both statements');
  return { valid: true, explanation: rule.explain(proof) };
}
