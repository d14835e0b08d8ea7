/**
 * Keys up to symmetry. Whoever exchanges the names of members, or of values, exchanges nothing else: among the keys that a
 * state has under all exchanges, the least stands for all of them.
 */

/** All orders of the numbers below `count`. */
export function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, at) => shorter.toSpliced(at, 0, count - 1)),
  );
}

/** The least of the keys that a state has under the elements of a group. */
export function leastKey<G>(group: readonly G[], keyUnder: (element: G) => string): string {
  let least: string | null = null;
  for (const element of group) {
    const key = keyUnder(element);
    if (least === null || key < least) least = key;
  }
  return least ?? '';
}
