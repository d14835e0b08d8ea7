/** What a scheme that admits says of a graph: yes or no for each node, and a score by which it can be compared with rankings. */

export interface Admissions {
  /** 1 for nodes that are admitted. */
  readonly accepted: Uint8Array;
  /** By node, higher = more honest. */
  readonly scores: Float64Array;
}

/** Who scores at least `least`. */
export function markedAbove(scores: Float64Array, least: number): Uint8Array {
  const marks = new Uint8Array(scores.length);
  for (let node = 0; node < marks.length; node += 1) if ((scores[node] as number) >= least) marks[node] = 1;
  return marks;
}

/** Several verifiers' word: the mean of their scores, and admitted is who more than half of them admit. */
export function combinedAdmissions(nodeCount: number, each: readonly Admissions[]): Admissions {
  const accepted = new Uint8Array(nodeCount);
  const scores = new Float64Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1) {
    let [votes, sum] = [0, 0];
    for (const admissions of each) {
      votes += admissions.accepted[node] as number;
      sum += admissions.scores[node] as number;
    }
    accepted[node] = 2 * votes > each.length ? 1 : 0;
    scores[node] = each.length === 0 ? 0 : sum / each.length;
  }
  return { accepted, scores };
}
