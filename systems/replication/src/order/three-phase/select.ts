/**
 * What a new view must re-propose, as a pure function of its VIEW-CHANGEs (PBFT's decision procedure with MACs, TOCS
 * 2002 section 3.2.4, for u and r). A batch may have committed in a slot only if it is selected:
 *
 *   a value d of a slot, prepared in view v according to some message, is selected when
 *     (A1) an agreement quorum claims nothing that conflicts: no prepared value there, an older one, or d itself in v;
 *     (A2) a vouching quorum accepted d in v or later, so that a correct replica saw it proposed;
 *   (F) a value whose latest acceptance all but r messages report, in view v or later, may have committed in v by the
 *       votes of all members (replica/agreement.ts). It is selected unless (A) finds one prepared in v or later, provided that an
 *       agreement quorum has prepared nothing else in v or later: with the highest view wins, as the corrected Zyzzyva
 *       rule has it (arXiv 1801.10022);
 *   (B) a slot for which an agreement quorum has prepared nothing is free: null.
 *
 * Undecided slots need more messages; those of all correct replicas always decide. `select` returns null until then.
 */

import type { Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Quorums } from '../../fault-model.ts';
import type { SlotClaim, ViewChange, Vouch } from '../../replica/messages.ts';
import { highestStable, selectFrom } from '../../replica/selection.ts';
import type { Selection } from '../../replica/state.ts';
import type { SelectQuestion } from '../order-protocol.ts';

export function select({ quorums, changes, genesis, window }: SelectQuestion): Selection | null {
  if (changes.length < quorums.agreement) return null;
  const base = highestStable(changes, genesis);
  const claims = indexClaims(changes);
  const last = Math.min(Math.max(0, ...claims.keys()), base.slot + window);
  return selectFrom(base, last, (slot) => selectSlot(quorums, changes.length, claims.get(slot) ?? []));
}

function indexClaims(changes: readonly ViewChange[]): Map<number, SlotClaim[]> {
  const bySlot = new Map<number, SlotClaim[]>();
  for (const { claims } of changes) {
    for (const claim of claims) {
      const row = bySlot.get(claim.slot);
      if (row === undefined) bySlot.set(claim.slot, [claim]);
      else row.push(claim);
    }
  }
  return bySlot;
}

/** The slot's digest, null if it is free, undefined if these messages do not decide it. */
export function selectSlot(
  quorums: Quorums,
  messages: number,
  claims: readonly SlotClaim[],
): Digest | null | undefined {
  const prepared = certified(quorums, messages, claims);
  const accepted = unanimous(quorums, messages, claims);
  if (accepted !== null && (prepared === null || accepted.view > prepared.view)) {
    const against = claims.filter((claim) => claim.prepared !== null && isAgainst(claim.prepared, accepted));
    return messages - against.length >= quorums.agreement ? accepted.digest : undefined;
  }
  if (prepared !== null) return prepared.digest;
  const silent = messages - claims.filter((claim) => claim.prepared !== null).length;
  return silent >= quorums.agreement ? null : undefined;
}

/** (A) What may have committed through COMMITs: the prepared batch of the highest view that is not contradicted. */
function certified(quorums: Quorums, messages: number, claims: readonly SlotClaim[]): Vouch | null {
  let best: Vouch | null = null;
  for (const { prepared } of claims) {
    if (prepared === null || (best !== null && prepared.view <= best.view)) continue;
    const conflicts = claims.filter(
      (other) => other.prepared !== null && isInConflict(other.prepared, prepared),
    );
    const corroborations = claims.filter((other) =>
      other.accepted.some((vouch) => isOrFollows(vouch, prepared)),
    );
    if (messages - conflicts.length >= quorums.agreement && corroborations.length >= quorums.vouching) {
      best = prepared;
    }
  }
  return best;
}

/** (F) What may have committed because all accepted it, with the highest view in which that is possible. */
function unanimous(quorums: Quorums, messages: number, claims: readonly SlotClaim[]): Vouch | null {
  const needed = messages - quorums.r;
  for (const { accepted } of claims) {
    const digest = accepted[0]?.digest;
    if (digest === undefined) continue;
    const views = claims.flatMap(({ accepted: [latest] }) =>
      latest !== undefined && equalBytes(latest.digest, digest) ? [latest.view] : [],
    );
    const view = views.sort((a, b) => b - a)[needed - 1];
    if (view !== undefined) return { view, digest };
  }
  return null;
}

/** True if a member that prepared `other` in that view would not have, had all accepted `chosen` before. */
const isAgainst = (other: Vouch, chosen: Vouch): boolean =>
  other.view >= chosen.view && !equalBytes(other.digest, chosen.digest);

/** True if having prepared `other` speaks against `chosen` having committed. */
const isInConflict = (other: Vouch, chosen: Vouch): boolean =>
  other.view > chosen.view || (other.view === chosen.view && !equalBytes(other.digest, chosen.digest));

const isOrFollows = (vouch: Vouch, chosen: Vouch): boolean =>
  vouch.view >= chosen.view && equalBytes(vouch.digest, chosen.digest);
