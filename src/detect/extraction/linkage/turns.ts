import type { StateChange } from '../../../contract/detect.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { SingleRow } from '../../state/single-row.ts'

/** Requests of the whole fleet that are remembered: accounts whose turn takes longer are not seen to take turns. */
const RING = 256
/** Accounts that one account remembers as those that came before it. */
const OTHERS = 64
/** Longer pauses between two requests of one account end its run of turns. */
const PAUSE_MS = 86_400_000
/** Who waits for answers for more than this share of its time keeps the server's time: a full queue makes all callers take turns. */
const MOST_WAITING = 1 / 3
/** Times that another account came once and only once between two requests of one, before it counts. */
const FEWEST_TURNS = 2
/** Fewer spacings say nothing about evenness. */
const FEWEST_SPACINGS = 5
/** Clocks that tell whole seconds make spacings even; they are taken to be as uneven as that could hide. */
const SECOND_MS = 1_000

// The ring, in numbers: requests there ever were, the day and how many runs were tested on it, then each request.
const REQUESTS = 0
const DAY = 1
const RUNS = 2
const FIRST = 3
const PER_REQUEST = 3
const DAY_MS = 86_400_000

// An account's turns, in numbers; then the others, a hash and how many turns each, four bytes apiece.
const LAST_AT = 0
const LAST_PLACE = 1
const TESTS = 2
const WORDS = 3
export const TURNS_BYTES = 8 * (WORDS + OTHERS)

/** A request as the ring remembers it. */
interface Turn {
  readonly hash: number
  readonly label: number
  readonly at: number
  readonly waited: number | undefined
}

/** Accounts found in turn with one. */
export interface InTurn {
  /** How likely spacings so even are among accounts that know nothing of each other, for all that was tested this day. */
  readonly p: number
  /** The lowest label of any of them. */
  readonly label: number
}

/** Where a hash is among the others: a table of places, by the lowest bits of the hash. */
const TABLE = 4 * OTHERS
const table = new Int8Array(TABLE)
/** No slot before it is free. */
let free = 0
const hashes = new Int32Array(OTHERS)
const seen = new Uint16Array(OTHERS)
const times = new Float64Array(OTHERS)
const labels = new Float64Array(OTHERS)

/**
 * Who sends in turn with whom: a scheduler that goes round its accounts leaves each of the others exactly once between two
 * requests of one, again and again, and evenly spaced. Null hypothesis: accounts that come exactly once a turn have phases
 * of their own, so that the spacings within a turn are those of points thrown at random on a line, whatever each account's
 * own rhythm is (pollers of one period, jobs at the full hour). The statistic is Greenwood's sum of squared spacings
 * (Greenwood 1946, J. R. Stat. Soc. 109), small tail. The p-value is bounded from above by the share of the simplex of
 * spacings that a ball around its centre takes, so nothing is calibrated; times the runs tested on that day.
 */
export class Turns {
  readonly #ring = new SingleRow('ring.1', FIRST + RING * PER_REQUEST)

  /**
   * Remembers a request. `from` is where the account's turns begin in its row, in numbers; `label` is the account's; `waited`
   * is how long its answer took in ms; where that is not known, nobody can tell a scheduler from a queue.
   */
  note(row: Row, from: number, { hash, label, at, waited }: Turn): InTurn | undefined {
    const { numbers } = row
    const ring = this.#ring.numbers
    const place = (ring[REQUESTS] ?? 0) + 1
    const [before, last] = [numbers[from + LAST_AT] ?? 0, numbers[from + LAST_PLACE] ?? 0]
    let found: InTurn | undefined
    const gap = at - before
    const isOwnTime = gap > 0 && gap <= PAUSE_MS && (waited ?? Infinity) <= MOST_WAITING * gap
    if (last > 0 && place - last <= RING && isOwnTime) {
      const words = new Int32Array(row.bytes.buffer, row.bytes.byteOffset + 8 * (from + WORDS), 2 * OTHERS)
      const count = this.#between(words, last + 1, place, before, at)
      if (count >= FEWEST_SPACINGS) found = this.#tested(numbers, from, count, at)
    } else if (last > 0) numbers.fill(0, from + TESTS, from + WORDS + OTHERS)
    numbers[from + LAST_AT] = at
    numbers[from + LAST_PLACE] = place
    const own = FIRST + (place % RING) * PER_REQUEST
    ring[REQUESTS] = place
    // Whole numbers of 32 bits are quicker to compare; 0 is nobody.
    ring[own] = hash | 0 || 1
    ring[own + 1] = at
    ring[own + 2] = label
    this.#ring.touch()
    return found
  }

  changes(): StateChange[] {
    return this.#ring.changes()
  }

  clear(): void {
    this.#ring.clear()
  }

  restore(change: StateChange): boolean {
    return this.#ring.restore(change)
  }

