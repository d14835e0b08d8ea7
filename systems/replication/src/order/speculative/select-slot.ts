/**
 * What a new view must re-propose in one slot of speculative ordering, as a pure function of its VIEW-CHANGEs: the rule
 * of Zyzzyva's view change (SOSP'07 section 3.3) as corrected by Abraham et al. (arXiv 1712.01367, 1801.10022). Two kinds
 * of evidence can hide a completed value: a commit certificate, and the votes of everyone who was correct. The evidence
 * of the highest view decides; the published rules preferred one kind, whatever its view, and lose completed values.
 *
 *   w = the view of the highest valid certificate, below all views if there is none
 *   a digest that all but r + spare of the messages have as their latest vote, in views above w, is selected,
 *   else what that certificate names, else the slot is free
 *
 * What completes by votes has those of all correct members but the spare ones, and of the messages all but r are of correct
 * members. At least n - u are heard, of which this leaves u + 1 + spare; two digests cannot both have as many, because
 * r <= u. Votes of different views count together.
 */

import type { Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Quorums } from '../../fault-model.ts';

/** A value of a slot in a view. */
export interface Vote {
  readonly view: number;
  readonly digest: Digest;
}

/** What one VIEW-CHANGE says of a slot. */
export interface SpeculativeClaim {
  /** The latest ORDER-REQ that its sender has accepted; null for none. */
  readonly latest: Vote | null;
  /** The commit certificate of the highest view that covers the slot; null for none. */
  readonly certificate: Vote | null;
}

/** A certificate and votes of its own view for another digest: only a lying primary proposes both. */
export interface Contradiction {
  readonly certificate: Vote;
  readonly digest: Digest;
}

export interface Selected {
  /** Null where anything may be proposed. */
  readonly digest: Digest | null;
  /** What convicts the primary of some earlier view, if the signed proposals are at hand. */
  readonly contradiction: Contradiction | null;
}

/**
 * @param claims of n - u members or more, silent ones included
 * @param isValid tells whether a certificate bears the signatures it needs: an invalid one neither wins nor hides another
 */
export function selectSlot(
  quorums: Quorums,
  claims: readonly SpeculativeClaim[],
  isValid: (certificate: Vote) => boolean,
): Selected {
  const certificate = highestCertificate(claims, isValid);
  const votes = claims.flatMap(({ latest }) => (latest === null ? [] : [latest]));
  const above = votes.filter(({ view }) => certificate === null || view > certificate.view);
  const voted = supported(above, claims.length - quorums.r - quorums.spare);
  const contradiction = certificate === null ? null : contradictionOf(certificate, votes, quorums.vouching);
  return { digest: voted ?? certificate?.digest ?? null, contradiction };
}

function highestCertificate(
  claims: readonly SpeculativeClaim[],
  isValid: (certificate: Vote) => boolean,
): Vote | null {
  let highest: Vote | null = null;
  for (const { certificate } of claims) {
    if (certificate === null || (highest !== null && certificate.view <= highest.view)) continue;
    if (isValid(certificate)) highest = certificate;
  }
  return highest;
}

/** The digest for which at least `count` of these vote, in whatever views. */
function supported(votes: readonly Vote[], count: number): Digest | null {
  for (const { digest } of votes) {
    if (votes.filter((vote) => equalBytes(vote.digest, digest)).length >= count) return digest;
  }
  return null;
}

/** Enough votes that one is a correct member's, for another digest than the certificate of the same view names. */
function contradictionOf(certificate: Vote, votes: readonly Vote[], vouching: number): Contradiction | null {
  const against = votes.filter(
    ({ view, digest }) => view === certificate.view && !equalBytes(digest, certificate.digest),
  );
  const digest = supported(against, vouching);
  return digest === null ? null : { certificate, digest };
}
