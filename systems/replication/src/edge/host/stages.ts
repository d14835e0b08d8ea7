/**
 * The nodes of a cluster and the numbers by which protocols know them: members, who order; with presets that execute apart,
 * executors beside them (../../executor); and outside clients. A node's number is also the domain that it signs for.
 */

import type { NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { executorIds } from '../../config.ts';
import { type FaultModel, quorumsOf } from '../../fault-model.ts';
import type { Preset } from '../../presets/index.ts';
import type { ClientCard, MemberCard, Membership } from './membership.ts';

/** Where members come and go, or executors have numbers above theirs, clients come after all that there can be. */
const FIRST_BEYOND_NODES = 128;

/** True if commands can change the federation. */
export const isGoverned = ({ members }: Membership): boolean => members[0]?.admin !== undefined;

export const executesApart = ({ executors = [] }: Membership): boolean => executors.length > 0;

/** The domain of the first outside client. */
export const firstClientOf = (membership: Membership): number =>
  isGoverned(membership) || executesApart(membership) ? FIRST_BEYOND_NODES : membership.members.length;

/** Everyone who has a card: members, executors, outside clients. */
export const cardsIn = ({ members, executors = [], clients = [] }: Membership): readonly ClientCard[] => [
  ...members,
  ...executors,
  ...clients,
];

/** The numbers of executors. */
export const executorsIn = ({ executors = [] }: Membership): readonly NodeId[] =>
  executorIds({ executors: executors.length });

/** True if this key is on an executor's card. */
export const isExecutor = ({ executors = [] }: Membership, publicKey: Uint8Array): boolean =>
  executors.some(({ key }) => key === toHex(publicKey));

/** Who orders, and who executes beside them, by number. */
export function nodesIn(membership: Membership): Map<NodeId, MemberCard> {
  const { members, executors = [] } = membership;
  const ids = executorsIn(membership);
  return new Map([
    ...members.entries(),
    ...executors.map((card, i): [NodeId, MemberCard] => [ids[i] as NodeId, card]),
  ]);
}

/** Everyone by the domain that it signs for. */
export function domainsIn(membership: Membership): Map<NodeId, ClientCard> {
  const first = firstClientOf(membership);
  const outside = (membership.clients ?? []).map((card, i): [NodeId, ClientCard] => [first + i, card]);
  return new Map<NodeId, ClientCard>([...nodesIn(membership), ...outside]);
}

/** What is wrong with the executors of a membership, or null: they are there exactly where members do not execute. */
export function executorsProblem(
  { u, r, executors = [] }: Membership,
  { preset, faults }: { readonly preset: Preset; readonly faults: FaultModel },
): string | null {
  const wanted = preset.settings.executes === false ? quorumsOf(faults).executors : 0;
  if (executors.length === wanted) return null;
  return wanted === 0
    ? `members execute with the preset ${preset.name}: it has no executors beside them, here are ${executors.length}`
    : `u = ${u} and r = ${r} need ${wanted} executors beside the members with the preset ${preset.name}, here are ${executors.length}`;
}
