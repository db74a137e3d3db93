/**
 * What is known of the events in a window. Values come at its end and go at its begin; for late events also the other way
 * round. `since` is the window's begin, which is not in it.
 */
export interface Measure {
  /** False where what was added cannot be taken back: then it is made anew from the window's events. */
  readonly isReversible: boolean
  add(value: number, at: number): void
  remove(value: number): void
  /** Forgets everything. */
  clear(): void
  /** What the condition compares. `count`: events in the window. */
  number(count: number, since: number): number
  /** Of temporal correlations: whether the rule at this place was seen. */
  saw(place: number, since: number): boolean
  /** Numbers beyond the window's values that must be stored for the same answers after a restart. */
  kept(): readonly number[]
  keep(numbers: readonly number[]): void
}

abstract class Reversible implements Measure {
  readonly isReversible = true
  abstract add(value: number, at: number): void
  abstract remove(value: number): void
  abstract clear(): void
  abstract number(count: number, since: number): number
  saw(_place: number, _since: number): boolean {
    return false
  }
  kept(): readonly number[] {
    return NOTHING
  }
  keep(_numbers: readonly number[]): void {}
}

const NOTHING: readonly number[] = Object.freeze([])

/** How many events; knows nothing of its own, so that all groups share one. */
export class Count extends Reversible {
  add(): void {}
  remove(): void {}
  clear(): void {}
  number(count: number): number {
    return count
  }
}

/** Up to here distinct values are looked for one by one, which is quicker than a map and smaller. */
const FEW = 16

/** How many different values. */
export class Distinct extends Reversible {
  readonly #values: number[] = []
  readonly #times: number[] = []
  /** Of the two lists so many are meant: what is behind them is old. */
  #count = 0
  #map: Map<number, number> | undefined

  add(value: number): void {
    if (this.#map) {
      this.#map.set(value, (this.#map.get(value) ?? 0) + 1)
      return
    }
    const place = this.#placeOf(value)
    if (place < this.#count) this.#times[place] = (this.#times[place] ?? 0) + 1
    else if (place < FEW) {
      this.#values[place] = value
      this.#times[place] = 1
      this.#count++
    } else {
      this.#map = new Map(this.#values.map((one, at) => [one, this.#times[at] ?? 0]))
      this.#map.set(value, 1)
      this.#count = 0
    }
  }

  remove(value: number): void {
    if (this.#map) {
      this.#removeFromMap(this.#map, value)
      return
    }
    const place = this.#placeOf(value)
    const left = (this.#times[place] ?? 0) - 1
    this.#times[place] = left
    if (left > 0) return
    this.#count--
    this.#values[place] = this.#values[this.#count] ?? 0
    this.#times[place] = this.#times[this.#count] ?? 0
  }

  clear(): void {
    this.#map = undefined
    this.#count = 0
  }

  number(): number {
    return this.#map?.size ?? this.#count
  }

  /** The end where the value is new. */
  #placeOf(value: number): number {
    let place = 0
    while (place < this.#count && this.#values[place] !== value) place++
    return place
  }

  #removeFromMap(map: Map<number, number>, value: number): void {
    const left = (map.get(value) ?? 0) - 1
    if (left > 0) map.set(value, left)
    else map.delete(value)
    if (map.size > 0) return
    this.#map = undefined
  }
}

/** How many different rules, and which; a value is a rule's place. */
export class Seen extends Reversible {
  readonly #times: number[]
  #distinct = 0

  constructor(places: number) {
    super()
    this.#times = Array.from({ length: places }, () => 0)
  }

  add(place: number): void {
    const times = this.#times[place] ?? 0
    if (times === 0) this.#distinct++
    this.#times[place] = times + 1
  }

  remove(place: number): void {
    const times = this.#times[place] ?? 0
    if (times === 1) this.#distinct--
    this.#times[place] = times - 1
  }

  clear(): void {
    this.#times.fill(0)
    this.#distinct = 0
  }

  number(): number {
    return this.#distinct
  }

  override saw(place: number): boolean {
    return (this.#times[place] ?? 0) > 0
  }
}

/**
 * The sum in three parts, each what the one before was rounded by (Knuth's TwoSum), so that values that come and go leave
 * nothing behind that matters: it is as if reckoned in 150 bits. An empty window is exactly 0 again.
 */
export class Sum extends Reversible {
  readonly #isAverage: boolean
  #high = 0
  #middle = 0
  #low = 0
  #count = 0

