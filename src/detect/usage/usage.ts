import { z } from 'zod'
import type { Detector, KeyUse, Score, StateChange } from '../../contract/detect.ts'
import type { Event } from '../../contract/event.ts'
import type { Given, Log, Plugin } from '../../contract/plugin.ts'
import { isModelRequest } from '../request/model-request.ts'
import type { ModelRequest } from '../request/model-request.ts'
import { tellForgotten } from '../state/forgotten.ts'
import { KeyedRows } from '../state/keyed-rows.ts'
import { Ladder } from '../statistics/ladder.ts'
import { Account, OPEN } from './account.ts'
import type { Bucket } from './bucket.ts'
import type { Day } from './day.ts'
import { Days } from './days.ts'
import { expectation, Tail } from './expectation.ts'
import { explainDay, explainFirstSeen, explainHigh, explainLearning } from './explain.ts'
import { amountAt, amountIn, FEATURES, rememberedLevel } from './features.ts'
import { Fleet } from './fleet.ts'
import { History, pastSection } from './history.ts'

const Config = z.strictObject({
  /** Principals held at once; about 1.7 KB each with the default history. */
  maxKeys: z.int().min(1).default(100_000),
  /** One verdict is about one bucket of event time. */
  bucketMinutes: z.int().min(1).max(1_440).default(60),
  /** Quiet buckets with traffic that a principal needs before it is compared with its own past. */
  learningBuckets: z.int().min(8).max(168).default(24),
  /** Buckets with traffic that are remembered for each principal, at five bytes each. */
  historyBuckets: z.int().min(24).max(672).default(168),
  /** p-values above are not told. */
  emitBelow: z.number().positive().max(0.5).default(0.05),
})
type Config = z.infer<typeof Config>

/**
 * Finds principals whose requests, tokens, errors or cost run higher than usual for them at this time of day, and
 * principals never seen before (controls IN-4, OB-2, OB-4).
 *
 * Score: one for each feature and bucket, p in [1e-9, 1] for "at least so much in the whole bucket", told as soon as the
 * running total says so and again at each 5, 2, 1 times a power of ten (`expectation.ts` has the model and why early
 * looks are free). A principal that is still learning is compared with the first buckets of other principals; before the
 * fleet knows those, p is null and `explain.learning` says how far it is, once a quarter. A first-seen principal has the
 * probability of that by Good and Turing. These are for rules. What counts as evidence is one score a day of each principal
 * that has a past (`unusual-day`): how its most unusual bucket ranks among the quiet days of the fleet (`days.ts`), told as
 * soon as p is as small as it can be, else with the first event after the day; before 20 principals and 200 days are known,
 * none. Only buckets with traffic are compared and remembered, which makes p conditional
 * on the principal being there at all. A bucket in which anything alerted is not learned at all; one bucket moves a median
 * by one rank. About 0.2 µs an event, 1.5 µs where 50,000 principals take turns and every row is out of the
 * cache. A weekly rhythm is not learned, only the day's.
 */
export const usage: Plugin<Detector, Config> = {
  kind: 'usage',
  summary:
    'Requests, tokens, errors and cost of each principal against its usual day; new principals (IN-4, OB-2, OB-4)',
  needs: [],
  config: Config,
  examples: [{}, { bucketMinutes: 5, historyBuckets: 672 }, { maxKeys: 5_000, learningBuckets: 72, emitBelow: 0.01 }],
  open: async (config: Config, given: Given): Promise<Detector> => new UsageDetector(config, given),
}

const NOTHING: readonly Score[] = []
const DAY_MS = 86_400_000

class UsageDetector implements Detector {
  readonly #config: Config
  readonly #bucketMs: number
  readonly #name: string
  readonly #log: Log
  readonly #rows: KeyedRows
  readonly #history: History
  readonly #fleet = new Fleet()
  readonly #days: Days
  readonly #ladder: Ladder
  readonly #tail: Tail

