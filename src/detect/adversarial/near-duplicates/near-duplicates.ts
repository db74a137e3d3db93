import { z } from 'zod'
import type {
  Detector,
  DetectorContext,
  DetectorPlugin,
  Explanation,
  KeyUse,
  Reader,
  Reading,
  Score,
  StateChange,
} from '../../../contract/detect.ts'
import type { Event, Inference } from '../../../contract/event.ts'
import type { Counter, Log } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { seededRandom } from '../../../runtime/random.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { ReadHere } from '../../request/read-here.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { keptOf } from '../trail/projection.ts'
import { Vectors } from '../trail/vectors.ts'
import { explain, explainLearning, WEIGHT_OF, weightOf } from './explain.ts'
import type { Seen } from './explain.ts'
import { Fingerprints, MOST_SYMBOLS, signBits, SMALLEST } from './fingerprint.ts'
import { betaBinomialTail, FEWEST_CLIENTS, Fleet, MOST_TRIALS } from './fleet.ts'
import { Recent, SECTIONS } from './recent.ts'
import type { Fingerprint } from './recent.ts'

const Config = z.strictObject({
  /** Principals (and lengths of vector) held at once; 3.9 KB each, so 78 MB by default. */
  maxKeys: z.int().min(1).default(20_000),
  /** Requests of one window, repeats not counted; the second window of 63 is full after 127 requests. */
  window: z.int().min(16).max(MOST_TRIALS).default(63),
  /** Near vectors differ in at most so many of 128 sign bits: 13 are an angle of 18 degrees; close ones in a third of them. */
  nearBits: z.int().min(0).max(48).default(13),
  /** Near inputs have at least this share of their fingerprints in common. */
  nearShare: z.number().min(0.1).max(1).default(0.5),
})
type Config = z.infer<typeof Config>

/** A prompt's hash, how many hashes its fingerprint has, and these. */
const FINGERPRINT_NUMBERS = 2 + SMALLEST

/**
 * Finds chains of near duplicates, which attacks that search around one input leave (adversarial examples by queries,
 * inversion of embeddings, suffixes of prompts that are tuned): Blacklight, arXiv 2006.14042, with its faults cured
 * (`fingerprint.ts`); ATLAS AML.T0043.001, control IN-6.
 *
 * - A request is near when it resembles one of its principal's last 16 different inputs, so up to 15 others between two
 *   queries of an attack do not hide it. Exact repeats (retries) and steps on one line (sliders) are counted and no
 *   evidence; a scene at rest (`trail.ts`: a camera) is told with p = 1.
 * - Inputs of one kind (one class of digits) are alike too, and some nearly the same. But they thin out gradually, and a search
 *   leaves a gap: vectors between near and far weigh against near ones, half each, and close ones count twice
 *   (`weightOf`). Who fills the gap must search with more noise than close is, some 6 degrees.
 * - What is remembered is each principal's own: an index of the whole fleet could be flushed by anyone with enough
 *   requests. An attack over several accounts leaves a chain in each that has two of its queries among 16; over more than
 *   that it is for the linkage of accounts to see. Evicted principals are counted and come back with no memory.
 * - p: the weight of a window's near requests among the fleet's (`fleet.ts`), learned from each principal's first quiet window;
 *   or among the principal's own past where that makes them more usual. The own past is learned from quiet windows of
 *   p > 0.05 alone, so it cannot be taught by an attack that is noticed from its first window.
 * - Noise of more than a third of the input's own size leaves nothing to resemble: delta-similarity sees that.
 *
 * State: salted hashes, sign bits and a projection; 3.9 KB a principal, of which a request writes 0.4 KB for a text and 1 KB for
 * a vector. 38 µs for a request with 784 numbers.
 */
