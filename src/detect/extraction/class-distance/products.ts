/** Each row's inner product with the vector. Four rows at a time: a sum waits for its last addition, four sums do not wait for each other. */
export function products(rows: Float32Array, vector: Float64Array): Float64Array {
  const { length } = vector
  const count = rows.length / length
  const found = new Float64Array(count)
  let row = 0
  for (; row + 4 <= count; row += 4) {
    const from = row * length
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = 0, at = from; i < length; i++, at++) {
      const value = vector[i] ?? 0
      a += (rows[at] ?? 0) * value
      b += (rows[at + length] ?? 0) * value
      c += (rows[at + 2 * length] ?? 0) * value
      d += (rows[at + 3 * length] ?? 0) * value
    }
    found[row] = a
    found[row + 1] = b
    found[row + 2] = c
    found[row + 3] = d
  }
  for (; row < count; row++) {
    let sum = 0
    for (let i = 0, at = row * length; i < length; i++, at++) sum += (rows[at] ?? 0) * (vector[i] ?? 0)
    found[row] = sum
  }
  return found
}
