import type { Technique } from '../../contract/rules.ts'
import { ATLAS_TECHNIQUES } from './atlas-techniques.ts'
import { ATTACK_TECHNIQUES } from './attack-techniques.ts'

let names: ReadonlyMap<string, string> | undefined

/** The technique with its name, where our tables have one; a subtechnique's begins with its technique's. */
function technique(id: string): Technique {
  names ??= new Map([...namesIn(ATLAS_TECHNIQUES), ...namesIn(ATTACK_TECHNIQUES)])
  const name = names.get(id)
  return name === undefined ? { id } : { id, name }
}

/** Of lines such as `T1001 Data Obfuscation | .001 Junk Data`. */
function* namesIn(table: string): Generator<readonly [id: string, name: string]> {
  for (const line of table.trim().split('\n')) {
    const [first = '', ...subs] = line.split(' | ')
    const { word: id, rest: name } = firstWord(first)
    yield [id, name]
    for (const sub of subs) {
      const { word, rest } = firstWord(sub)
      yield [id + word, rest === '' ? name : `${name}: ${rest}`]
    }
  }
}

function firstWord(text: string): { word: string; rest: string } {
  const [word = '', ...rest] = text.split(' ')
  return { word, rest: rest.join(' ') }
}

/** `atlas.aml.t0024.002` and `attack.t1552.005` as technique ids; tactics and other tags are none. */
export function techniquesOf(tags: readonly string[]): { atlas: readonly Technique[]; attack: readonly Technique[] } {
  const pick = (pattern: RegExp): readonly Technique[] =>
    tags.flatMap((tag) => pattern.exec(tag.toLowerCase())?.[1]?.toUpperCase() ?? []).map(technique)
  return { atlas: pick(/^atlas\.(aml\.t\d{4}(?:\.\d{3})?)$/), attack: pick(/^attack\.(t\d{4}(?:\.\d{3})?)$/) }
}
