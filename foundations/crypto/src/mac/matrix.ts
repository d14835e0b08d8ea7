/**
 * Matrix signatures (Aiyer, Alvisi, Bazzi, Clement, DISC 2008): signatures made of MACs alone. Entry (i, j) is the MAC of
 * server i for server j, so row i is written by server i and column j can be checked by server j. Whoever collected the
 * rows of enough servers can show the matrix to anybody, who shows it to the servers in turn.
 *
 * Whom a liar shows a matrix with too few good rows, some servers accept it and some do not. Therefore a server that
 * accepts adds its own row: once anybody has had it verified, it has the rows of enough correct servers for good.
 * Needs more than three times as many servers as liars. The rectangular form has other servers in its columns (UpRight).
 *
 *   u32 mask of the rows that are there | these rows, in order, one tag of 16 bytes for each column
 */

import { assert, MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';
import { MAC_BYTES, MAC_KEY_BYTES, type Macs } from './siphash.ts';

export interface MatrixShape {
  /** Servers that vouch. */
  readonly rows: number;
  /** Servers that check. */
  readonly columns: number;
  /** Good entries of its column that convince a server: one of them is of a correct one. */
  readonly sufficient: number;
  /** Rows that make it good for every correct server: `sufficient` of them are good whoever lies. */
  readonly complete: number;
}

/** By server; null for rows that are not there. */
export type Matrix = readonly (Uint8Array | null)[];

/** The shape among `servers` of which `liars` lie, which must be less than a third. */
export function squareShape(servers: number, liars: number): MatrixShape {
  assert(servers > 3 * liars, 'matrix signatures need more than three times as many servers as liars');
  return { rows: servers, columns: servers, sufficient: liars + 1, complete: 2 * liars + 1 };
}

/** @param liars rows that may lie: of `complete` rows, `sufficient` are good all the same */
export function rectangularShape(shape: MatrixShape, liars: number): MatrixShape {
  const { rows, columns, sufficient, complete } = shape;
  assert(rows <= MAX_MEMBERS && columns <= MAX_MEMBERS, 'rows are kept in masks of 32 bits');
  assert(sufficient > liars && complete >= sufficient + liars && complete <= rows, 'enough rows exist');
  return shape;
}

export const emptyMatrix = ({ rows }: MatrixShape): Matrix => Array.from({ length: rows }, () => null);

/** A server's row for `statement`, a digest. @param keys that it shares with each column's server, one after the other */
export function signRow(macs: Macs, shape: MatrixShape, keys: Uint8Array, statement: Uint8Array): Uint8Array {
  assert(keys.length === shape.columns * MAC_KEY_BYTES, 'there is a key for every column');
  return macs.vector(keys, statement);
}

/** The matrix with a server's row, which may replace one. Rows of the wrong size are left out. */
export function withRow(shape: MatrixShape, matrix: Matrix, row: NodeId, tags: Uint8Array): Matrix {
  if (row >= shape.rows || tags.length !== shape.columns * MAC_BYTES) return matrix;
  return matrix.map((known, i) => (i === row ? tags : known));
}

/** True if there are rows enough to show it to others, as far as who is no server can tell. */
export const isComplete = (shape: MatrixShape, matrix: Matrix): boolean =>
  matrix.filter((row) => row !== null).length >= shape.complete;

/** How many entries of its column hold. @param keys that the column's server shares with each row's, one after the other */
export function countGood(
  macs: Macs,
  matrix: Matrix,
  column: NodeId,
  keys: Uint8Array,
  statement: Uint8Array,
): number {
  let good = 0;
  for (const [i, row] of matrix.entries()) {
    if (row === null) continue;
    const key = keys.subarray(i * MAC_KEY_BYTES, (i + 1) * MAC_KEY_BYTES);
    if (macs.verify(key, statement, row.subarray(column * MAC_BYTES, (column + 1) * MAC_BYTES))) good++;
  }
  return good;
}

/**
 * A server's keys: those that it writes its row with, one for each column, and those that it checks its column with, one for
 * each row. A key has one direction: with the same for both, a server's own row would pass for a column that others wrote.
 */
export interface MatrixServer {
  readonly id: NodeId;
  readonly rowKeys: Uint8Array;
  readonly columnKeys: Uint8Array;
}

/** What a server answers to whom shows it a matrix: its own row if it is convinced, otherwise null. */
export function checkMatrix(
  macs: Macs,
  shape: MatrixShape,
  server: MatrixServer,
  matrix: Matrix,
  statement: Uint8Array,
): Uint8Array | null {
  const good = countGood(macs, matrix, server.id, server.columnKeys, statement);
  return good >= shape.sufficient ? signRow(macs, shape, server.rowKeys, statement) : null;
}

export function writeMatrix(writer: Writer, matrix: Matrix): void {
  let mask = 0;
  for (const [i, row] of matrix.entries()) if (row !== null) mask |= 1 << i;
  writer.u32(mask >>> 0);
  for (const row of matrix) if (row !== null) writer.fixed(row);
}

/** Reads what `writeMatrix` wrote for this shape. */
export function readMatrix(reader: Reader, shape: MatrixShape): Matrix {
  const mask = reader.u32();
  if (mask >= 2 ** shape.rows) reader.fail();
  return Array.from({ length: shape.rows }, (_, i) =>
    (mask & (1 << i)) === 0 || reader.failed ? null : reader.fixed(shape.columns * MAC_BYTES),
  );
}
