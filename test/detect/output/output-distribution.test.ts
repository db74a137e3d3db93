import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { openWasm } from '../../../src/detect/compute/wasm/wasm.ts'
import { reconstructionError, trainAutoencoder } from '../../../src/detect/output/distribution/autoencoder.ts'
import { Cloud, inverseOfCholesky } from '../../../src/detect/output/distribution/cloud.ts'
import { outputDistribution } from '../../../src/detect/output/distribution/output-distribution.ts'
import { certaintyOf } from '../../../src/detect/output/distribution/signals.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { detectorContext } from '../../support/detector-context.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { detectorConformance, pass } from '../conformance.ts'
import { MONDAY } from '../traffic.ts'

const COLUMNS = 24
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

/** A vector on a plane of four dimensions, with a little noise; `off` moves it out of the plane. */
function vector(random: Random, off: number): Float32Array {
  const latent = Array.from({ length: 4 }, () => normal(random))
  return Float32Array.from(
    { length: COLUMNS },
    (_, i) => (latent[i % 4] ?? 0) * (1 + (i % 3)) + 0.1 * normal(random) + (i % 2 === 0 ? off : -off),
  )
}

function confidences(random: Random, sure: number): Float32Array {
  const logits = Array.from({ length: 10 }, () => normal(random))
  logits[Math.floor(10 * random.next())] = sure + normal(random)
  const total = logits.reduce((sum, value) => sum + Math.exp(value), 0)
  return Float32Array.from(logits, (value) => Math.exp(value) / total)
}

interface Client {
  readonly principal: string
  readonly requests: number
  readonly sure?: number
  readonly off?: number
}

function stream(random: Random, clients: readonly Client[]): Event[] {
  return clients
    .flatMap(({ principal, requests, sure = 6, off = 0 }) => {
      const nature = 0.3 * normal(random)
      return Array.from({ length: requests }, (_, i) =>
        event({
          at: MONDAY + i * 60_000 + Math.floor(1_000 * random.next()),
          principal,
          inference: { features: vector(random, off), confidences: confidences(random, sure + nature) },
        }),
      )
    })
    .toSorted((a, b) => a.at - b.at)
}

const clients = (count: number, requests: number, prefix: string): Client[] =>
  Array.from({ length: count }, (_, i) => ({ principal: `${prefix}${i}`, requests }))

async function reference(): Promise<Uint8Array> {
  const config = outputDistribution.config.parse({ neighbours: 64 })
  const maker = outputDistribution.baseline?.(config, detectorContext())
  if (!maker) throw new Error('it makes a reference')
  await maker.refer(stream(seededRandom(1), clients(20, 64, 'refer:')))
  await maker.calibrate(stream(seededRandom(2), clients(40, 96, 'calibrate:')))
  const made = await maker.freeze()
  await maker[Symbol.asyncDispose]()
  if ('refused' in made) throw new Error(made.refused)
  return made.reference
}
const frozen = await reference()

const open = (cap?: number, bytes: Uint8Array | undefined = frozen) =>
  outputDistribution.open(
    outputDistribution.config.parse(cap === undefined ? {} : { maxKeys: cap }),
    detectorContext('output-distribution', bytes),
  )

detectorConformance({
  name: 'output-distribution',
  open,
  events: (random, prefix = 'key:') =>
    stream(random, [...clients(5, 96, prefix), { principal: `${prefix}odd`, requests: 96, off: 0.5 }]),
})

