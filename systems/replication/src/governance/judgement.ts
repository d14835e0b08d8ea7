/**
 * Whether a command may change the federation: a pure function of the present configuration and the command, so that
 * all replicas, and anyone offline, judge alike. n - u of the present members' administrators approve; whoever is proven
 * to have lied has no say (DESIGN section 9, rule 12). Any two such sets share r + 1 members, and the first command that
 * the log holds for an epoch wins: approving two is no crime, and the log decides between them.
 */

import { decodeProof, type Proof, verifyProof } from '@concordat/accountability';
import type { Hash, Signatures } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { replicationRules, viewOf } from '../replica/rules.ts';
import { approvalBytes, type Reconfigure } from './command.ts';
import {
  type Associate,
  associateIds,
  associateOf,
  type Configuration,
  configurationProblem,
  configurationQuorums,
  type Delegate,
  delegateOf,
  memberIds,
} from './configuration.ts';
import { epochOf } from './views.ts';

export interface Court {
  readonly cluster: Digest;
  readonly hash: Hash;
  readonly verifyWith: Signatures['verifyWith'];
  /** The configuration of the present or an earlier epoch; null if it is not known here. */
  configurationOf(epoch: number): Configuration | null;
}

/** Why the command is refused, or null: it is approved. */
export function refusalOf(court: Court, present: Configuration, command: Reconfigure): string | null {
  const problem = transitionProblem(present, command.next);
  if (problem !== null) return problem;
  const accused = command.proof.length === 0 ? null : convictOf(court, command.proof);
  if (typeof accused === 'string') return accused;
  if (accused !== null && delegateOf(command.next, accused) !== null)
    return `the next configuration keeps member ${accused}, whom the proof convicts`;
  return approvalProblem(court, present, command, accused);
}

/** Why one configuration cannot follow on another, whoever approves it; or null. */
export function transitionProblem(present: Configuration, next: Configuration): string | null {
  if (next.epoch !== present.epoch + 1)
    return `this is epoch ${present.epoch}, and the command is for epoch ${next.epoch}`;
  if (next.version < present.version)
    return `version ${present.version} of the service is in force, and its state cannot be taken back to version ${next.version}`;
  const left = [
    ...memberIds(present).filter((id) => delegateOf(next, id) === null),
    ...associateIds(present).filter((id) => associateOf(next, id) === null),
  ];
  const retired = [...present.retired, ...left].sort((a, b) => a - b);
  const isComplete =
    retired.length === next.retired.length && retired.every((id, i) => id === next.retired[i]);
  const isShrunk = next.members.length < configurationQuorums(present).members && isSameModel(present, next);
  if (isShrunk) return 'members may not become fewer without a replacement, or lower u and r';
  return isComplete
    ? configurationProblem(next)
    : 'former members and associates stay listed as retired, and nobody else is';
}

const isSameModel = ({ faults: a }: Configuration, { faults: b }: Configuration): boolean =>
  a.u === b.u && a.r === b.r && a.spare === b.spare;

/** Whom a proof convicts, checked with the keys of the epoch that it is about; a reason if it convicts nobody. */
function convictOf(court: Court, bytes: Uint8Array): NodeId | string {
  const proof = decodeProof(bytes);
  if (proof === null) return 'the proof is no proof';
  const verdict = judgeProof(court, proof);
  return verdict.valid ? proof.accused : `the proof does not hold: ${verdict.reason}`;
}

/** Judges a proof about any epoch that the court knows. */
export function judgeProof(court: Court, proof: Proof): ReturnType<typeof verifyProof> {
  const view = viewOf(proof);
  const then = view === null ? null : court.configurationOf(epochOf(view));
  const verify = (signer: NodeId, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const key = then === null ? null : delegateOf(then, signer)?.key;
    return key != null && court.verifyWith(key, bytes, signature);
  };
  return verifyProof(proof, { cluster: court.cluster, verify, rules: replicationRules });
}

function approvalProblem(
  court: Court,
  present: Configuration,
  { next, approvals }: Reconfigure,
  accused: NodeId | null,
): string | null {
  const bytes = approvalBytes(court.hash, court.cluster, next);
  let counted = 0;
  for (const { member, signature } of approvals) {
    const admin = delegateOf(present, member)?.admin;
    if (admin === undefined) return `${member} is no member, so it has nothing to approve`;
    if (!court.verifyWith(admin, bytes, signature)) return `the approval of member ${member} does not hold`;
    if (member !== accused) counted += 1;
  }
  const needed = approvalsNeeded(present, accused);
  return counted >= needed ? null : `${needed} approvals are needed, here are ${counted}`;
}

/** Approvals that n - u members give; the accused is not asked, and where all must approve all others do. */
export function approvalsNeeded(present: Configuration, accused: NodeId | null = null): number {
  const { members, agreement } = configurationQuorums(present);
  return accused === null ? agreement : Math.min(agreement, members - 1);
}

/** What changes, in words for people, in the order in which they would be asked. */
export function changesIn(
  present: Configuration,
  next: Configuration,
  nameOf: (of: Configuration, id: NodeId) => string = (_, id) => `member ${id}`,
): string[] {
  const left = present.members.filter(({ id }) => delegateOf(next, id) === null);
  const joined = next.members.filter(({ id }) => delegateOf(present, id) === null);
  const kept = [...keptOf(present.members, next.members), ...keptOf(present.associates, next.associates)];
  const admitted = next.associates.filter(({ id }) => associateOf(present, id) === null);
  const dismissed = present.associates.filter(({ id }) => associateOf(next, id) === null);
  const { u, r, spare } = next.faults;
  return [
    ...joined.map(({ id }) => `${nameOf(next, id)} joins`),
    ...left.map(({ id }) => `${nameOf(present, id)} leaves`),
    ...kept.filter(isRekeyed).map(([{ id }]) => `${nameOf(present, id)} has new keys`),
    ...kept.filter(isMoved).map(([{ id }]) => `${nameOf(present, id)} has a new contact`),
    ...admitted.map(({ id }) => `${nameOf(next, id)} is admitted, as domain ${id}`),
    ...dismissed.map(({ id }) => `${nameOf(present, id)} is dismissed`),
    ...(isSameModel(present, next) ? [] : [`u = ${u}, r = ${r}${spare > 0 ? `, ${spare} spare` : ''}`]),
    ...(isSameOrder(present, next)
      ? []
      : [`${next.order} ordering${next.speculates ? ', speculating' : ''}`]),
    ...(present.admission === next.admission
      ? []
      : [
          next.admission === 'signature'
            ? 'requests are admitted by signature'
            : 'filter nodes admit requests',
        ]),
    ...(present.version === next.version ? [] : [`version ${next.version} of the service`]),
  ];
}

type Kept = readonly [before: Associate & Partial<Delegate>, after: Associate & Partial<Delegate>];

const keptOf = (present: readonly Associate[], next: readonly Associate[]): Kept[] =>
  next.flatMap((after) => {
    const before = present.find(({ id }) => id === after.id);
    return before === undefined ? [] : [[before, after]];
  });

const isRekeyed = ([{ key, admin = key }, after]: Kept): boolean =>
  !(equalBytes(key, after.key) && equalBytes(admin, after.admin ?? after.key));

const isMoved = ([before, after]: Kept): boolean => !equalBytes(before.contact, after.contact);

const isSameOrder = (a: Configuration, b: Configuration): boolean =>
  a.order === b.order &&
  a.speculates === b.speculates &&
  a.fastCommit === b.fastCommit &&
  a.commitOptimisation === b.commitOptimisation;
