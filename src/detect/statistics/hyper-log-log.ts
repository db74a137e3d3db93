/**
 * HyperLogLog (Flajolet et al. 2007) on 2^p one-byte registers anywhere in memory, with Ertl's estimator (2017, "New
 * cardinality estimation algorithms for HyperLogLog sketches", arXiv 1702.01284), which needs no separate linear counting
 * for small counts. Relative standard error about 1.04 / sqrt(2^p): 6.5 % for p = 8, 13 % for p = 6.
 */

/** Notes an element by its 32-bit hash. True when a register rose: then the element was certainly never noted before. */
export function noteElement(registers: Uint8Array, hash: number): boolean {
  const count = registers.length
  const bits = 31 - Math.clz32(count)
  const index = hash & (count - 1)
  const rest = hash >>> bits
  const rank = Math.clz32(rest) - bits + 1
  if (rank <= (registers[index] ?? 0)) return false
  registers[index] = rank
  return true
}

/** About how many different elements were noted; 0 for none. */
export function countDistinct(registers: Uint8Array): number {
  const count = registers.length
  const longest = 32 - (31 - Math.clz32(count))
  const histogram = new Uint32Array(longest + 2)
  for (const rank of registers) histogram[rank] = (histogram[rank] ?? 0) + 1
  let z = count * tau(1 - (histogram[longest + 1] ?? 0) / count)
  for (let rank = longest; rank >= 1; rank--) z = 0.5 * (z + (histogram[rank] ?? 0))
  z += count * sigma((histogram[0] ?? 0) / count)
  return (count * count) / (2 * Math.LN2 * z)
}

/** The relative standard error of `countDistinct`. */
export function distinctError(registers: number): number {
  return 1.04 / Math.sqrt(registers)
}

/** 32-bit FNV-1a with the finaliser of MurmurHash3, which spreads short texts over all bits. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function sigma(x: number): number {
  if (x === 1) return Infinity
  let sum = x
  for (let power = x, weight = 1, before = -1; sum !== before; weight += weight) {
    before = sum
    power *= power
    sum += power * weight
  }
  return sum
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let sum = 1 - x
  for (let root = x, weight = 1, before = -1; sum !== before;) {
    before = sum
    root = Math.sqrt(root)
    weight *= 0.5
    sum -= (1 - root) ** 2 * weight
  }
  return sum / 3
}