  constructor(isAverage: boolean) {
    super()
    this.#isAverage = isAverage
  }

  add(value: number): void {
    this.#count++
    this.#plus(value)
  }

  remove(value: number): void {
    if (this.#count === 1) this.clear()
    else {
      this.#count--
      this.#plus(-value)
    }
  }

  clear(): void {
    this.#high = this.#middle = this.#low = 0
    this.#count = 0
  }

  number(count: number): number {
    const sum = this.#high + (this.#middle + this.#low)
    return this.#isAverage ? sum / count : sum
  }

  override kept(): readonly number[] {
    return [this.#high, this.#middle, this.#low]
  }

  override keep([high = 0, middle = 0, low = 0]: readonly number[]): void {
    this.#high = high
    this.#middle = middle
    this.#low = low
  }

  #plus(value: number): void {
    const high = this.#high + value
    const rest = roundedOff(this.#high, value, high)
    const middle = this.#middle + rest
    this.#low += roundedOff(this.#middle, rest, middle)
    this.#middle = middle
    this.#high = high
  }
}

/** What the sum of two numbers was rounded by. */
function roundedOff(a: number, b: number, sum: number): number {
  const part = sum - a
  return a - (sum - part) + (b - part)
}

/** A percentile by linear interpolation between the two nearest values, as of NumPy's default; the values stand in order. */
export class Percentile extends Reversible {
  readonly #sorted: number[] = []
  /** So many are meant: what is behind them is old. */
  #count = 0
  readonly #share: number

  constructor(percentile: number) {
    super()
    this.#share = percentile / 100
  }

  add(value: number): void {
    const sorted = this.#sorted
    const place = this.#placeOf(value)
    if (this.#count === sorted.length) sorted.push(value)
    if (this.#count > FEW) sorted.copyWithin(place + 1, place, this.#count)
    else for (let at = this.#count; at > place; at--) sorted[at] = sorted[at - 1] ?? 0
    sorted[place] = value
    this.#count++
  }

  remove(value: number): void {
    const place = this.#placeOf(value)
    this.#sorted.copyWithin(place, place + 1, this.#count)
    this.#count--
  }

  clear(): void {
    this.#count = 0
  }

  number(): number {
    const rank = this.#share * (this.#count - 1)
    const below = Math.floor(rank)
    const low = this.#sorted[below] ?? Number.NaN
    const high = below + 1 < this.#count ? (this.#sorted[below + 1] ?? low) : low
    return low + (high - low) * (rank - below)
  }

  /** The first place whose value is not less. */
  #placeOf(value: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * The most rules that were seen in their order, each by an event of its own. Kept is, for every length of such a chain and
 * every place that it may end in, the latest time at which one begins: the window holds the chain when that is within it.
 * A value is the places of one event's rules, as bits.
 */
export class Ordered implements Measure {
  readonly isReversible = false
  readonly #places: number
  /** By (length - 1) * places + the place that it ends in. */
  readonly #begins: number[]

  constructor(places: number) {
    this.#places = places
    this.#begins = Array.from({ length: places * places }, () => Number.NEGATIVE_INFINITY)
  }

  add(bits: number, at: number): void {
    const places = this.#places
    for (let row = (places - 1) * places; row > 0; row -= places) this.#lengthen(bits, row)
    for (let place = 0; place < places; place++) if (bits & (1 << place)) this.#begins[place] = at
  }

  remove(): void {}

  clear(): void {
    this.#begins.fill(Number.NEGATIVE_INFINITY)
  }

  number(_count: number, since: number): number {
    const places = this.#places
    for (let at = this.#begins.length - 1; at >= 0; at--)
      if ((this.#begins[at] ?? 0) > since) return Math.floor(at / places) + 1
    return 0
  }

  saw(place: number, since: number): boolean {
    return (this.#begins[place] ?? 0) > since
  }

  kept(): readonly number[] {
    return NOTHING
  }

  keep(): void {}

  /** The chains of one length: those that are one shorter and end before a place, with the event at that place. */
  #lengthen(bits: number, row: number): void {
    const places = this.#places
    let latest = Number.NEGATIVE_INFINITY
    for (let place = 0; place < places; place++) {
      const known = this.#begins[row + place] ?? 0
      if (bits & (1 << place) && latest > known) this.#begins[row + place] = latest
      const shorter = this.#begins[row - places + place] ?? 0
      if (shorter > latest) latest = shorter
    }
  }
}
