/** What the page's script reads: only text, numbers and places, so that nothing in a name can do anything. */

export interface PageNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** On the side of the cut that has fewer of the seeds. */
  readonly isApart: boolean;
  readonly isSeed: boolean;
  /** Friends in the whole graph. */
  readonly degree: number;
  /** Null for accounts that no seed reaches. */
  readonly score: number | null;
  /** Among all judged accounts, 1 the most suspect. */
  readonly place: number | null;
}

export interface PageData {
  /** The account is the first. */
  readonly nodes: readonly PageNode[];
  /** Pairs of places in `nodes`. */
  readonly edges: readonly (readonly [number, number])[];
  /** Judged accounts of the whole graph. */
  readonly judged: number;
}
