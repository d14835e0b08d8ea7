/**
 * When to look for a gain, and how strictly. Whoever looks after every seed and stops when it suits finds anything in the
 * end. So the looks are fixed beforehand, and the error probability is divided among them: the chance that the bound of
 * any look is wrong is at most the sum of theirs (union bound), whatever made one stop and however the looks depend on
 * each other. Later looks get more, for they decide the hard cases: each twice as much as the one before.
 */

export interface Look {
  /** Seeds seen by then. */
  readonly seeds: number;
  /** What the bound of this look may err with. */
  readonly tail: number;
}

/** Looks at `fewest` seeds, twice as many, and so on until `most`, of error probabilities that add up to `level`. */
export function planLooks(fewest: number, most: number, level: number): readonly Look[] {
  const sizes: number[] = [];
  for (let seeds = fewest; seeds < most; seeds *= 2) sizes.push(seeds);
  sizes.push(Math.max(fewest, most));
  const parts = 2 ** sizes.length - 1;
  return sizes.map((seeds, i) => ({ seeds, tail: (level * 2 ** i) / parts }));
}
