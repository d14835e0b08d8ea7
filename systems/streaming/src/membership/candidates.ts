/**
 * Limited choice of partners (FlightPath, OSDI 2008): the output of the initiator's verifiable random function permits a few
 * partners for a round, among which it picks who is there and free. The contacted runs the same draws and accepts exactly
 * what the chooser may choose: draw number `candidate` must lead to it, and fewer than the permitted number of others may
 * have come before. Draws that hit the chooser itself, a place that nobody has taken, an evicted member or a former draw
 * do not count.
 */

import type { Draws } from '@concordat/crypto';
import { drawPlace, type Tub } from './tubs.ts';

/** What both sides must agree on to agree on the draws. */
export interface DrawingRules {
  readonly tub: Tub;
  /** The chooser's place. */
  readonly own: number;
  /** Places taken, as the chooser says: at least up to its own. */
  readonly taken: number;
  /** Permitted partners. */
  readonly count: number;
  /** True if the member at a place may not be chosen, by evictions that both know. */
  isExcluded(place: number): boolean;
}

/** Partners that the output permits: places, in the order in which they were drawn, and the number of each draw. */
export interface Candidates {
  readonly places: readonly number[];
  readonly draws: readonly number[];
}

/** A newcomer that is alone in its tub misses two thirds of its draws: more than enough for every permitted partner. */
export const MAX_DRAWS = 512;

/** @param draws those of the round, from their beginning (`choice.ts`) */
export function drawCandidates(draws: Draws, rules: DrawingRules): Candidates {
  const [places, numbers]: [number[], number[]] = [[], []];
  for (let i = 0; i < MAX_DRAWS && places.length < rules.count; i++) {
    const place = drawPlace(draws, rules.tub);
    if (!counts(rules, places, place)) continue;
    places.push(place);
    numbers.push(i);
  }
  return { places, draws: numbers };
}

const counts = (rules: DrawingRules, before: readonly number[], place: number): boolean =>
  place !== rules.own && place < rules.taken && !before.includes(place) && !rules.isExcluded(place);

/**
 * True if draw number `candidate` permits the member at `place`. The claim may come from anyone.
 * @param draws those that the chooser has proved, from their beginning
 */
export function permits(draws: Draws, rules: DrawingRules, candidate: number, place: number): boolean {
  if (!Number.isInteger(candidate) || candidate < 0 || candidate >= MAX_DRAWS) return false;
  if (rules.taken <= rules.own || rules.taken > rules.tub.start + rules.tub.size) return false;
  const before: number[] = [];
  for (let i = 0; i < candidate; i++) {
    const drawn = drawPlace(draws, rules.tub);
    if (counts(rules, before, drawn)) before.push(drawn);
  }
  return before.length < rules.count && drawPlace(draws, rules.tub) === place && counts(rules, before, place);
}
