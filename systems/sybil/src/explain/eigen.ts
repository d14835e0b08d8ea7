/**
 * Linear algebra of a few long vectors, stored side by side: their products, an orthonormal basis by Cholesky's factor of those, and the
 * eigenvalues of small symmetric matrices by Jacobi's rotations (1846), slow for large ones, exact and short for eight rows.
 */

/** Vectors in a block. */
export const WIDTH = 8;

/** Products of each vector of `a` with each of `b`, row by row. */
export function products(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(WIDTH * WIDTH);
  for (let base = 0; base < a.length; base += WIDTH)
    for (let row = 0; row < WIDTH; row += 1) {
      const factor = a[base + row] as number;
      for (let column = 0; column < WIDTH; column += 1)
        out[row * WIDTH + column]! += factor * (b[base + column] as number);
    }
  return out;
}

/** The lower Cholesky factor of a matrix of products; a vector that lies in the span of those before it gets a row of zeros. */
function choleskyFactor(matrix: Float64Array): Float64Array {
  const factor = new Float64Array(WIDTH * WIDTH);
  for (let row = 0; row < WIDTH; row += 1)
    for (let column = 0; column <= row; column += 1) {
      let rest = matrix[row * WIDTH + column] as number;
      for (let at = 0; at < column; at += 1)
        rest -= (factor[row * WIDTH + at] as number) * (factor[column * WIDTH + at] as number);
      const pivot = factor[column * WIDTH + column] as number;
      if (column < row) factor[row * WIDTH + column] = pivot === 0 ? 0 : rest / pivot;
      else if (rest > 1e-12 * (matrix[row * WIDTH + row] as number))
        factor[row * WIDTH + row] = Math.sqrt(rest);
    }
  return factor;
}

/** Makes the vectors orthonormal, first to last; one that lies in the span of those before it becomes zero. */
export function orthonormalise(vectors: Float64Array): void {
  const factor = choleskyFactor(products(vectors, vectors));
  for (let base = 0; base < vectors.length; base += WIDTH)
    for (let column = 0; column < WIDTH; column += 1) {
      let rest = vectors[base + column] as number;
      for (let at = 0; at < column; at += 1)
        rest -= (factor[column * WIDTH + at] as number) * (vectors[base + at] as number);
      const pivot = factor[column * WIDTH + column] as number;
      vectors[base + column] = pivot === 0 ? 0 : rest / pivot;
    }
}

/** The eigenvalues, descending, of a symmetric matrix given row by row. */
export function eigenSymmetric(matrix: Float64Array, size: number): number[] {
  const a = matrix.slice();
  const at = (row: number, column: number): number => a[row * size + column] as number;
  for (let sweep = 0; sweep < 60; sweep += 1) {
    let off = 0;
    for (let row = 0; row < size; row += 1)
      for (let column = row + 1; column < size; column += 1) {
        off += at(row, column) ** 2;
        rotate(a, size, row, column);
      }
    if (off < 1e-24) break;
  }
  return Array.from({ length: size }, (_, row) => at(row, row)).sort((one, other) => other - one);
}

/** Turns the plane of `p` and `q` so that their common entry becomes zero. */
function rotate(a: Float64Array, size: number, p: number, q: number): void {
  const entry = a[p * size + q] as number;
  if (entry === 0) return;
  const theta = ((a[q * size + q] as number) - (a[p * size + p] as number)) / (2 * entry);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k += 1) {
    const [kp, kq] = [a[k * size + p] as number, a[k * size + q] as number];
    a[k * size + p] = c * kp - s * kq;
    a[k * size + q] = s * kp + c * kq;
  }
  for (let k = 0; k < size; k += 1) {
    const [pk, qk] = [a[p * size + k] as number, a[q * size + k] as number];
    a[p * size + k] = c * pk - s * qk;
    a[q * size + k] = s * pk + c * qk;
  }
}
