/**
 * Matrix signatures with liars among signers, servers and those who pass them on: what one correct verifier was convinced
 * of, every later one is (DISC 2008).
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReader, createWriter, toHex } from '@concordat/wire';
import fc from 'fast-check';
import {
  checkMatrix,
  countGood,
  emptyMatrix,
  isComplete,
  type Matrix,
  type MatrixServer,
  type MatrixShape,
  readMatrix,
  rectangularShape,
  signRow,
  squareShape,
  withRow,
  writeMatrix,
} from './matrix.ts';
import { countMacs, createMacs, MAC_BYTES, MAC_KEY_BYTES } from './siphash.ts';

const macs = createMacs();
const statement = Uint8Array.from({ length: 32 }, (_, i) => i);

/** What `writer` and `reader` share for this direction. */
const keyOf = (writer: number, reader: number): number[] =>
  Array.from({ length: MAC_KEY_BYTES }, (_, i) => (37 * writer + 11 * reader + i) & 255);

const rowKeysOf = (writer: number, readers: number): Uint8Array =>
  Uint8Array.from(Array.from({ length: readers }, (_, reader) => keyOf(writer, reader)).flat());

const columnKeysOf = (reader: number, writers: number): Uint8Array =>
  Uint8Array.from(Array.from({ length: writers }, (_, writer) => keyOf(writer, reader)).flat());

const serverOf = ({ rows, columns }: MatrixShape, id: number): MatrixServer => ({
  id,
  rowKeys: rowKeysOf(id, columns),
  columnKeys: columnKeysOf(id, rows),
});

/** All servers of a shape; those in `liars` answer as they like. */
function createServers(shape: MatrixShape, liars: ReadonlySet<number>) {
  const all = Array.from({ length: shape.rows }, (_, id) => serverOf(shape, id));
  const junk = new Uint8Array(shape.columns * MAC_BYTES).fill(0xee);
  return {
    rowOf: (id: number): Uint8Array =>
      liars.has(id) ? junk : signRow(macs, shape, (all[id] as MatrixServer).rowKeys, statement),
    check: (id: number, matrix: Matrix): Uint8Array | null =>
      liars.has(id) ? junk : checkMatrix(macs, shape, all[id] as MatrixServer, matrix, statement),
  };
}

/** Shows the matrix to these servers; the refreshed matrix, or null unless enough were convinced. */
function verify(
  shape: MatrixShape,
  servers: ReturnType<typeof createServers>,
  shown: Matrix,
  asked: readonly number[],
): Matrix | null {
  let matrix = shown;
  let convinced = 0;
  for (const id of asked) {
    const row = servers.check(id, matrix);
    if (row === null) continue;
    convinced++;
    matrix = withRow(shape, matrix, id, row);
  }
  return convinced >= shape.complete ? matrix : null;
}

const everyone = (shape: MatrixShape): number[] => Array.from({ length: shape.rows }, (_, id) => id);

