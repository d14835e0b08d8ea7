/** What an experiment asserts: a figure, the bound that it must keep, and what the paper has in its place. */

export interface Finding {
  /** A sentence that the figure makes true or false. */
  readonly claim: string;
  readonly figure: number;
  /** The bound in words. */
  readonly bound: string;
  readonly holds: boolean;
  /** What was published, where it was. */
  readonly published?: string;
  /** What a reader must know to compare the two. */
  readonly remark?: string;
  /** Why the bound is known to be missed. */
  readonly missedBecause?: string;
}

type Context = Pick<Finding, 'published' | 'remark' | 'missedBecause'>;

/** A bound that does not hold and should, or one that is held for missed and is not any more. */
export const isSurprise = ({ holds, missedBecause }: Finding): boolean =>
  holds === (missedBecause !== undefined);

export const atLeast = (claim: string, figure: number, least: number, context: Context = {}): Finding => ({
  claim,
  figure,
  bound: `at least ${least}`,
  holds: figure >= least,
  ...context,
});

export const atMost = (claim: string, figure: number, most: number, context: Context = {}): Finding => ({
  claim,
  figure,
  bound: `at most ${most}`,
  holds: figure <= most,
  ...context,
});

/** Equal but for what floating-point numbers lose. */
export const exactly = (claim: string, figure: number, value: number, context: Context = {}): Finding => ({
  claim,
  figure,
  bound: `exactly ${value}`,
  holds: Math.abs(figure - value) <= 1e-9 * Math.max(1, Math.abs(value)),
  ...context,
});

/** A number as people read it: whole when large, three digits that count when small. */
export const inWords = (figure: number): string =>
  Number.isInteger(figure) || Math.abs(figure) >= 1000
    ? Math.round(figure).toLocaleString('en')
    : String(Number(figure.toPrecision(3)));
