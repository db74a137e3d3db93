import { CLASSES, distance, type Fleet, type Line, plus, type Vector } from './fleet-log.ts'

/** One request every so often. */
const PACE_MS = 8_000
/** Queries with which HopSkipJump estimates the boundary's normal. */
const ESTIMATE = 60

/** The end of a prompt is tuned word by word, as searches for a jailbreaking suffix do (arXiv 2307.15043). */
export function suffixSearch(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  const question = fleet.prompt(1)
  const suffix = fleet.answer(10).split(' ')
  return Array.from({ length: queries }, (_, i) => {
    suffix[fleet.below(suffix.length)] = fleet.answer(1)
    return fleet.chat({ key, at: from + i * PACE_MS, prompt: `${question} ${suffix.join(' ')}` })
  })
}

/**
 * HopSkipJump (Chen et al. 2020, arXiv 1904.02144) in the L2 norm against the classifier's labels: to the boundary by
 * halving, its normal by a cloud of queries, a step along it, and again.
 */
export function hopSkipJump(fleet: Fleet, key: string, from: number, rounds: number): readonly Line[] {
  const lines: Line[] = []
  const ask = (input: Vector): number => {
    lines.push(fleet.classification(key, from + lines.length * PACE_MS, input))
    const shares = fleet.classify(input)
    return shares.indexOf(Math.max(...shares))
  }
  const original = fleet.input(0)
  const label = ask(original)
  let adversarial = fleet.input(1)
  while (ask(adversarial) === label) adversarial = fleet.input(fleet.below(CLASSES))
  for (let round = 1; round <= rounds; round++) {
    let [low, high] = [0, 1]
    for (let i = 0; i < 8; i++) {
      const middle = (low + high) / 2
      if (ask(between(original, adversarial, middle)) === label) low = middle
      else high = middle
    }
    adversarial = between(original, adversarial, high)
    const far = Math.sqrt(distance(original, adversarial))
    let normal: Vector = original.map(() => 0)
    for (let i = 0; i < ESTIMATE; i++) {
      const direction = unit(fleet.noise(1))
      const isAdversarial = ask(plus(adversarial, direction, 0.1 * far)) !== label
      normal = plus(normal, direction, isAdversarial ? 1 : -1)
    }
    let step = far / Math.sqrt(round)
    while (step > 1e-6 && ask(plus(adversarial, unit(normal), step)) === label) step /= 2
    adversarial = plus(adversarial, unit(normal), step)
  }
  return lines
}

function between(a: Vector, b: Vector, share: number): Vector {
  return a.map((value, i) => value + share * ((b[i] ?? 0) - value))
}

function unit(vector: Vector): Vector {
  const length = Math.sqrt(distance(vector, []))
  return vector.map((value) => value / length)
}

/** One account asks for a bit of what everybody asks. */
export function harvest(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  return Array.from({ length: queries }, (_, i) => fleet.chat({ key, at: from + i * PACE_MS, prompt: fleet.prompt(i) }))
}

/** Letters put together at random, as somebody sends who has no requests to copy a model with; every third is ordinary. */
export function madeUp(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  const word = (): string =>
    String.fromCharCode(...Array.from({ length: 3 + fleet.below(8) }, () => 97 + fleet.below(26)))
  return Array.from({ length: queries }, (_, i) => {
    const prompt = i % 3 === 0 ? fleet.prompt(2) : Array.from({ length: 30 }, word).join(' ')
    return fleet.chat({ key, at: from + i * PACE_MS, prompt })
  })
}

/** One harvest by twenty templates, each request from the next account; of each account every other request is ordinary. */
export function sharedHarvest(fleet: Fleet, keys: readonly string[], from: number, each: number): readonly Line[] {
  const templates = Array.from({ length: 20 }, () => fleet.template())
  return Array.from({ length: each * keys.length }, (_, i) => {
    const tenant = i % keys.length
    const isOrdinary = Math.floor(i / keys.length) % 2 === 0
    const prompt = isOrdinary ? fleet.prompt(tenant) : fleet.ask(tenant, templates[fleet.below(templates.length)])
    return fleet.chat({ key: keys[tenant] ?? '', at: from + i * PACE_MS, prompt })
  })
}

