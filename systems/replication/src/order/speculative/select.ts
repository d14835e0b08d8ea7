/**
 * What a new view begins with in speculative ordering: each slot by the corrected rule (`select-slot.ts`). Certificates and
 * votes stand for whole logs, and each message brings its log's digests, so a slot is decided on its own: whoever voted
 * for a slot that completed has voted for the same in all slots before it.
 */

import type { Digest } from '@concordat/kernel';
import type { Quorums } from '../../fault-model.ts';
import { certifiedEnd } from '../../replica/certified.ts';
import type { CommitCertificate, SlotClaim, ViewChange } from '../../replica/messages.ts';
import { highestStable, selectFrom } from '../../replica/selection.ts';
import type { Selection } from '../../replica/state.ts';
import type { SelectQuestion } from '../order-protocol.ts';
import { type SpeculativeClaim, selectSlot, type Vote } from './select-slot.ts';

/** What one VIEW-CHANGE says, ready to be asked by slot. */
interface Told {
  readonly base: number;
  readonly claims: ReadonlyMap<number, SlotClaim>;
  readonly certificate: CommitCertificate | null;
  /** The last slot that the certificate covers. */
  readonly end: number;
}

/** What one slot gets; null for anything. All certificates are valid, or their messages would not be here. */
export type SlotRule = (quorums: Quorums, claims: readonly SpeculativeClaim[]) => Digest | null;

export const select = (question: SelectQuestion): Selection | null =>
  selectBy((quorums, claims) => selectSlot(quorums, claims, () => true).digest, question);

/** The same by any rule for a slot: the published ones are tried so. */
export function selectBy(
  rule: SlotRule,
  { quorums, changes, genesis, window }: SelectQuestion,
): Selection | null {
  if (changes.length < quorums.agreement) return null;
  const base = highestStable(changes, genesis);
  const all = changes.map((change) => toldBy(change, genesis.slot));
  const last = Math.min(Math.max(...all.map(lastSlot)), base.slot + window);
  return selectFrom(base, last, (slot) =>
    rule(
      quorums,
      all.map((told) => claimIn(told, slot)),
    ),
  );
}

const toldBy = ({ stable, claims, certificate }: ViewChange, genesis: number): Told => ({
  base: stable[0]?.slot ?? genesis,
  claims: new Map(claims.map((claim) => [claim.slot, claim])),
  certificate,
  end: certificate === null ? 0 : certifiedEnd(certificate),
});

const lastSlot = ({ claims, end }: Told): number => Math.max(end, ...claims.keys());

function claimIn({ base, claims, certificate, end }: Told, slot: number): SpeculativeClaim {
  const latest = claims.get(slot)?.accepted[0] ?? null;
  const digest = slot <= end ? certificate?.digests[slot - base - 1] : undefined;
  const certified: Vote | null =
    digest === undefined || certificate === null ? null : { view: certificate.view, digest };
  return { latest, certificate: certified };
}
