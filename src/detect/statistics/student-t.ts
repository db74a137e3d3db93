/** P(T >= t) for Student's t with five degrees of freedom; closed form, relative error under 1e-6 down to 1e-10. */
export function upperTailT5(t: number): number {
  if (t < 0) return 1 - upperTailT5(-t)
  const angle = Math.atan2(Math.sqrt(5), t)
  // The difference below loses its digits far out; its first Taylor term does not.
  if (angle < 0.002) return ((8 / 15) * angle ** 5) / Math.PI
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  return (angle - sine * cosine * (1 + (2 / 3) * sine ** 2)) / Math.PI
}

/** The t with P(T >= t) = p, five degrees of freedom, for p in (0, 0.5]. */
export function upperQuantileT5(p: number): number {
  let [low, high] = [0, 1]
  while (upperTailT5(high) > p) high *= 2
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2
    if (upperTailT5(middle) > p) low = middle
    else high = middle
  }
  return high
}
