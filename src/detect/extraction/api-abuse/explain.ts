import type { Explanation } from '../../../contract/detect.ts'
import type { Suspect } from './suspect.ts'
import type { Verdict } from './verdict.ts'

/** What made the verdict, against what was to be expected, in words. */
export function explain(
  suspect: Suspect,
  verdict: Verdict,
  { maxTokens, ordinaryTokens }: { readonly maxTokens: number; readonly ordinaryTokens: number },
): Explanation {
  const recent = suspect.recent()
  const distinct = Math.round(suspect.distinctTokens)
  const onOnePrompt = suspect.tokensOnOnePrompt()
  const isSweep = verdict.feature === 'new_biased_tokens'
  const expected = isSweep ? suspect.expectedHits : ordinaryTokens
  const prompt = onOnePrompt === undefined ? '' : `, about ${Math.round(onOnePrompt)} of them on one prompt`
  const against = isSweep
    ? `${suspect.hits} of ${suspect.trials} such requests biased tokens new to them, expected at most ${round(expected)}`
    : `ordinary callers bias about ${round(expected)} at most`
  return {
    feature: verdict.feature,
    seen: isSweep ? suspect.hits : distinct,
    expected: round(expected),
    text:
      `${recent.probes} of the last ${recent.requests} requests set logit_bias and asked for at most ${maxTokens} tokens ` +
      `or log-probabilities; about ${distinct} distinct tokens biased${prompt}; ${against}`,
    exemplars: suspect.exemplars(),
    probes: suspect.probes,
    distinct_tokens: distinct,
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
