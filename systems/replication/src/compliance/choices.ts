/** Ways to choose, where order does not matter: what members become, what liars say, who is heard. */

/** `count` of the items in any order, also repeated. */
export function choices<T>(items: readonly T[], count: number): T[][] {
  let sized: { readonly chosen: T[]; readonly from: number }[] = [{ chosen: [], from: 0 }];
  for (let size = 0; size < count; size++)
    sized = sized.flatMap(({ chosen, from }) =>
      items.slice(from).map((item, i) => ({ chosen: [...chosen, item], from: from + i })),
    );
  return sized.map(({ chosen }) => chosen);
}

/** Different groups of between `fewest` and `most` of these, which are in ascending order. */
export function subsets(items: readonly number[], fewest: number, most: number): number[][] {
  const found = new Map<string, number[]>();
  for (let set = 0; set < 1 << items.length; set++) {
    const group = items.filter((_, i) => (set & (1 << i)) !== 0);
    if (group.length >= fewest && group.length <= most) found.set(group.join(), group);
  }
  return [...found.values()];
}

/**
 * Every group, in ascending order, that arises when each item becomes one of its `options`. Items come in ascending order;
 * equal ones choose in the order of their options, so that few groups come twice.
 */
export function* eachBecomes(
  items: readonly number[],
  options: (item: number) => readonly number[],
): Iterable<number[]> {
  const lists = items.map(options);
  const places = items.map(() => 0);
  for (;;) {
    yield places.map((place, i) => lists[i]?.[place] ?? 0).sort((a, b) => a - b);
    let i = items.length - 1;
    while (i >= 0 && (places[i] ?? 0) + 1 >= (lists[i]?.length ?? 0)) i--;
    if (i < 0) return;
    places[i] = (places[i] ?? 0) + 1;
    for (let later = i + 1; later < items.length; later++)
      places[later] = items[later] === items[later - 1] ? (places[later - 1] ?? 0) : 0;
  }
}

/** The same for items that are told apart by a key of a whole group, in any order. */
export function eachBecomesOne<T>(
  items: readonly T[],
  options: (item: T) => readonly T[],
  keyOf: (group: readonly T[]) => string,
): T[][] {
  let groups: T[][] = [[]];
  for (const item of items) {
    const next = new Map<string, T[]>();
    for (const group of groups)
      for (const option of options(item)) next.set(keyOf([...group, option]), [...group, option]);
    groups = [...next.values()];
  }
  return groups;
}
