/**
 * How a file of edges is laid out: what tells fields apart, whether it has a header, which columns count, and whether nodes are numbers
 * or names. What the options leave open is told from the first two lines with data.
 */

import { type Delimiter, type Fields, NOT_A_NUMBER, splitLine, textAt, wholeNumberAt } from './fields.ts';

/** A column by its place, from 0 on, or by its name in the header. */
export type Column = number | string;

export interface EdgeFileOptions {
  /** ' ' is runs of spaces and tabs. */
  readonly delimiter?: Delimiter;
  readonly hasHeader?: boolean;
  readonly nodes?: 'numbers' | 'text';
  /** Default 0 and 1. */
  readonly source?: Column;
  readonly target?: Column;
  /** Default none: all edges weigh 1. */
  readonly weight?: Column;
  /** Default none; times stand beside the edges and are any finite numbers. */
  readonly time?: Column;
  /** Weights of zero or less: a problem, or (signed ratings) edges that are left out and counted. Default problem. */
  readonly notPositive?: 'problem' | 'skip';
  /** Lines with problems that are passed over; default 0. */
  readonly tolerated?: number;
  readonly isDirected?: boolean;
  readonly limits?: Partial<ReadLimits>;
  /** For the slots of names; drawn by whoever opens a file from outside. */
  readonly seed?: number;
}

export interface ReadLimits {
  readonly lineBytes: number;
  readonly nameBytes: number;
  readonly nodes: number;
  readonly edges: number;
}

/** A line of a graph has a few numbers; a hundred million edges take 4 GB to build. */
export const DEFAULT_READ_LIMITS: ReadLimits = {
  lineBytes: 65_536,
  nameBytes: 1024,
  nodes: 2 ** 26,
  edges: 200_000_000,
};

export interface Layout {
  readonly delimiter: Delimiter;
  readonly hasHeader: boolean;
  readonly nodes: 'numbers' | 'text';
  /** Places of the columns; -1: none. */
  readonly source: number;
  readonly target: number;
  readonly weight: number;
  readonly time: number;
}

/** Columns that are looked at; what lies beyond is not even cut. */
export const MAX_COLUMNS = 256;

/** A comma or a semicolon in the line, else blanks. */
function delimiterOf(line: Uint8Array): Delimiter {
  if (line.includes(0x2c)) return ',';
  return line.includes(0x3b) ? ';' : ' ';
}

/** How many of the two ends of a line's edge are numbers. Negative and huge ones are numbers too, to be told as such. */
function numbersIn(line: Uint8Array, fields: Fields, places: readonly number[]): number {
  const isNumber = (place: number): boolean =>
    place < fields.count &&
    wholeNumberAt(line, fields.starts[place] as number, fields.ends[place] as number) !== NOT_A_NUMBER;
  return places.filter(isNumber).length;
}

/**
 * The layout of a file with these first lines, `second` null if there is but one; or the name of a column that its header lacks. Without
 * an option the first line is a header if columns are named, or if neither of its nodes is a number and both of the second line are.
 */
export function layoutOf(
  options: EdgeFileOptions,
  first: Uint8Array,
  second: Uint8Array | null,
  fields: Fields,
): Layout | string {
  const delimiter = options.delimiter ?? delimiterOf(first);
  splitLine(first, 0, first.length, delimiter, fields);
  const titles = Array.from({ length: fields.count }, (_, at) =>
    textAt(first, fields.starts[at] as number, fields.ends[at] as number),
  );
  const placeOf = (column: Column): number => (typeof column === 'number' ? column : titles.indexOf(column));
  const { weight = -1, time = -1 } = options;
  const ends = [options.source ?? 0, options.target ?? 1] as const;
  const isNamed = [...ends, weight, time].some((column) => typeof column === 'string');
  for (const column of [...ends, weight, time])
    if (typeof column === 'string' && placeOf(column) < 0) return column;
  const source = placeOf(ends[0]);
  const target = placeOf(ends[1]);
  const inFirst = numbersIn(first, fields, [source, target]);
  let inSecond = 0;
  if (second !== null) {
    splitLine(second, 0, second.length, delimiter, fields);
    inSecond = numbersIn(second, fields, [source, target]);
  }
  const hasHeader = options.hasHeader ?? (isNamed || (inFirst === 0 && inSecond === 2));
  // One number of two in the first line alone is a fault in it, not a reason to take all numbers for names.
  const isNumeric = hasHeader ? inSecond === 2 : inFirst === 2 || (inFirst === 1 && inSecond === 2);
  return {
    ...{ delimiter, hasHeader, source, target, weight: placeOf(weight), time: placeOf(time) },
    nodes: options.nodes ?? (isNumeric ? 'numbers' : 'text'),
  };
}
