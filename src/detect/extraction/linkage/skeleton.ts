/** Words at either end of a prompt that stand for the template it was made from. */
const WORDS = 6
/** Characters that are looked at for them, at either end. */
const REACH = 160
const SPACE = 32
/** What `isLetter` is false for. */
const BETWEEN = /[^A-Za-z\u0080-\uffff]+/g

/**
 * The first and the last six words of a prompt, without punctuation, letter case and numbers: what a template leaves the
 * same while the text put into it changes. One for a prompt that is shorter, none for one without words.
 */
export function skeletonsOf(prompt: string): readonly string[] {
  const beginning = beginningOf(prompt)
  if (beginning === '') return []
  const end = endOf(prompt)
  return beginning === end ? [beginning] : [beginning, `… ${end}`]
}

function beginningOf(prompt: string): string {
  const to = Math.min(prompt.length, REACH)
  let [words, from, end, isPlain] = [0, 0, 0, true]
  for (let at = 0; at < to && words < WORDS; at++) {
    const start = at
    while (at < to && isLetter(prompt.charCodeAt(at))) at++
    if (at === start) continue
    if (words++ === 0) from = start
    else if (start !== end + 1 || prompt.charCodeAt(end) !== SPACE) isPlain = false
    end = at
  }
  return wordsOf(prompt.slice(from, end), isPlain)
}

function endOf(prompt: string): string {
  const to = Math.max(0, prompt.length - REACH)
  let [words, from, end, isPlain] = [0, 0, 0, true]
  for (let at = prompt.length; at > to && words < WORDS; at--) {
    const stop = at
    while (at > to && isLetter(prompt.charCodeAt(at - 1))) at--
    if (at === stop) continue
    if (words++ === 0) end = stop
    else if (stop !== from - 1 || prompt.charCodeAt(stop) !== SPACE) isPlain = false
    from = at
  }
  return wordsOf(prompt.slice(from, end), isPlain)
}

/** The words of `text`, which begins and ends with one; `isPlain` when there is nothing but a space between any two. */
function wordsOf(text: string, isPlain: boolean): string {
  return (isPlain ? text : text.replaceAll(BETWEEN, ' ')).toLowerCase()
}

/** ASCII letters, and whatever is not ASCII. */
function isLetter(code: number): boolean {
  const lower = code | 32
  return (lower >= 97 && lower <= 122) || code > 127
}
