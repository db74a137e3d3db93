import type { Case } from '../../bench.ts'
import { row, share } from '../shares.ts'
import { hitsIn, measureHeldOut, type Tally } from './held-out.ts'

/** The first two showed what was then mended, so by now they are in sample; nothing was changed because of the third. */
const SETS = [
  { set: 'first', seed: 1, name: 'set 1 (in sample by now)' },
  { set: 'second', seed: 2, name: 'set 2 (in sample by now)' },
  { set: 'third', seed: 3, name: 'set 3 (held out)' },
] as const
/** A form that is missed more often than this has its own row. */
const FULLY_MET = 0.98

/** Held-out personal data, near misses, and what is told of raw prompts; each miss and each false finding is reported. */
export function heldOutCases(
  bench: string,
  prompts: readonly string[],
  report: (message: string) => void,
): readonly Case[] {
  const cases = SETS.flatMap(({ set, seed, name }) => {
    const { kinds, forms, nearMisses, misses } = measureHeldOut(seed, set, prompts)
    for (const miss of misses) report(`${name}, missed: ${miss}`)
    for (const { family, asWhat } of nearMisses) for (const what of asWhat) report(`${name}, ${family}: ${what}`)
    const structured = kinds.filter(({ name: kind }) => kind !== 'phone')
    const phones = kinds.filter(({ name: kind }) => kind === 'phone')
    const told = nearMisses.reduce((sum, each) => sum + each.told, 0)
    return [
      ...rates(bench, `${name}, all but phones`, summed(structured)),
      ...rates(bench, `${name}, phones`, summed(phones)),
      share(
        bench,
        `${name}, near misses told as anything`,
        told,
        nearMisses.reduce((sum, { texts }) => sum + texts, 0),
      ),
      ...(set === 'third' ? structured : []).flatMap((kind) => rates(bench, `${name}, ${kind.name}`, kind)),
      ...forms
        .filter(({ met, planted }) => met < FULLY_MET * planted)
        .map((form) => share(bench, `${name}, form ${form.name}: recall`, form.met, form.planted)),
    ]
  })
  const hits = hitsIn(prompts)
  for (const hit of new Set(hits)) report(`raw prompt: ${hit}`)
  return [
    ...cases,
    {
      ...row(bench, `raw T0 prompts (${prompts.length}): findings, ${new Set(hits).size} of them different`),
      value: hits.length,
    },
  ]
}

function rates(bench: string, name: string, { planted, met, found, right }: Omit<Tally, 'name'>): readonly Case[] {
  return [share(bench, `${name}: recall`, met, planted), share(bench, `${name}: precision`, right, found)]
}

function summed(tallies: readonly Tally[]): Omit<Tally, 'name'> {
  const sum = (what: 'planted' | 'met' | 'found' | 'right'): number =>
    tallies.reduce((all, each) => all + each[what], 0)
  return { planted: sum('planted'), met: sum('met'), found: sum('found'), right: sum('right') }
}
