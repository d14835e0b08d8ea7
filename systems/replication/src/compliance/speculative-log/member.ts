/**
 * What a correct member of speculative ordering remembers of a short log: for each slot the last vote, with its view, and
 * for each view the length of the commit certificate that it holds. Certificates of a view name one log, because any two
 * share a correct signer, so a length is enough. Packed into one number, by which members are compared.
 */

import { assert } from '@concordat/kernel';
import { append, cutTo, describePrefix, EMPTY, MAX_SLOTS, VALUE_NAMES } from './prefix.ts';

export const MAX_VIEWS = 6;

/** Three slots of five bits, then six views of two. */
export type Member = number;

export const IDLE: Member = 0;

/** View and value of a vote in one number; 0 for none. */
export type VoteCode = number;
const VOTE_BITS = 5;
const VOTE_MASK = (1 << VOTE_BITS) - 1;
const LENGTH_BITS = 2;
const LENGTHS_AT = VOTE_BITS * MAX_SLOTS;

export const voteCode = (view: number, value: number): VoteCode => 4 * view + value;
export const viewIn = (code: VoteCode): number => code >> 2;
export const valueIn = (code: VoteCode): number => code & 3;

export const voteAt = (member: Member, slot: number): VoteCode =>
  (member >> (VOTE_BITS * (slot - 1))) & VOTE_MASK;

export function withVote(member: Member, slot: number, code: VoteCode): Member {
  const at = VOTE_BITS * (slot - 1);
  return (member & ~(VOTE_MASK << at)) | (code << at);
}

export const certifiedLength = (member: Member, view: number): number =>
  (member >> (LENGTHS_AT + LENGTH_BITS * (view - 1))) & 3;

export function withCertificate(member: Member, view: number, length: number): Member {
  assert(view >= 1 && view <= MAX_VIEWS, 'views fit a member');
  const at = LENGTHS_AT + LENGTH_BITS * (view - 1);
  return (member & ~(3 << at)) | (length << at);
}

/** The log that the member has accepted in `view`, its latest: what it accepted before goes on behind it. */
export function acceptedIn(member: Member, view: number): number {
  let log = EMPTY;
  for (let slot = 1; slot <= MAX_SLOTS && viewIn(voteAt(member, slot)) === view; slot++)
    log = append(log, valueIn(voteAt(member, slot)));
  return log;
}

/** In each slot of a member the last bit of its vote. */
const LAST_BITS = 1 | (1 << VOTE_BITS) | (1 << (2 * VOTE_BITS));

/** By set of slots: the last bits of their votes. */
const FLIPPED = Array.from({ length: 1 << MAX_SLOTS }, (_, flips) =>
  Array.from({ length: MAX_SLOTS }, (_, s) => ((flips >> s) & 1) << (VOTE_BITS * s)).reduce((a, b) => a | b),
);

/** The member with the two proposed values exchanged in the slots of `flips`. */
export function exchangeIn(member: Member, flips: number): Member {
  // Votes for proposed values have a view, in the upper three bits, and are not for the null batch, whose second bit is set.
  const isVote = (member >> 2) | (member >> 3) | (member >> 4);
  return member ^ (isVote & ~(member >> 1) & LAST_BITS & (FLIPPED[flips] ?? 0));
}

/** `a2 b1 - CC 1:ab`: its votes, and certificates by view; `chains` are the certified logs of the views. */
export function describeMember(member: Member, chains: readonly number[]): string {
  const votes = Array.from({ length: MAX_SLOTS }, (_, i) => voteAt(member, i + 1));
  const named = votes.map((code) => (code === 0 ? '-' : `${VALUE_NAMES[valueIn(code)]}${viewIn(code)}`));
  while (named.length > 1 && named.at(-1) === '-') named.pop();
  const certificates = chains.flatMap((chain, i) => {
    const length = certifiedLength(member, i + 1);
    return length === 0 ? [] : [`${i + 1}:${describePrefix(cutTo(chain, length))}`];
  });
  return [...named, ...(certificates.length === 0 ? [] : ['CC', ...certificates])].join(' ');
}