describe('output-distribution', () => {
  test('finds who sends what lies elsewhere, and who gets unsure answers', async () => {
    const { raw } = await pass(await open(), [
      stream(seededRandom(5), [
        ...clients(20, 64, 'key:'),
        { principal: 'key:elsewhere', requests: 64, off: 0.5 },
        { principal: 'key:unsure', requests: 64, sure: 2 },
      ]),
    ])
    const of = (principal: string) => raw.filter((score) => score.principal === principal)
    for (const principal of ['key:elsewhere', 'key:unsure']) {
      expect(of(principal)).toHaveLength(2)
      for (const { p } of of(principal)) expect(p).toBeLessThan(1e-3)
    }
    expect(['mahalanobis', 'neighbour_distance', 'reconstruction_error']).toContain(
      of('key:elsewhere')[0]?.explain.feature,
    )
    expect(['confidence', 'entropy']).toContain(of('key:unsure')[0]?.explain.feature)
    expect(of('key:unsure')[0]?.explain.text).toMatch(
      /^mean \w+.* of 32 answers is [\d.e-]+, typically [\d.e-]+ \(40 clients/,
    )
    const others = raw.filter(({ principal }) => /^key:\d/.test(principal ?? ''))
    expect(others).toHaveLength(40)
    expect(others.filter(({ p }) => (p ?? 1) <= 0.05).length).toBeLessThanOrEqual(6)
  })

  test('without a reference it says once what is to be done', async () => {
    const detector = await outputDistribution.open(outputDistribution.config.parse({}), detectorContext('x'))
    const { raw } = await pass(detector, [stream(seededRandom(6), clients(3, 64, 'key:'))])
    expect(raw.map(({ p, explain }) => [p, explain.learning])).toEqual([[null, 0]])
    expect(raw[0]?.explain.text).toMatch(/run `modelward baseline/)
  })

  test('a vector of another length, or of no finite numbers, is counted and the rest is judged', async () => {
    const context = detectorContext('output-distribution', frozen)
    const detector = await outputDistribution.open(outputDistribution.config.parse({}), context)
    const events = stream(seededRandom(7), clients(1, 64, 'key:')).map((each, i) =>
      i % 8 === 0
        ? event({
            ...each,
            inference: {
              ...each.inference,
              features: i % 16 === 0 ? new Float32Array(7) : new Float32Array(COLUMNS).fill(Infinity),
            },
          })
        : each,
    )
    const { raw } = await pass(detector, [events])
    expect(raw).toHaveLength(2)
    for (const { p } of raw) expect(p).toBeGreaterThan(1e-3)
    const counted = await context.metrics.text()
    expect(counted).toMatch(/skipped_total\{[^}]*reason="vector_of_another_length"\} [1-9]/)
    expect(counted).toMatch(/skipped_total\{[^}]*reason="vector_not_finite"\} [1-9]/)
  })

  test('too few clients make no reference, and it says what would', async () => {
    const maker = outputDistribution.baseline?.(outputDistribution.config.parse({}), detectorContext())
    await maker?.refer(stream(seededRandom(8), clients(4, 64, 'a:')))
    await maker?.calibrate(stream(seededRandom(9), clients(4, 64, 'b:')))
    expect(await maker?.freeze()).toEqual({ refused: expect.stringMatching(/^20 clients beyond/) as string })
  })
})

describe('what a model says of its own certainty', () => {
  const inference = { operation: 'classify', ok: true, parameters: {} }
  test('probabilities: largest share and entropy, and no energy', () => {
    const [confidence, entropy, energy] = certaintyOf({ ...inference, confidences: Float32Array.of(0.5, 0.25, 0.25) })
    expect(confidence).toBe(0.5)
    expect(entropy).toBeCloseTo(1.5 * Math.LN2, 6)
    expect(energy).toBeUndefined()
  })

  test('logits: the same of their softmax, and -logsumexp', () => {
    const [confidence, entropy, energy] = certaintyOf({ ...inference, confidences: Float32Array.of(3, 1, 0.2) })
    // By hand (Python's math, double precision).
    expect(confidence).toBeCloseTo(0.836_018_8, 6)
    expect(entropy).toBeCloseTo(0.547_737_3, 6)
    expect(energy).toBeCloseTo(-3.179_104_6, 6)
  })

  test('log-probabilities of tokens: their mean', () => {
    expect(certaintyOf({ ...inference, tokenLogprobs: Float32Array.of(-1, -3) })[3]).toBe(-2)
    expect(certaintyOf({ ...inference, tokenLogprobs: Float32Array.of(-1, -Infinity) })[3]).toBeUndefined()
    expect(certaintyOf({ ...inference, confidences: Float32Array.of(Number.NaN, 1) })[0]).toBeUndefined()
  })
})

describe('where vectors lie', () => {
  test('whitening gives the Mahalanobis distance', () => {
    // Covariance [[4, 2], [2, 3]]: its inverse is [[3, -2], [-2, 4]] / 8.
    const inverse = inverseOfCholesky(Float64Array.of(4, 2, 2, 3), 2)
    const cloud = new Cloud({
      columns: 2,
      mean: Float64Array.of(1, -1),
      whitening: inverse,
      bank: new Float32Array(2),
      layers: [],
    })
    const [x, y] = cloud.whiten(Float32Array.of(3, 0))
    expect((x ?? 0) ** 2 + (y ?? 0) ** 2).toBeCloseTo((3 * 4 - 2 * 2 * 2 + 4) / 8, 6)
    expect(() => inverseOfCholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(/not positive definite/)
  })

  test('alone and in a batch a vector has the same distances', async () => {
    const random = seededRandom(3)
    const rows = Array.from({ length: 400 }, () => vector(random, 0))
    const values = Float32Array.from(rows.flatMap((row) => [...row]))
    const compute = openRef()
    const cloud = await Cloud.fit({ rows: 400, columns: COLUMNS, values }, 100, compute, seededRandom(4))
    const batch = await cloud.distances(rows.slice(0, 5), compute, await compute.hold(cloud.bank))
    for (const [i, row] of rows.slice(0, 5).entries())
      for (const [j, value] of cloud.distancesOf(row).entries()) expect(batch[i]?.[j]).toBeCloseTo(value, 3)
  })

  test('an autoencoder copies what it has learned from better than anything else', async () => {
    const random = seededRandom(5)
    const rows = 600
    const values = Float32Array.from(Array.from({ length: rows }, () => [...vector(random, 0)]).flat())
    await using compute = await openWasm(given(), { threads: 0 })
    const train = () => trainAutoencoder({ rows, columns: COLUMNS, values }, compute, seededRandom(6))
    const layers = await train()
    const mean = (off: number): number =>
      Array.from({ length: 50 }, () => reconstructionError(layers, vector(random, off))).reduce((a, b) => a + b) / 50
    expect(mean(0)).toBeLessThan(0.25 * mean(2))
    expect(await train()).toEqual(layers)
  })
})