export const nearDuplicates: DetectorPlugin<Config> = {
  kind: 'near-duplicates',
  summary: 'Chains of near-duplicate inputs, as searches around one input leave (IN-6, AML.T0043.001)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 5_000, window: 32 }, { nearBits: 4, nearShare: 0.8 }],
  open: async (config, context) => new NearDuplicatesDetector(config, context),
  reader: { width: FINGERPRINT_NUMBERS, open: (_config, { key }) => fingerprintReader(key) },
}

function fingerprintsFor(key: Uint8Array): Fingerprints {
  const random = seededRandom(new KeyedHash(key).of('fingerprints') % 2 ** 32)
  return new Fingerprints(() => random.next() * 2 ** 32)
}

function fingerprintReader(key: Uint8Array): Reader {
  const hash = new KeyedHash(key)
  const fingerprints = fingerprintsFor(key)
  return {
    read: ({ prompt = '' }, out, at) => {
      if (prompt === '') return
      const hashes = fingerprints.ofText(prompt)
      out[at] = hash.of(`${prompt.length}:${prompt.slice(0, MOST_SYMBOLS)}`)
      out[at + 1] = hashes.length
      out.set(hashes, at + 2)
    },
  }
}

const NOTHING: readonly Score[] = []
/** A window less usual than this does not become a principal's own past. */
const LEARN_ABOVE = 0.05
/** Own trials from which on they count, and how much a principal's windows differ. */
const [OWN_TRIALS, OWN_CORRELATION] = [120, 0.1]

/** A full window that waits for the word that its event was quiet. */
interface Pending {
  readonly event: string
  readonly row: Row
  readonly seen: Seen
  readonly p: number | null
}

class NearDuplicatesDetector implements Detector {
  readonly #config: Config
  readonly #name: string
  readonly #log: Log
  readonly #rows: KeyedRows
  readonly #touch = (row: Row, section: number): void => this.#rows.touch(row, section)
  readonly #vectors: Vectors
  readonly #fingerprints: Fingerprints
  readonly #read: ReadHere
  readonly #fleets: { readonly vector: Fleet; readonly text: Fleet }
  readonly #resting: Counter
  #pending: Pending | undefined

  constructor(config: Config, { name, log, key, metrics }: DetectorContext) {
    this.#config = config
    this.#name = name
    this.#log = log
    this.#rows = new KeyedRows(config.maxKeys, SECTIONS)
    this.#vectors = new Vectors(name, key, metrics)
    this.#fingerprints = fingerprintsFor(key)
    this.#read = new ReadHere(fingerprintReader(key), FINGERPRINT_NUMBERS)
    const fleetOf = (of: Seen['of']): Fleet => new Fleet(`${of}s`, WEIGHT_OF[of] * config.window)
    this.#fleets = { vector: fleetOf('vector'), text: fleetOf('text') }
    const help = 'Windows of a scene at rest, which are no evidence'
    this.#resting = metrics.counter('modelward_detector_resting_total', help, ['component_id'])
  }

