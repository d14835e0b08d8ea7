/** What can be wrong with a file of edges. Files come from outside: a problem is a value, with the line that has it. */

export type ProblemKind =
  | 'line-too-long'
  | 'missing-column'
  | 'open-quote'
  | 'not-a-node'
  | 'negative-node'
  | 'huge-node'
  | 'long-name'
  | 'not-a-weight'
  | 'weight-not-positive'
  | 'not-a-time'
  | 'too-many-nodes'
  | 'too-many-edges'
  | 'unknown-column';

export interface ReadProblem {
  readonly kind: ProblemKind;
  /** From 1 on, in the unpacked file. */
  readonly line: number;
  /** What stands there, at most 60 characters; or the limit that is passed. */
  readonly found: string;
}

const SENTENCES: Record<ProblemKind, (found: string) => string> = {
  'line-too-long': (found) => `a line is longer than ${found} bytes`,
  'missing-column': (found) => `there is no column for ${found}`,
  'open-quote': (found) => `a quote is not closed: ${found}`,
  'not-a-node': (found) => `'${found}' is not a node number (nodes with other names: choose text)`,
  'negative-node': (found) => `the node number ${found} is negative`,
  'huge-node': (found) => `the node number ${found} is above 2^53 - 1`,
  'long-name': (found) => `the name of a node is longer than ${found} bytes, or empty`,
  'not-a-weight': (found) => `'${found}' is not a finite weight`,
  'weight-not-positive': (found) =>
    `the weight ${found} is not above zero (signed ratings: choose to keep the positive ones)`,
  'not-a-time': (found) => `'${found}' is not a time`,
  'too-many-nodes': (found) => `there are more than ${found} nodes`,
  'too-many-edges': (found) => `there are more than ${found} edges`,
  'unknown-column': (found) => `the header has no column named '${found}'`,
};

/** One sentence, without the line. */
export const describeProblem = ({ kind, found }: ReadProblem): string => SENTENCES[kind](found);
