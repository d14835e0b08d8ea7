/**
 * What links carried before (SumUp, section 5): each bogus vote that the collector points out counts against every link of its path. Links
 * that are blamed for much of what they may carry get fewer tickets, and in the end none of their votes count: an attack edge is used
 * up by a handful of bogus votes, while the wide links near the collector, which carry everybody's, hardly notice.
 */

export interface LinkHistory {
  /** By arc towards the collector: bogus votes over capacity, summed over collections. */
  readonly blame: Float64Array;
  /** Blame at which a link is closed; infinite: feedback is off. */
  readonly eliminatesAt: number;
}

/** Five times its capacity in bogus votes closes a link. */
export function createLinkHistory(arcCount: number, eliminatesAt = 5): LinkHistory {
  return { blame: new Float64Array(arcCount), eliminatesAt };
}

export function isEliminated({ blame, eliminatesAt }: LinkHistory, arc: number): boolean {
  return (blame[arc] as number) >= eliminatesAt;
}

/** What a link counts for when tickets are split: half for each time its capacity was spent on bogus votes. */
export function weightOf({ blame, eliminatesAt }: LinkHistory, arc: number): number {
  const blamed = blame[arc] as number;
  return blamed === 0 || eliminatesAt === Number.POSITIVE_INFINITY ? 1 : 0.5 ** blamed;
}

/** Notes that the vote that took `path` was bogus; `capacities` are those under which it was collected. */
export function blamePath({ blame }: LinkHistory, path: Uint32Array, capacities: Int32Array): void {
  for (const arc of path) blame[arc]! += 1 / (capacities[arc] as number);
}