  score(event: Event, reading?: Reading): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const { inference, principal } = event
    const { features, prompt } = inference
    if (features) return this.#scoreVector(event, principal, features, inference.label ?? inference.output)
    if (prompt === undefined || prompt === '') return NOTHING
    const fingerprint = this.#ofText(prompt, inference, reading)
    if (!fingerprint) return NOTHING
    const row = this.#rows.use(`text/${principal}`)
    return this.#count(event, principal, row, new Recent(row, this.#touch), fingerprint)
  }

  learn(event: Event): void {
    const pending = this.#pending
    if (pending?.event !== event.id) return
    this.#pending = undefined
    const { row, seen, p } = pending
    const recent = new Recent(row, this.#touch)
    if (p !== null && p > LEARN_ABOVE) recent.learnOwn(seen.trials, weightOf(seen))
    this.#rows.touch(row, 0)
    if (recent.teachOnce()) this.#fleets[seen.of].learn(weightOf(seen))
  }

  changes(): readonly StateChange[] {
    return [...this.#fleets.vector.changes(), ...this.#fleets.text.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    const { vector, text } = this.#fleets
    vector.clear()
    text.clear()
    this.#pending = undefined
    const own = [...state].filter((change) => !vector.restore(change) && !text.restore(change))
    const unknown = this.#rows.restore(own)
    tellForgotten(unknown, { log: this.#log, name: this.#name })
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #scoreVector(event: Event, principal: string, features: Float32Array, answer: string | undefined): readonly Score[] {
    const projected = this.#vectors.project(features)
    if (!projected) return NOTHING
    const row = this.#rows.use(`${features.length}/${principal}`)
    const fingerprint: Fingerprint = {
      exact: this.#fingerprints.exact(projected),
      bits: signBits(projected),
      hashes: this.#fingerprints.ofVector(features),
    }
    const recent = new Recent(row, this.#touch)
    if (recent.trail().enter(projected, this.#vectors.answer(answer)).kind !== 'collinear')
      return this.#count(event, principal, row, recent, fingerprint)
    recent.noteCollinear()
    recent.remember(fingerprint)
    return NOTHING
  }

  #ofText(prompt: string, inference: Inference, reading: Reading | undefined): Fingerprint | undefined {
    if (prompt.length > MOST_SYMBOLS) this.#vectors.skip('text_cut')
    const { numbers, at } = this.#read.of(inference, reading)
    const count = numbers[at + 1] ?? 0
    if (count === 0) return this.#vectors.skip('text_too_short')
    const hashes = new Uint32Array(count)
    for (let i = 0; i < count; i++) hashes[i] = numbers[at + 2 + i] ?? 0
    return { exact: numbers[at] ?? 0, bits: undefined, hashes }
  }

  #count(event: Event, principal: string, row: Row, recent: Recent, fingerprint: Fingerprint): readonly Score[] {
    if (recent.isRepeat(fingerprint)) return NOTHING
    const { nearBits, nearShare } = this.#config
    const of = keptOf(event.inference?.features?.length ?? 0)
    recent.try(event, fingerprint, { bits: nearBits, of, share: nearShare })
    recent.remember(fingerprint)
    return recent.trials < this.#config.window ? NOTHING : this.#verdict(event, principal, row, recent, fingerprint)
  }

  #verdict(event: Event, principal: string, row: Row, recent: Recent, { bits }: Fingerprint): readonly Score[] {
    const of = bits ? 'vector' : 'text'
    const { trials, hits, closeHits, between, repeats, collinear, ownTrials, ownWeight } = recent
    const rests = bits !== undefined && recent.trail().rests()
    const seen: Seen = {
      of,
      trials,
      hits,
      close: closeHits,
      between,
      repeats,
      collinear,
      ownTrials,
      ownWeight,
      rests,
      exemplars: recent.exemplars(),
    }
    const window = { from: recent.startedAt, to: event.at, events: trials }
    recent.close()
    const fleet = this.#fleets[of]
    const isKnown = fleet.clients >= FEWEST_CLIENTS
    const usual = isKnown ? Math.max(fleet.highP(weightOf(seen)), ownP(seen)) : null
    const p = isKnown && rests ? 1 : usual
    if (rests) this.#resting.add(1, { component_id: this.#name })
    else this.#pending = { event: event.id, row, seen, p }
    const told = (explained: Explanation): readonly Score[] => [
      { detector: this.#name, event, principal, p, direction: 'high', counts: 'window', window, explain: explained },
    ]
    if (isKnown) return told(explain(seen, fleet.usual))
    return recent.warnOnce() ? told(explainLearning(seen, fleet.clients / FEWEST_CLIENTS)) : NOTHING
  }
}

/** p of this weight in the principal's own past; 0 while there is none. */
function ownP(seen: Seen): number {
  const { of, trials, ownTrials, ownWeight } = seen
  if (ownTrials < OWN_TRIALS) return 0
  const share = (ownWeight + 0.5) / (WEIGHT_OF[of] * ownTrials + 1)
  return betaBinomialTail(WEIGHT_OF[of] * trials, share, OWN_CORRELATION, weightOf(seen))
}
