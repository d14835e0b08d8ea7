/** Eigenvalues of small symmetric matrices, by Jacobi's rotations (1846): slow for large ones, exact and short for eight rows. */

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