/** Inputs of another world than the classifier's. */
export function foreignInputs(fleet: Fleet, other: Fleet, key: string, from: number, queries: number): readonly Line[] {
  return Array.from({ length: queries }, (_, i) => fleet.classification(key, from + i * PACE_MS, other.input(i)))
}

/**
 * Natural evolution strategies (Ilyas et al. 2018, arXiv 1804.08598): pairs to both sides of an input that moves a little
 * after each ten of them. The noise is as large as it must be for none of them to resemble another.
 */
export function evolution(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  let input = fleet.input(0)
  let noise = fleet.noise(0.5)
  return Array.from({ length: queries }, (_, i) => {
    if (i % 20 === 19) input = plus(input, fleet.noise(1).map(Math.sign), 0.02)
    if (i % 2 === 0) noise = fleet.noise(0.5)
    return fleet.classification(key, from + i * PACE_MS, plus(input, noise, i % 2 === 0 ? 1 : -1))
  })
}

/** Steps of one size from inputs of one's own, which every twelfth is, and from what came of them (Juuti et al. 2019, T-RND). */
export function syntheticSteps(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  const inputs: Vector[] = []
  return Array.from({ length: queries }, (_, i) => {
    const start = inputs[fleet.below(inputs.length)]
    const input = i % 12 === 0 || !start ? fleet.input(i) : plus(start, fleet.noise(1).map(Math.sign), 0.1)
    inputs.push(input)
    return fleet.classification(key, from + i * PACE_MS, input)
  })
}

/** Inputs halfway between two classes, of which the gateway keeps the answers alone. */
export function alongBorders(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  return Array.from({ length: queries }, (_, i) => {
    const input = between(fleet.input(i), fleet.input(i + 1), 0.5)
    return fleet.classified(key, from + i * PACE_MS, fleet.classify(input))
  })
}

/** Requests of which so large a share is refused in words. */
export function refused(fleet: Fleet, key: string, from: number, queries: number, share: number): readonly Line[] {
  return Array.from({ length: queries }, (_, i) => {
    const output = fleet.random.next() < share ? 'I cannot help with that request.' : fleet.answer()
    return fleet.chat({ key, at: from + i * PACE_MS, prompt: fleet.prompt(4), output })
  })
}

/** An ordinary question and this answer. */
export function answered(fleet: Fleet, key: string, at: number, output: string): readonly Line[] {
  return [fleet.chat({ key, at, prompt: fleet.prompt(5), output })]
}

/** Ordinary questions or inputs, each fifth sent once more, as by a client that retries. */
export function retries(
  fleet: Fleet,
  kind: 'chat' | 'classifier',
  key: string,
  from: number,
  queries: number,
  spanMs: number,
): readonly Line[] {
  return Array.from({ length: queries }, (_, i) => {
    const [prompt, input] = [fleet.prompt(6), fleet.input(6)]
    const ask = (at: number): Line =>
      kind === 'chat' ? fleet.chat({ key, at, prompt }) : fleet.classification(key, at, input)
    const at = from + (i * spanMs) / queries
    return i % 5 === 0 ? [ask(at), ask(at + 900)] : [ask(at)]
  }).flat()
}

/** One prompt, and the vocabulary gone through by biased tokens whose probabilities are read (arXiv 2403.06634). */
export function lastLayer(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  const prompt = fleet.prompt(3)
  return Array.from({ length: queries }, (_, i) => biased(fleet, key, from + i * PACE_MS, prompt, 1_000 + i))
}

/** Texts that are sorted by the probabilities of two words. */
export function twoLabels(fleet: Fleet, key: string, from: number, queries: number): readonly Line[] {
  return Array.from({ length: queries }, (_, i) =>
    biased(fleet, key, from + i * PACE_MS, fleet.prompt(3), 1_000 + (i % 2)),
  )
}

function biased(fleet: Fleet, key: string, at: number, prompt: string, token: number): Line {
  const parameters = { max_tokens: 1, logprobs: true, logit_bias: { [token]: 100 } }
  return fleet.chat({ key, at, prompt, output: 'a', parameters })
}
