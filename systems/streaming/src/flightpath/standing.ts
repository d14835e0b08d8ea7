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
  readonly own: Pick<FlightState, 'lapsed' | 'silent' | 'proven' | 'suspects' | 'failing' | 'patience'>;
}

export type Standing = 'proven' | 'unknown' | 'doubtful';

/** Rounds in which a partner that let a trade come to nothing is tried last and not served: each time twice as long, up to about an hour. */
const LAPSE_ROUNDS = 200;
const LONGEST_LAPSE_ROUNDS = 16 * LAPSE_ROUNDS;
/** What is noted within so many rounds is about one trade. */
const ONE_TRADE_ROUNDS = 4;
/** Rounds in which one that did not answer is tried last. */
const SILENCE_ROUNDS = 40;
/**
 * Rounds in which one that delivered is tried first. Of 500 peers each meets a tenth or more in so many rounds, and so finds one among
 * its nine candidates more often than not.
 */
const PROVEN_ROUNDS = 30;
/** Share of own trades that come to nothing because links are slow at times. */
const USUAL_FAILING = 0.03;

/**
 * How much longer a step is waited for than usual. It grows if more than one delivery in eight is late: then links are slow, and asking
 * elsewhere would bring most packets twice. Fewer than these that are late on purpose do not slow a peer down.
 */
const MOST_PATIENCE = 2.3;
const MORE_PATIENT = 1.25;
const LESS_PATIENT = 0.97;

/** Trades that came to nothing by one partner. */
export interface Lapse {
  readonly since: number;
  readonly rounds: number;
}

/** True if `who` is tried last and not served. */
export function hasLapsed({ own, round }: Remembering, who: NodeId): boolean {
  const lapse = own.lapsed.get(who);
  return lapse !== undefined && lapse.since + lapse.rounds > round;
}

/** True if `who` is remembered for something up to a later round. */
const isRemembered = (until: ReadonlyMap<NodeId, number>, who: NodeId, round: number): boolean =>
  (until.get(who) ?? Number.NEGATIVE_INFINITY) > round;

export function noteLapse({ own, round }: Remembering, partner: NodeId): void {
  own.proven.delete(partner);
  const before = own.lapsed.get(partner);
  if (before !== undefined && round - before.since < ONE_TRADE_ROUNDS) return;
  const rounds = before === undefined ? LAPSE_ROUNDS : Math.min(2 * before.rounds, LONGEST_LAPSE_ROUNDS);
  own.lapsed.set(partner, { since: round, rounds });
}

export function noteSilence({ own, round }: Remembering, partner: NodeId): void {
  own.silent.set(partner, round + SILENCE_ROUNDS);
}

/** New packets came from `partner`: what it had failed to do is forgiven. If it was only late, this peer waits longer from now on. */
export function noteDelivery({ own, round }: Remembering, partner: NodeId): void {
  const isLate = own.lapsed.get(partner)?.since === round;
  own.patience = isLate
    ? Math.min(MOST_PATIENCE, own.patience * MORE_PATIENT)
    : Math.max(1, own.patience * LESS_PATIENT);
  own.lapsed.delete(partner);
  own.proven.set(partner, round + PROVEN_ROUNDS);
}

/**
 * How willingly `who` is tried. While all goes well, those who delivered are worth no more than others: newcomers are to be met, too.
 */
export function standingOf(peer: Remembering, who: NodeId): Standing {
  const { own, round } = peer;
  const { suspects, silent, proven, failing } = own;
  if (suspects.has(who) || isRemembered(silent, who, round) || hasLapsed(peer, who)) return 'doubtful';
  return failing > USUAL_FAILING && isRemembered(proven, who, round) ? 'proven' : 'unknown';
}

/** Forgets what is too old to matter. */
export function forgetPartners({ own, round }: Remembering): void {
  for (const memory of [own.silent, own.proven])
    for (const [id, until] of memory) if (until <= round) memory.delete(id);
  // How long it was is of use as long again: for the next time.
  for (const [id, { since, rounds }] of own.lapsed) if (since + 2 * rounds <= round) own.lapsed.delete(id);
}
