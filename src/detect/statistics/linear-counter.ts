/**
 * Linear counting (Whang, Vander-Zanden and Taylor 1990): a bit for each hash value modulo the number of bits, which is
 * eight times `bits.length` and a power of two. Against HyperLogLog in the same memory it sees nearly every one of the
 * first few elements as new, and is full when there are many times more elements than bits.
 */

/** Notes an element by its 32-bit hash. True when its bit was clear: then the element was certainly never noted before. */
export function noteBit(bits: Uint8Array, hash: number): boolean {
  const index = hash & (bits.length * 8 - 1)
  const byte = bits[index >> 3] ?? 0
  const bit = 1 << (index & 7)
  if ((byte & bit) !== 0) return false
  bits[index >> 3] = byte | bit
  return true
}

/** About how many different elements were noted; when every bit is set, the number that would leave half a bit clear. */
export function countBits(bits: Uint8Array): number {
  const all = bits.length * 8
  let clear = all
  for (const byte of bits) for (let left = byte; left > 0; left &= left - 1) clear--
  return -all * Math.log(Math.max(0.5, clear) / all)
}
