import type { Draw } from './draw.ts'

/** A text with something in it, and where. */
export interface Placed {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** How a value stands in a text: `name` is what people call it; `a` and `b` are sentences of a prompt without digits. */
type Template = (name: string, value: string, a: string, b: string) => readonly [before: string, behind: string]

/** Sets of ways to write: what was mended after one was measured is measured on the next. */
export type SetName = 'first' | 'second' | 'third'

export const NAMED: Readonly<Record<SetName, readonly Template[]>> = {
  first: [
    (name, _, a, b) => [`${a} ${capital(name)}: `, `. ${b}`],
    (name, _, a, b) => [`${a} The ${name} is `, `, as you know. ${b}`],
    (name, _, a, b) => [`${a}\n${capital(name)}: `, `\n${b}`],
    (name, _, a) => [`${a} {"${name}": "`, '"}'],
    (name, _, a, b) => [`${a} ${name}=`, ` ${b}`],
    (name, _, a, b) => [`${a} (${name} `, `) ${b}`],
  ],
  second: [
    (name, _, a, b) => [`${a} ${capital(name)} `, `\n\n${b}`],
    (name, _, a, b) => [`${a} Please note my ${name}, `, `; ${b}`],
    (name, _, a, b) => [`${a}\n| ${name} | `, ` |\n${b}`],
    (name, _, a, b) => [`${a} <${name.replaceAll(/\W/g, '')}>`, `</${name.replaceAll(/\W/g, '')}> ${b}`],
    (name, _, a, b) => [`${a} ${name} = '`, `' ${b}`],
    (name, _, a, b) => [`${a} My ${name} was “`, `”. ${b}`],
    (name, _, a) => [`${a}\n- ${name}: `, ''],
  ],
  third: [
    (name, _, a, b) => [`${a}\n${name} — `, `\n${b}`],
    (name, _, a, b) => [`${a} Is your ${name} still `, `? ${b}`],
    (name, _, a, b) => [`${a} [${name}] `, ` ${b}`],
    (name, _, a, b) => [`${a} "${name.replaceAll(' ', '_')}":"`, `","ok":true ${b}`],
    (name, _, a, b) => [`${a} **${capital(name)}:** `, `\n${b}`],
    (name, _, a, b) => [`${a} ${name}\t`, `\t${b}`],
    (name, _, a, b) => [`${a} Change ${name} to `, `! ${b}`],
  ],
}

/** And without a name: between two words of a sentence, or on a line of its own. */
export const BARE: Readonly<Record<SetName, readonly Template[]>> = {
  first: [
    (_, value, a) => between(a, value),
    (_, __, a, b) => [`${a} I wrote down `, `. ${b}`],
    (_, __, a, b) => [`${a}\n`, `\n${b}`],
  ],
  second: [
    (_, value, a) => between(a, value),
    (_, __, a, b) => [`${a} They gave us `, `, and ${b}`],
    (_, __, a, b) => [`${a} ["`, `", "x"] ${b}`],
    (_, __, a, b) => [`${a}\t`, `\t${b}`],
  ],
  third: [
    (_, value, a) => between(a, value),
    (_, __, a, b) => [`${a} (`, `) ${b}`],
    (_, __, a, b) => [`${a} He said it was `, ` or so. ${b}`],
    (_, __, a, b) => [`${a}\n* `, `\n* ${b}`],
    (_, __, a, b) => [`${a} '`, `' ${b}`],
  ],
}

export function place(
  draw: Draw,
  templates: readonly Template[],
  name: string,
  value: string,
  sentences: readonly string[],
): Placed {
  const [before, behind] = draw.pick(templates)(name, value, draw.pick(sentences), draw.pick(sentences))
  return { text: before + value + behind, start: before.length, end: before.length + value.length }
}

/** Sentences without a digit, of 40 to 200 characters, of the prompts. */
export function sentencesOf(prompts: readonly string[]): readonly string[] {
  return prompts
    .flatMap((prompt) => prompt.split(/(?<=[.!?])\s+|\n+/))
    .filter((sentence) => sentence.length >= 40 && sentence.length <= 200 && !/[\d@]|:\/\//.test(sentence))
}

/** The middle of a sentence; where in it depends on the value, so that not all stand at the same word. */
function between(sentence: string, value: string): readonly [string, string] {
  const words = sentence.split(' ')
  const at = 1 + (value.length % Math.max(1, words.length - 1))
  return [`${words.slice(0, at).join(' ')} `, ` ${words.slice(at).join(' ')}`]
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}
