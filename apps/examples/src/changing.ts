/**
 * A federation that changes while it runs: an organisation's program proposes that one member be replaced, the
 * administrators approve, and any member submits. Each step may happen on another machine; what travels is public.
 */

import {
  type AdminIdentity,
  approve,
  type Configuration,
  changesOf,
  decodeReconfigure,
  encodeReconfigure,
  type Member,
  type MemberCard,
  type Membership,
  propose,
} from '@concordat/replication/edge';

type AnyMember = Pick<Member<unknown, unknown, unknown, unknown>, 'configuration' | 'govern'>;

/** At whoever wants the change: the proposal as bytes, for a file or a message. */
export function proposeReplacement(present: Configuration, leaves: string, joins: MemberCard): Uint8Array {
  return encodeReconfigure(propose(present, { leave: [leaves], join: [joins] }));
}

/** At each administrator: reads what it changes, and adds an approval if `isWanted` says so. */
export function review(
  bytes: Uint8Array,
  present: Configuration,
  membership: Membership,
  admin: AdminIdentity,
  isWanted: (changes: readonly string[]) => boolean,
): Uint8Array {
  const proposal = decodeReconfigure(bytes);
  if (proposal === null) throw new Error('this is no proposal');
  if (!isWanted(changesOf(present, proposal))) return bytes;
  return encodeReconfigure(approve(proposal, present, membership, admin));
}

/** At any member: what became of it, in words. */
export async function submit(bytes: Uint8Array, member: AnyMember): Promise<string> {
  const proposal = decodeReconfigure(bytes);
  if (proposal === null) throw new Error('this is no proposal');
  const outcome = await member.govern(proposal);
  switch (outcome.status) {
    case 'ok':
      return `epoch ${outcome.value.epoch} begins after slot ${outcome.value.afterSlot}`;
    case 'failed':
      return `${outcome.code}: ${outcome.detail}`;
    case 'unknown':
      return `nobody knows yet (${outcome.why}): look at the epoch`;
  }
}
