/**
 * What convicts in replication: two proposals for one slot of one view, and two NEW-VIEWs for one view, each pair signed by
 * one incarnation with different contents. No honest run can produce either: a primary proposes a slot once, enters its
 * view durably before it proposes, and never leads it after a restart.
 */

import type { Proof, Rule } from '@concordat/accountability';
import { DIGEST_BYTES } from '@concordat/crypto';
import { createReader, equalBytes } from '@concordat/wire';
import { NEW_VIEW, PROPOSAL } from './statements.ts';

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

export const TWO_PROPOSALS: Rule = {
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

export const TWO_NEW_VIEWS: Rule = {
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

/** The view that a proof is about, which tells its epoch; null if its statements are none of replication's. */
export function viewOf({ statements: [{ kind, body }] }: Proof): number | null {
  if (kind === PROPOSAL) return readProposal(body)?.view ?? null;
  return kind === NEW_VIEW ? (readNewView(body)?.view ?? null) : null;
}

/** The place that a proof is about, so that each is noted once. */
export function placeOf({ rule, statements: [{ body }] }: Proof): string {
  if (rule === TWO_NEW_VIEWS.name) return `${readNewView(body)?.view}`;
  const place = readProposal(body);
  return `${place?.view}-${place?.slot}`;
}
