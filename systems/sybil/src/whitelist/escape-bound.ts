/**
 * How much of a set found by personalised PageRank can be Sybil. Derived here, along the lines of Andersen, Chung, Lang (FOCS 2006, section 4):
 *
 * A lazy walk from honest accounts drawn by degree, in proportion to d(u) / vol(H), is at no time at any node u with more than
 * d(u) / vol(H), so in each step at most g / (2 vol(H)) of it crosses the attack edges of weight g. It makes (1 - a) / a steps on average
 * before it starts over. So the mass on all Sybils together is at most
 *
 *     escape = (1 - a) / (2 a) x g / vol(H).
 *
 * Pushes only underestimate. In a set whose members all hold at least t for each unit of degree, Sybils of volume v hold at least t v;
 * so Sybils inside have a volume, and with whole weights a number, of at most escape / t. Both grow with g alone, not with the number of Sybils.
 *
 * For a seed that the attacker can foresee this says nothing: he puts his edges beside it. Half of all seeds by volume are within twice
 * the bound (Markov), and a list of several seeds has their mean.
 */

export interface EscapeBound {
  /** Mass on all Sybils, at most, for each unit of weight of attack edges. */
  readonly escapePerUnit: number;
  /** The least mass by degree of a member of the set. */
  readonly leastDensity: number;
  /** Volume of Sybils in the set, at most, for each unit of weight of attack edges. */
  readonly sybilVolumePerUnit: number;
  /** What has to be true for it. */
  readonly assumption: string;
}

/** The bound where honest accounts have a volume of `honestVolume` and walks start over with probability `restart`. */
export function escapeBound(restart: number, honestVolume: number, leastDensity: number): EscapeBound {
  const escapePerUnit = (1 - restart) / (2 * restart * honestVolume);
  return {
    escapePerUnit,
    leastDensity,
    sybilVolumePerUnit: escapePerUnit / leastDensity,
    assumption:
      'in expectation over seeds drawn by degree from honest accounts that the attacker did not know; ' +
      `honest accounts have a volume of at least ${honestVolume}`,
  };
}