  /** Goes back from the newest. Returns how many others came exactly once in each of the last turns: their `times` and `labels`. */
  #between(words: Int32Array, from: number, to: number, after: number, at: number): number {
    const ring = this.#ring.numbers
    open(words)
    let place = to % RING
    for (let left = to - from; left > 0; left--) {
      place = (place + RING - 1) % RING
      const entry = FIRST + place * PER_REQUEST
      const time = ring[entry + 1] ?? 0
      if (!(time > after) || time > at) continue
      const slot = slotOf((ring[entry] ?? 0) | 0)
      if (slot < 0) continue
      seen[slot] = (seen[slot] ?? 0) + 1
      times[slot] = time
      labels[slot] = ring[entry + 2] ?? 0
    }
    let most = 0
    for (let slot = 0; slot < OTHERS; slot++) {
      const turns = seen[slot] === 1 ? (words[2 * slot + 1] ?? 0) + 1 : 0
      words[2 * slot] = turns === 0 ? 0 : (hashes[slot] ?? 0)
      words[2 * slot + 1] = turns
      most = Math.max(most, turns)
    }
    // Chance keeps one that comes as often in step once in four turns: those of half as many turns as the best are meant.
    const least = Math.max(FEWEST_TURNS, most / 2)
    let count = 0
    for (let slot = 0; slot < OTHERS; slot++) {
      if ((words[2 * slot + 1] ?? 0) < least) continue
      times[count] = times[slot] ?? 0
      labels[count++] = labels[slot] ?? 0
    }
    return count
  }

  #tested(numbers: Float64Array, from: number, count: number, at: number): InTurn {
    const ring = this.#ring.numbers
    const day = Math.floor(at / DAY_MS)
    if (day !== ring[DAY]) [ring[DAY], ring[RUNS]] = [day, 0]
    const tests = (numbers[from + TESTS] ?? 0) + 1
    numbers[from + TESTS] = tests
    if (tests === 1) ring[RUNS] = (ring[RUNS] ?? 0) + 1
    const found = times.subarray(0, count).sort()
    // Test n of a run has 1 / n (n + 1) of its level.
    const p = evenness(found, at) * tests * (tests + 1) * Math.max(1, ring[RUNS] ?? 0)
    return {
      p: Math.min(1, p),
      label: labels.subarray(0, count).reduce((least, each) => Math.min(least, each), Infinity),
    }
  }
}

/** Fills the table with those remembered from the turn before. */
function open(words: Int32Array): void {
  table.fill(-1)
  seen.fill(0)
  free = 0
  for (let slot = 0; slot < OTHERS; slot++) {
    hashes[slot] = words[2 * slot] ?? 0
    if (hashes[slot] !== 0) table[placeOf(hashes[slot] ?? 0)] = slot
  }
}

/** The place of a hash in the table, or the empty one where it belongs. */
function placeOf(hash: number): number {
  let place = hash & (TABLE - 1)
  for (;;) {
    const slot = table[place] ?? -1
    if (slot < 0 || hashes[slot] === hash) return place
    place = (place + 1) & (TABLE - 1)
  }
}

/** The slot of one of the others, a free one if it is new, -1 if there is none. */
function slotOf(hash: number): number {
  const place = placeOf(hash)
  const known = table[place] ?? -1
  if (known >= 0) return known
  while (free < OTHERS && hashes[free] !== 0) free++
  if (free === OTHERS) return -1
  hashes[free] = hash
  table[place] = free
  return free
}

/**
 * An upper bound on the probability that points thrown at random on a line have spacings as even as these times up to
 * `at`: with m spacings of shares x, the ball of radius r² = Σ (x - 1/m)² in m - 1 dimensions, of the simplex's volume
 * √m / (m - 1)!. Times of whole seconds are as uneven as rounding could hide, in the root of the mean square.
 */
export function evenness(times: Float64Array, at: number): number {
  const m = times.length
  const whole = at - (times[0] ?? 0)
  if (!(whole > 0)) return 1
  let squared = 0
  let isCoarse = at % SECOND_MS === 0
  for (let i = 0; i < m; i++) {
    const share = ((times[i + 1] ?? at) - (times[i] ?? 0)) / whole
    squared += (share - 1 / m) ** 2
    isCoarse &&= (times[i] ?? 0) % SECOND_MS === 0
  }
  // Two roundings a spacing, each with a variance of a twelfth.
  const hidden = ((isCoarse ? SECOND_MS : 1) * Math.sqrt(m / 6)) / whole
  const radius = Math.sqrt(squared) + hidden
  const dimensions = m - 1
  const log =
    (dimensions / 2) * Math.log(Math.PI) -
    logGamma(dimensions / 2 + 1) +
    dimensions * Math.log(radius) +
    logGamma(m) -
    Math.log(m) / 2
  return Math.min(1, Math.exp(log))
}

/** Stirling's series: for x of at least 3 it is right to 1e-5. */
function logGamma(x: number): number {
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3)
}
