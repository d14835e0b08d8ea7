/** Approvals on their way from administrator to administrator: each adds a signature to a command that is public. */

import type { Digest, NodeId } from '@concordat/kernel';
import { createKeys, type Identity } from '@concordat/runtime';
import { equalBytes } from '@concordat/wire';
import { approvalBytes, type Reconfigure } from '../../governance/command.ts';
import type { Configuration } from '../../governance/configuration.ts';

/** What signs for administrators: apart from the key of their member. */
export type AdminIdentity = Pick<Identity, 'seed' | 'publicKey'>;

/** The member whose administrators have this key, or null. */
export const memberOfAdmin = (present: Configuration, admin: Uint8Array): NodeId | null =>
  present.members.find((one) => equalBytes(one.admin, admin))?.id ?? null;

/** The command with the approval of a member's administrators; one that it has is replaced. */
export function withApproval(
  command: Reconfigure,
  cluster: Digest,
  member: NodeId,
  admin: AdminIdentity,
): Reconfigure {
  const keys = createKeys({ self: member, seed: admin.seed, publicKeys: new Map() });
  const signature = keys.sign(approvalBytes(keys.hash, cluster, command.next));
  const others = command.approvals.filter((one) => one.member !== member);
  return { ...command, approvals: [...others, { member, signature }].sort((a, b) => a.member - b.member) };
}