  constructor(config: Config, given: Given) {
    this.#config = config
    this.#bucketMs = config.bucketMinutes * 60_000
    this.#name = given.name
    this.#log = given.log
    this.#rows = new KeyedRows(config.maxKeys, [OPEN, pastSection(config.historyBuckets)])
    this.#history = new History(config.historyBuckets)
    this.#ladder = new Ladder(config.emitBelow)
    this.#days = new Days(this.#ladder.levels.length)
    this.#tail = new Tail(this.#ladder)
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const account = new Account(this.#rows.use(event.principal))
    const index = Math.floor(event.at / this.#bucketMs)
    const open = account.find(index)
    if (open) return this.#count(event, account, open)
    const bucket = this.#open(account, index)
    const ended = this.#turn(event, account.day, bucket)
    const high = this.#count(event, account, bucket)
    return [...ended, ...this.#greet(event, account, bucket), ...high]
  }

  learn(event: Event): void {
    if (!isModelRequest(event)) return
    const row = this.#rows.find(event.principal)
    if (!row) return
    const account = new Account(row)
    const index = Math.floor(event.at / this.#bucketMs)
    const bucket = account.find(index)
    if (!bucket) return
    this.#rows.touch(row, 0)
    account.day.learn(this.#dayOf(index))
    if (bucket.learn()) this.#fleet.noteAppearance(index, account.appear())
  }

  changes(): readonly StateChange[] {
    return [...this.#fleet.changes(), ...this.#days.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#fleet.clear()
    this.#days.clear()
    const own = [...state].filter((change) => !this.#fleet.restore(change) && !this.#days.restore(change))
    const unknown = this.#rows.restore(own)
    tellForgotten(unknown, { log: this.#log, name: this.#name })
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Closes the bucket in whose place the new one comes, and says what the new one will be compared with. */
  #open(account: Account, index: number): Bucket {
    const bucket = account.place(index)
    const history = this.#history.of(account.row)
    if (!bucket.isEmpty && bucket.isQuiet) this.#remember(account, bucket)
    bucket.clear(index)
    if (history.count >= this.#config.learningBuckets) this.#compareWithOwnPast(bucket)
    else if (this.#fleet.knowsBeginnings) this.#compareWithBeginnings(bucket)
    return bucket
  }

  #remember(account: Account, bucket: Bucket): void {
    const levels = FEATURES.map((_, feature) => rememberedLevel(bucket.total(feature)))
    if (this.#history.count < this.#config.learningBuckets) this.#fleet.noteBeginning(levels)
    this.#history.push(this.#hourOf(bucket.index), levels)
    this.#rows.touch(account.row, 1)
  }

  #compareWithOwnPast(bucket: Bucket): void {
    const history = this.#history
    const held = Math.min(history.count, this.#config.historyBuckets)
    bucket.compareWith('own', held)
    for (let feature = 0; feature < FEATURES.length; feature++) {
      const sameHour = history.atHour(feature, this.#hourOf(bucket.index))
      const { level, spread } = expectation(sameHour, history.overall(feature), held)
      bucket.expect(feature, level, spread)
      bucket.told(feature, 0, this.#tail.next(0, level, spread))
    }
  }

  #compareWithBeginnings(bucket: Bucket): void {
    bucket.compareWith('fleet', this.#fleet.beginnings)
    for (let feature = 0; feature < FEATURES.length; feature++)
      bucket.told(feature, 0, this.#fleet.beginningAmount(feature, this.#ladder.levels[0] ?? 0))
  }

  /** What there is to say of a principal when one of its buckets begins: that it is new, or how far learning is. */
  #greet(event: ModelRequest, account: Account, bucket: Bucket): readonly Score[] {
    const scores: Score[] = []
    if (account.meet()) {
      const p = this.#fleet.newcomerP(bucket.index, this.#config.learningBuckets)
      if (p !== undefined)
        scores.push({
          ...this.#scoreOf(event, bucket),
          p,
          direction: 'first-seen',
          part: 'principal',
          explain: explainFirstSeen(event, p, this.#fleet.appearances),
        })
    }
    const learned = this.#history.count
    const quarter = 1 + Math.floor((4 * learned) / this.#config.learningBuckets)
    if (bucket.reference === 'none' && account.reachQuarter(quarter))
      scores.push({
        ...this.#scoreOf(event, bucket),
        p: null,
        direction: 'high',
        part: 'learning',
        explain: explainLearning(learned, this.#config.learningBuckets),
      })
    return scores
  }

  /** Where the new bucket begins a later day: what the last one was worth, which the fleet then learns. */
  #turn(event: ModelRequest, day: Day, bucket: Bucket): readonly Score[] {
    const index = this.#dayOf(bucket.index)
    if (day.state !== 'none' && index <= day.index) return NOTHING
    const score = day.state === 'open' ? this.#dayScore(event, day) : undefined
    if (day.state === 'open' || day.state === 'told') {
      if (day.isQuiet) this.#days.note(day.index, day.peak.rung, day.contribute())
      else if (day.peak.rung > 0) this.#days.noteBeyond()
    }
    day.begin(index, bucket.reference === 'own')
    return score ? [score] : NOTHING
  }

  /** One test a day, told when its p is as small as it can be, else when the day is over: p only falls while it runs. */
  #dayScore(event: ModelRequest, day: Day): Score | undefined {
    const { peak, index, events } = day
    const p = this.#days.p(peak.rung)
    if (p === undefined) return undefined
    const from = index * DAY_MS
    return {
      detector: this.#name,
      event,
      principal: event.principal,
      p,
      counts: 'window',
      direction: 'unusual-day',
      // One event may end a day and be the peak of the next.
      part: `day ${new Date(from).toISOString().slice(0, 10)}`,
      window: { from, to: Math.min(event.at, from + DAY_MS), events },
      explain: explainDay(p, peak, events, this.#days),
    }
  }

  #count(event: ModelRequest, account: Account, bucket: Bucket): readonly Score[] {
    let scores = NOTHING
    const { day } = account
    day.count(this.#dayOf(bucket.index))
    for (let feature = 0; feature < FEATURES.length; feature++) {
      if (!bucket.add(feature, amountIn(event.inference, feature))) continue
      const high = this.#crossing(event, bucket, feature)
      if (!high) continue
      scores = [...scores, high]
      if (bucket.reference === 'own') this.#raise(day, bucket, feature)
    }
    if (scores === NOTHING || day.state !== 'open' || !this.#days.isAsSmallAsCanBe(day.peak.rung)) return scores
    const score = this.#dayScore(event, day)
    if (!score) return scores
    day.tell()
    return [...scores, score]
  }

  #raise(day: Day, bucket: Bucket, feature: number): void {
    const [seen, typical] = [bucket.total(feature), amountAt(bucket.expected(feature))]
    day.raise(this.#dayOf(bucket.index), { rung: bucket.rung(feature), feature, seen, typical })
  }

  /** The running total has reached the next level: what p is now, and when to look again. */
  #crossing(event: ModelRequest, bucket: Bucket, feature: number): Score | undefined {
    const total = bucket.total(feature)
    const [level, spread] = [bucket.expected(feature), bucket.spread(feature)]
    const isOwn = bucket.reference === 'own'
    const p = isOwn ? this.#tail.p(total, level, spread) : this.#fleet.beginningP(feature, total)
    const rung = Math.max(bucket.rung(feature), this.#ladder.rungOf(p))
    const isNews = rung > bucket.rung(feature)
    const nextP = this.#ladder.levels[rung]
    if (nextP === undefined) bucket.told(feature, rung, Infinity)
    else if (isOwn) bucket.told(feature, rung, this.#tail.next(rung, level, spread))
    else bucket.told(feature, rung, this.#fleet.beginningAmount(feature, nextP))
    if (!isNews) return undefined
    const typical = isOwn ? amountAt(level) : this.#fleet.beginningMedian(feature)
    return {
      ...this.#scoreOf(event, bucket),
      p,
      direction: 'high',
      part: FEATURES[feature] ?? '',
      explain: explainHigh(event, bucket, feature, typical, this.#config.bucketMinutes),
    }
  }

  #scoreOf(event: ModelRequest, bucket: Bucket): Pick<Score, 'detector' | 'event' | 'principal' | 'window'> {
    return {
      detector: this.#name,
      event,
      principal: event.principal,
      window: { from: bucket.index * this.#bucketMs, to: event.at, events: bucket.total(0) },
    }
  }

  /** UTC day in which a bucket begins. */
  #dayOf(index: number): number {
    return Math.floor((index * this.#bucketMs) / DAY_MS)
  }

  /** UTC hour of the day in which a bucket begins. */
  #hourOf(index: number): number {
    const hour = Math.floor((index * this.#bucketMs) / 3_600_000)
    return ((hour % 24) + 24) % 24
  }
}
