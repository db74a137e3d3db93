/** Walsh-Hadamard transform in place, without a factor; `width`, a power of two, numbers are transformed. */
export function hadamard(values: Float64Array, width: number): void {
  for (let half = 1; half < width; half *= 2)
    for (let start = 0; start < width; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const a = values[i] ?? 0
        const b = values[i + half] ?? 0
        values[i] = a + b
        values[i + half] = a - b
      }
}
