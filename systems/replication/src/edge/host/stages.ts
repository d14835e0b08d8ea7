/**
 * The nodes of a cluster and the numbers by which protocols know them: members, who order; with presets that execute apart,
 * executors beside them (../../executor), and filter nodes before them where requests pass these (../../admission); and outside
 * clients. A node's number is also the domain that it signs, or authenticates, for.
 */

import type { NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { allFilters, filterId } from '../../admission/request-quorum/filters.ts';
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

/** Everyone who has a card: members, executors, filter nodes, outside clients. */
export const cardsIn = ({
  members,
  executors = [],
  filters = [],
  clients = [],
}: Membership): readonly ClientCard[] => [...members, ...executors, ...filters, ...clients];

/** The numbers of executors. */
export const executorsIn = ({ executors = [] }: Membership): readonly NodeId[] =>
  executorIds({ executors: executors.length });

/** The numbers of filter nodes. */
export const filtersIn = ({ filters = [] }: Membership): readonly NodeId[] =>
  allFilters({ filters: filters.length }).map(filterId);

const hasKey = (cards: readonly MemberCard[], publicKey: Uint8Array): boolean =>
  cards.some(({ key }) => key === toHex(publicKey));

/** True if this key is on an executor's card. */
export const isExecutor = ({ executors = [] }: Membership, publicKey: Uint8Array): boolean =>
  hasKey(executors, publicKey);

/** True if this key is on a filter node's card. */
export const isFilter = ({ filters = [] }: Membership, publicKey: Uint8Array): boolean =>
  hasKey(filters, publicKey);

/** Who orders, who executes beside them, and who filters before them, by number. */
export function nodesIn(membership: Membership): Map<NodeId, MemberCard> {
  const { members, executors = [], filters = [] } = membership;
  const numbered = (ids: readonly NodeId[], cards: readonly MemberCard[]) =>
    cards.map((card, i): [NodeId, MemberCard] => [ids[i] as NodeId, card]);
  return new Map([
    ...members.entries(),
    ...numbered(executorsIn(membership), executors),
    ...numbered(filtersIn(membership), filters),
  ]);
}

/** Everyone by the domain that it signs for. */
export function domainsIn(membership: Membership): Map<NodeId, ClientCard> {
  const first = firstClientOf(membership);
  const outside = (membership.clients ?? []).map((card, i): [NodeId, ClientCard] => [first + i, card]);
  return new Map<NodeId, ClientCard>([...nodesIn(membership), ...outside]);
}

/** A preset, and the fault model that it runs. */
export interface Composition {
  readonly preset: Preset;
  readonly faults: FaultModel;
}

/** How many nodes each stage has. */
export function nodeCounts({
  preset,
  faults,
}: Composition): Record<'members' | 'executors' | 'filters', number> {
  const { members, executors, filters } = quorumsOf(faults);
  const { executes, admission } = preset.settings;
  const isApart = executes === false;
  return {
    members,
    executors: isApart ? executors : 0,
    filters: isApart && admission === 'request-quorum' ? filters : 0,
  };
}

/** What is wrong with the executors of a membership, or null: they are there exactly where members do not execute. */
export function executorsProblem(
  { u, r, executors = [] }: Membership,
  composition: Composition,
): string | null {
  const { preset } = composition;
  const { executors: wanted } = nodeCounts(composition);
  if (executors.length === wanted) return null;
  return wanted === 0
    ? `members execute with the preset ${preset.name}: it has no executors beside them, here are ${executors.length}`
    : `u = ${u} and r = ${r} need ${wanted} executors beside the members with the preset ${preset.name}, here are ${executors.length}`;
}

/**
 * What is wrong with the filter nodes of a membership, or null: they are there exactly where members order references, and no
 * commands change who they believe.
 */
export function filtersProblem(
  { u, r, members, executors = [], filters = [] }: Membership,
  composition: Composition,
): string | null {
  const { preset } = composition;
  const { filters: wanted } = nodeCounts(composition);
  if (filters.length !== wanted)
    return wanted === 0
      ? `the preset ${preset.name} has no filter nodes apart from its members, here are ${filters.length}`
      : `u = ${u} and r = ${r} need ${wanted} filter nodes apart from the members with the preset ${preset.name}, here are ${filters.length}`;
  const cards = wanted > 0 ? [...members, ...executors, ...filters] : [];
  return cards.some(({ admin }) => admin !== undefined)
    ? 'filter nodes apart from the members do not follow a change of these: where there are some, no card has an admin key'
    : null;
}
