/**
 * Scenarios of Twins (Bano et al., Twins: BFT systems made robust, OPODIS 2021; its bounds from memory): four members, one of
 * which exists twice, and rounds, each with a leader and a partition. Both copies lead where the leader is their identity.
 * Pruned as there: at most two partitions. As text a round is its leader and its partitions, the second copy called t:
 * `1:01|23t 0:012t3`.
 *
 * Up to symmetry: the other three members may change names, and so may the two copies. The numbers of views differ then,
 * and the order of what happens at the same time, but not what can happen.
 */

import { permutations } from '@concordat/check';
import { createPrng, type NodeId } from '@concordat/kernel';

export const MEMBERS = 4;
/** The member that exists twice. */
export const TWIN: NodeId = 0;
/** Places in a partition: the members in order, then the second copy. */
export const PLACES = MEMBERS + 1;
const PLACE_NAMES = '0123t';

export interface Round {
  readonly leader: NodeId;
  /** The places that are not in the first copy's partition, as a set of bits; the first copy's is never set. */
  readonly away: number;
}

export type Scenario = readonly Round[];

const SIDES = 2 ** (PLACES - 1);
/** Different rounds; each is a number below. */
export const ROUNDS = MEMBERS * SIDES;

const codeOf = ({ leader, away }: Round): number => leader * SIDES + away / 2;
const roundOf = (code: number): Round => ({
  leader: Math.floor(code / SIDES),
  away: (code % SIDES) * 2,
});

/** The places on either side. */
export function partitionsOf({ away }: Round): readonly (readonly number[])[] {
  const places = Array.from({ length: PLACES }, (_, place) => place);
  const isAway = (place: number): boolean => (away & (1 << place)) !== 0;
  return [places.filter((place) => !isAway(place)), places.filter(isAway)].filter(({ length }) => length > 0);
}

export const describeScenario = (scenario: Scenario): string =>
  scenario
    .map((round) => {
      const sides = partitionsOf(round).map((side) => side.map((place) => PLACE_NAMES[place]).join(''));
      return `${round.leader}:${sides.join('|')}`;
    })
    .join(' ');

/** The scenario that a text describes, exactly as `describeScenario` would; null for anything else. */
export function parseScenario(text: string): Scenario | null {
  const scenario = text.split(' ').map((part) => {
    const [leader = '', sides = ''] = part.split(':');
    const away = [...(sides.split('|')[1] ?? '')].map((name) => PLACE_NAMES.indexOf(name));
    return { leader: Number(leader), away: away.reduce((set, place) => set | (1 << Math.max(place, 0)), 0) };
  });
  return describeScenario(scenario) === text && scenario.every(isRound) ? scenario : null;
}

const isRound = ({ leader, away }: Round): boolean =>
  Number.isInteger(leader) && leader >= 0 && leader < MEMBERS && (away & 1) === 0;

/** Each symmetry, as what it makes of a round. */
const SYMMETRIES: readonly (readonly number[])[] = permutations(MEMBERS - 1).flatMap((order) =>
  [false, true].map((isSwapped) =>
    Array.from({ length: ROUNDS }, (_, code) => codeOf(renamed(roundOf(code), order, isSwapped))),
  ),
);

/** A round whose other members and, perhaps, copies have changed names. */
function renamed({ leader, away }: Round, order: readonly number[], isSwapped: boolean): Round {
  const nameOf = (place: number): number => {
    if (place === TWIN || place === MEMBERS) return isSwapped ? MEMBERS - place : place;
    return (order[place - 1] ?? 0) + 1;
  };
  let set = 0;
  for (let place = 0; place < PLACES; place++) if ((away & (1 << place)) !== 0) set |= 1 << nameOf(place);
  // Sides are told apart by where the first copy is.
  if ((set & 1) !== 0) set ^= 2 ** PLACES - 1;
  return { leader: leader === TWIN ? TWIN : nameOf(leader), away: set };
}

/** How many scenarios of this many rounds there are up to symmetry: orbits, by Burnside's lemma. */
export function countScenarios(rounds: number): number {
  const kept = SYMMETRIES.map((map) => map.filter((image, code) => image === code).length ** rounds);
  return kept.reduce((sum, count) => sum + count) / SYMMETRIES.length;
}

/** True if no scenario with other names comes first. */
function isFirstOfItsKind(codes: readonly number[]): boolean {
  return SYMMETRIES.every((map) => {
    const at = codes.findIndex((code) => map[code] !== code);
    return at < 0 || (map[codes[at] ?? 0] ?? 0) > (codes[at] ?? 0);
  });
}

/** Steps of a Feistel network: enough that neighbours have nothing in common. */
const SHUFFLES = 4;

/** A permutation of the numbers below ROUNDS ** rounds, the same every time: the order in which scenarios are tried. */
function shuffled(index: number, rounds: number): number {
  const half = Math.sqrt(ROUNDS) ** rounds;
  let left = Math.floor(index / half);
  let right = index % half;
  for (let step = 0; step < SHUFFLES; step++) {
    const noise = createPrng(right, `twins ${step}`).below(half);
    [left, right] = [right, (left + noise) % half];
  }
  return left * half + right;
}

export interface Numbered {
  /** Its place in the order of trial. */
  readonly index: number;
  readonly scenario: Scenario;
}

/** Scenarios from an index on, one of each kind: all of them, if nobody stops. */
export function* scenariosFrom(index: number, rounds: number): Iterable<Numbered> {
  for (let at = index; at < ROUNDS ** rounds; at++) {
    let rest = shuffled(at, rounds);
    const codes = Array.from({ length: rounds }, () => {
      const code = rest % ROUNDS;
      rest = Math.floor(rest / ROUNDS);
      return code;
    });
    if (isFirstOfItsKind(codes)) yield { index: at, scenario: codes.map(roundOf) };
  }
}
