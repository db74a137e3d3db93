/** Sweeps at most; symmetric matrices of a hundred rows take eight. */
const SWEEPS = 32
/** Off-diagonal squares below this share of all squares are none. */
const CONVERGED = 1e-22

interface Eigen {
  /** Not sorted. */
  readonly values: Float64Array
  /** Row k is the eigenvector of value k, of length 1; empty when not asked for. */
  readonly vectors: Float64Array
}

/** Eigenvalues, and vectors where asked for, of a symmetric matrix of `size` rows, by cyclic Jacobi rotations (Golub and Van Loan, 8.5). */
export function symmetricEigen(matrix: Float64Array, size: number, withVectors = false): Eigen {
  const a = matrix.slice(0, size * size)
  const vectors = new Float64Array(withVectors ? size * size : 0)
  for (let i = 0; i < vectors.length; i += size + 1) vectors[i] = 1
  const total = a.reduce((sum, value) => sum + value * value, 0)
  for (let sweep = 0; sweep < SWEEPS && offDiagonal(a, size) > CONVERGED * total; sweep++)
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q)
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i] ?? 0), vectors }
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0
  for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) sum += (a[p * size + q] ?? 0) ** 2
  return sum
}

/** Makes entry (p, q) zero. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q] ?? 0
  if (apq === 0) return
  const theta = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * apq)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < size; k++) {
    const [kp, kq] = [a[k * size + p] ?? 0, a[k * size + q] ?? 0]
    a[k * size + p] = c * kp - s * kq
    a[k * size + q] = s * kp + c * kq
  }
  turn(a, size, p, q, c, s)
  if (vectors.length > 0) turn(vectors, size, p, q, c, s)
}

/** Rotates rows p and q. */
function turn(a: Float64Array, size: number, p: number, q: number, c: number, s: number): void {
  for (let k = 0; k < size; k++) {
    const [pk, qk] = [a[p * size + k] ?? 0, a[q * size + k] ?? 0]
    a[p * size + k] = c * pk - s * qk
    a[q * size + k] = s * pk + c * qk
  }
}
