/** Times (epoch ms) as they are stored: eight bytes each, little-endian. */
export function writeTimes(...times: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(times.length * 8))
  for (const [place, time] of times.entries()) view.setFloat64(place * 8, time, true)
  return new Uint8Array(view.buffer)
}

/** Throws a RangeError where there are no eight bytes at `at`. */
export function readTime(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(at, true)
}
