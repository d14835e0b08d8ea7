/**
 * What a peer remembers of its partners: who delivered, who did not answer, who let a trade come to nothing. It decides in which order
 * permitted partners are tried, and who is not served. All of it is this peer's own experience: it proves nothing, is told to nobody,
 * and so cannot slander.
 */

import type { NodeId } from '@concordat/kernel';
import type { FlightState } from './state.ts';

/** A peer, as far as this page is concerned. */
export interface Remembering {
  readonly round: number;
  readonly own: Pick<FlightState, 'lapsed' | 'silent' | 'proven' | 'suspects' | 'failing'>;
}

export type Standing = 'proven' | 'unknown' | 'doubtful';

/** Rounds in which a partner that let a trade come to nothing is tried last and not served. */
const LAPSE_ROUNDS = 200;
/** Rounds in which one that did not answer is tried last. */
const SILENCE_ROUNDS = 40;
/**
 * Rounds in which one that delivered is tried first. Of 500 peers each meets a tenth or more in so many rounds, and so finds one among
 * its nine candidates more often than not.
 */
const PROVEN_ROUNDS = 30;
/** Share of own trades that come to nothing because links are slow at times. */
const USUAL_FAILING = 0.03;

/** True if `who` is remembered for something up to a later round. */
export const isRemembered = (until: ReadonlyMap<NodeId, number>, who: NodeId, round: number): boolean =>
  (until.get(who) ?? Number.NEGATIVE_INFINITY) > round;

export function noteLapse({ own, round }: Remembering, partner: NodeId): void {
  own.lapsed.set(partner, round + LAPSE_ROUNDS);
  own.proven.delete(partner);
}

export function noteSilence({ own, round }: Remembering, partner: NodeId): void {
  own.silent.set(partner, round + SILENCE_ROUNDS);
}

/** New packets came from `partner`: what it had failed to do is forgiven. */
export function noteDelivery({ own, round }: Remembering, partner: NodeId): void {
  own.lapsed.delete(partner);
  own.proven.set(partner, round + PROVEN_ROUNDS);
}

/**
 * How willingly `who` is tried. While all goes well, those who delivered are worth no more than others: newcomers are to be met, too.
 */
export function standingOf({ own, round }: Remembering, who: NodeId): Standing {
  const { suspects, silent, lapsed, proven, failing } = own;
  if (suspects.has(who) || isRemembered(silent, who, round) || isRemembered(lapsed, who, round))
    return 'doubtful';
  return failing > USUAL_FAILING && isRemembered(proven, who, round) ? 'proven' : 'unknown';
}

/** Forgets what is too old to matter. */
export function forgetPartners({ own, round }: Remembering): void {
  for (const memory of [own.lapsed, own.silent, own.proven])
    for (const [id, until] of memory) if (until <= round) memory.delete(id);
}
