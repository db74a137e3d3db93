/** Characters of a text that are looked at: longer ones are looked at from both ends. */
const LONGEST_TEXT = 32_768
const LONGEST_PERIOD = 8
/** Tokens that are joined when repeated passages are counted. */
const GRAM = 4
/** Fewer tokens have no share of repeated passages worth telling. */
const FEWEST_TOKENS = 32
/** A run this long and then this much other text is a switch. */
const SWITCH = { run: 20, after: 20, distinct: 0.5 } as const

/** How a text repeats itself. */
export interface Repetition {
  /** Tokens in the longest stretch that repeats one phrase of at most eight tokens, or characters of one letter / 4. */
  readonly run: number
  /** Share of four-token passages that stood in the text before, in [0, 1]; 0 for short texts. */
  readonly repeated: number
  /** After a run of 20 tokens or more come 20 or more, at least half of them different: the model let go of its text. */
  readonly switched: boolean
}

const NO_REPETITION: Repetition = { run: 0, repeated: 0, switched: false }

/**
 * One pass over the words of a text. What Nasr et al. 2023 ("Scalable Extraction of Training Data from (Production)
 * Language Models", arXiv 2311.17035) make models do: repeat one word for a long time, then give away other text. About
 * 40 µs for 1,000 words.
 */
export function repetitionOf(text: string | undefined): Repetition {
  if (text === undefined || text === '') return NO_REPETITION
  const looked =
    text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT / 2)} ${text.slice(-LONGEST_TEXT / 2)}`
  const tokens = looked.split(/\s+/).filter((token) => token !== '')
  const stretch = longestRun(tokens)
  const letters = longestLetterRun(looked) / 4
  return {
    run: Math.max(stretch.length, Math.floor(letters)),
    repeated: repeatedShare(tokens),
    switched: stretch.length >= SWITCH.run && isOtherText(tokens, stretch.end),
  }
}

interface Stretch {
  readonly length: number
  readonly end: number
}

function longestRun(tokens: readonly string[]): Stretch {
  let longest: Stretch = { length: 0, end: 0 }
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    let same = 0
    for (let i = period; i <= tokens.length; i++) {
      if (i < tokens.length && tokens[i] === tokens[i - period]) {
        same++
        continue
      }
      // A phrase that comes twice is no run yet.
      if (same >= 2 * period && same + period > longest.length) longest = { length: same + period, end: i }
      same = 0
    }
  }
  return longest
}

function longestLetterRun(text: string): number {
  let [longest, run] = [0, 0]
  for (let i = 1; i < text.length; i++) {
    run = text.charCodeAt(i) === text.charCodeAt(i - 1) && text.charCodeAt(i) > 32 ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest
}

function repeatedShare(tokens: readonly string[]): number {
  if (tokens.length < FEWEST_TOKENS) return 0
  const seen = new Set<string>()
  const grams = tokens.length - GRAM + 1
  for (let i = 0; i < grams; i++) seen.add(`${tokens[i]} ${tokens[i + 1]} ${tokens[i + 2]} ${tokens[i + 3]}`)
  return 1 - seen.size / grams
}

function isOtherText(tokens: readonly string[], from: number): boolean {
  const after = tokens.slice(from)
  return after.length >= SWITCH.after && new Set(after).size >= SWITCH.distinct * after.length
}