describe('a matrix signature', () => {
  const shape = squareShape(4, 1);

  it('is made of the rows of 2f + 1 servers, and passes from hand to hand', () => {
    const servers = createServers(shape, new Set([3]));
    let matrix = emptyMatrix(shape);
    for (const id of [0, 1, 3]) {
      assert.ok(!isComplete(shape, matrix));
      matrix = withRow(shape, matrix, id, servers.rowOf(id));
    }
    assert.ok(isComplete(shape, matrix));
    for (let hand = 0; hand < 3; hand++) {
      const next: Matrix | null = verify(shape, servers, matrix, everyone(shape));
      matrix = next ?? assert.fail('every correct server is convinced');
    }
  });

  it('convinces nobody with the rows of f servers', () => {
    const servers = createServers(shape, new Set());
    const matrix = withRow(shape, emptyMatrix(shape), 2, servers.rowOf(2));
    assert.equal(verify(shape, servers, matrix, everyone(shape)), null);
    for (const id of everyone(shape)) assert.equal(servers.check(id, matrix), null);
  });

  it('that a liar spoilt convinces some servers and not others, and then no verifier', () => {
    const servers = createServers(shape, new Set([3]));
    const spoilt = (id: number): Uint8Array =>
      servers
        .rowOf(id)
        .slice()
        .fill(0, MAC_BYTES, 3 * MAC_BYTES);
    let matrix = emptyMatrix(shape);
    for (const id of [1, 2]) matrix = withRow(shape, matrix, id, spoilt(id));
    assert.notEqual(servers.check(0, matrix), null, 'its entries were left');
    assert.equal(servers.check(1, matrix), null);
    assert.equal(verify(shape, servers, matrix, everyone(shape)), null);
  });

  it('that convinced one verifier convinces every later one, however it was spoilt before', () => {
    const entries = fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), {
      minLength: 4,
      maxLength: 4,
    });
    let passed = 0;
    fc.assert(
      fc.property(
        entries,
        fc.nat(3),
        fc.shuffledSubarray(everyone(shape), { minLength: 3 }),
        (good, liar, asked) => {
          const servers = createServers(shape, new Set([liar]));
          let matrix = emptyMatrix(shape);
          for (const [id, columns] of good.entries()) {
            const row = servers.rowOf(id).slice();
            for (const [column, isGood] of columns.entries())
              if (!isGood) row.fill(0, column * MAC_BYTES, (column + 1) * MAC_BYTES);
            matrix = withRow(shape, matrix, id, row);
          }
          const shown = verify(shape, servers, matrix, asked);
          if (shown === null) return;
          passed++;
          const correct = everyone(shape).filter((id) => id !== liar);
          for (const order of [correct, correct.toReversed()])
            assert.notEqual(verify(shape, servers, shown, order), null);
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(passed > 50, `${passed} of 500 convince`);
  });

  it("does not take a server's own row, turned into its column, for the word of others", () => {
    const own = serverOf(shape, 1);
    const row = signRow(macs, shape, own.rowKeys, statement);
    const turned = everyone(shape).reduce((made, id) => {
      const tags = new Uint8Array(4 * MAC_BYTES);
      tags.set(row.subarray(id * MAC_BYTES, (id + 1) * MAC_BYTES), MAC_BYTES);
      return withRow(shape, made, id, tags);
    }, emptyMatrix(shape));
    assert.equal(countGood(macs, turned, 1, own.columnKeys, statement), 1, 'its entry for itself');
    assert.equal(checkMatrix(macs, shape, own, turned, statement), null);
  });

  it('holds with f forged rows of seven servers, whoever the liars are', () => {
    const seven = squareShape(7, 2);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(6), { minLength: 2, maxLength: 2 }),
        fc.shuffledSubarray(everyone(seven)),
        (liars, order) => {
          const servers = createServers(seven, new Set(liars));
          let matrix = emptyMatrix(seven);
          const signers = [...order, ...everyone(seven).filter((id) => !order.includes(id))].slice(
            0,
            seven.complete,
          );
          for (const id of signers) matrix = withRow(seven, matrix, id, servers.rowOf(id));
          for (let hand = 0; hand < 2; hand++) {
            const next: Matrix | null = verify(seven, servers, matrix, everyone(seven));
            matrix = next ?? assert.fail('every correct server is convinced');
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused for three times as many servers as liars', () => {
    assert.throws(() => squareShape(3, 1), /more than three times/);
    assert.throws(() => squareShape(6, 2), /more than three times/);
  });

  it('costs a MAC for each column to sign, and one for each row and the own row to check', () => {
    const counted = countMacs(macs);
    const { rowKeys, columnKeys } = serverOf(shape, 0);
    const row = signRow(counted, shape, rowKeys, statement);
    assert.equal(counted.operations, 4);
    const matrix = everyone(shape).reduce((made, id) => withRow(shape, made, id, row), emptyMatrix(shape));
    assert.equal(countGood(counted, matrix, 0, columnKeys, statement), 1, 'row 0 is its own');
    assert.equal(counted.operations, 8);
  });

  it('has other servers in its columns where they check: UpRight with four filters and four order nodes', () => {
    const filters = rectangularShape({ rows: 4, columns: 6, sufficient: 2, complete: 3 }, 1);
    const keys = (row: number): Uint8Array => rowKeysOf(row, filters.columns);
    let matrix = emptyMatrix(filters);
    for (const row of [0, 1, 3])
      matrix = withRow(filters, matrix, row, signRow(macs, filters, keys(row), statement));
    for (let column = 0; column < filters.columns; column++) {
      const own = columnKeysOf(column, filters.rows);
      assert.equal(countGood(macs, matrix, column, own, statement), 3);
    }
    for (const [sufficient, complete, liars] of [
      [2, 5, 1],
      [2, 2, 1],
      [1, 3, 1],
    ] as const)
      assert.throws(
        () => rectangularShape({ rows: 4, columns: 6, sufficient, complete }, liars),
        /enough rows/,
      );
  });
});

describe('its bytes', () => {
  const shape = squareShape(4, 1);
  const encode = (matrix: Matrix): Uint8Array => {
    const writer = createWriter();
    writeMatrix(writer, matrix);
    return writer.finish();
  };
  const decode = (bytes: Uint8Array): Matrix | null => {
    const reader = createReader(bytes);
    return reader.finish(readMatrix(reader, shape));
  };

  it('are these', () => {
    const row = new Uint8Array(4 * MAC_BYTES).fill(0xab);
    const matrix = withRow(shape, withRow(shape, emptyMatrix(shape), 1, row), 3, row);
    assert.equal(toHex(encode(matrix)), `0000000a${'ab'.repeat(128)}`);
    assert.deepEqual(decode(encode(matrix)), matrix);
    assert.deepEqual(decode(encode(emptyMatrix(shape))), emptyMatrix(shape));
  });

  it('are refused if they are of no matrix, whatever they are', () => {
    const row = new Uint8Array(4 * MAC_BYTES);
    const honest = encode(withRow(shape, emptyMatrix(shape), 1, row));
    assert.equal(decode(honest.subarray(0, -1)), null);
    assert.equal(decode(Uint8Array.of(...honest, 0)), null);
    assert.equal(decode(Uint8Array.of(0, 0, 0, 16, ...row)), null, 'there is no fifth row');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const matrix = decode(bytes);
        if (matrix !== null) assert.deepEqual(encode(matrix), bytes);
      }),
    );
  });

  it('of a row of the wrong size, or of nobody, are left out', () => {
    assert.deepEqual(withRow(shape, emptyMatrix(shape), 1, new Uint8Array(63)), emptyMatrix(shape));
    assert.deepEqual(withRow(shape, emptyMatrix(shape), 4, new Uint8Array(64)), emptyMatrix(shape));
  });
});
