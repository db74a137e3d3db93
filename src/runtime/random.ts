import { randomBytes } from 'node:crypto'
import type { Random } from '../contract/plugin.ts'

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
}

/** sfc32 (Chris Doty-Humphrey's small fast chaotic generator): the same seed gives the same numbers everywhere. Not for secrets. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed
  let b = 0x243f6a88
  let c = 0xb7e15162
  let counter = 1
  function next32(): number {
    const t = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return t >>> 0
  }
  for (let warm = 0; warm < 15; warm++) next32()
  return {
    next: () => next32() / 2 ** 32,
    bytes: (count) => Uint8Array.from({ length: count }, () => next32() & 0xff),
  }
}
