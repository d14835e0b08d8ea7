/**
 * Which filter nodes there are, and what so many of them prove (UpRight, SOSP 2009: u + r + max(u, r) + 1 of them). Each has an id
 * of its own as a participant, and the identity of one member, or its own where it is a machine apart. The matrix of a request has
 * a row for each filter node and a column for each replica (DISC 2008, in its rectangular form).
 */

import { type MatrixShape, rectangularShape } from '@concordat/crypto';
import { assert, MAX_MEMBERS, type NodeId, type Submitter } from '@concordat/kernel';
import type { Quorums } from '../../fault-model.ts';

/**
 * The matrix that `filters` nodes make. u of them may be silent, and the rest must still be able to make one that everybody
 * believes: so f liars among them need more than 3f.
 */
export function filterShape(quorums: Quorums, filters = quorums.filters): MatrixShape {
  const { u, r, members, sound, transferable } = quorums;
  assert(filters - u >= transferable, 'a matrix needs u + r + max(u, r) + 1 filter nodes');
  return rectangularShape({ rows: filters, columns: members, sufficient: sound, complete: transferable }, r);
}

/** Filter nodes' ids are above all that members and executors may ever have. */
const FIRST_FILTER: NodeId = 2 * MAX_MEMBERS + 1;

export const filterId = (filter: number): NodeId => FIRST_FILTER + filter;

/** Which filter node a participant is, or null if it is none. */
export function filterOf({ filters }: Quorums, id: NodeId): number | null {
  const filter = id - FIRST_FILTER;
  return filter >= 0 && filter < filters ? filter : null;
}

/** Whose identity a filter node has: its own where it is a machine apart, with executors; otherwise that of a member. */
export function identityOf(members: readonly NodeId[], filter: number, isApart = false): NodeId {
  const id = isApart ? filterId(filter) : members[filter];
  assert(id !== undefined, 'a filter node beside a replica has the identity of a member');
  return id;
}

/** Who sends a client's large bodies to the replicas. */
export const designatedFor = ({ filters }: Quorums, { client }: Submitter): number => (client + 1) % filters;

/** Whom a client asks first: enough, the designated one among them, and others for other clients. */
export const firstAsked = (quorums: Quorums, submitter: Submitter): number[] =>
  Array.from(
    { length: quorums.transferable },
    (_, i) => (designatedFor(quorums, submitter) + i) % quorums.filters,
  );

export const allFilters = ({ filters }: Pick<Quorums, 'filters'>): number[] =>
  Array.from({ length: filters }, (_, i) => i);
