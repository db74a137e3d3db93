import type { Backtest, BacktestRow } from './backtest.ts'

/**
 * A backtest as JUnit XML (the form that Jenkins, GitLab and GitHub's actions read): one suite, a test case for each rule with
 * an expectation or a finding. A broken expectation is a failure; what only warns stands in the case's output.
 */
export function junitOf({ rows, seconds }: Backtest): string {
  const shown = rows.filter(({ expected, findings }) => expected !== undefined || findings > 0)
  const failures = shown.filter(({ outcome }) => outcome === 'broken').length
  const time = seconds.toFixed(3)
  const counts = `tests="${shown.length}" failures="${failures}" errors="0" skipped="0" time="${time}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="modelward rules backtest" tests="${shown.length}" failures="${failures}" errors="0" time="${time}">`,
    `  <testsuite name="modelward rules backtest" ${counts}>`,
    ...shown.map(caseOf),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseOf({ rule, findings, expected, outcome, reason }: BacktestRow): string {
  const name = expected === undefined ? `${rule.title} (no expectation)` : `${rule.title} (${expected})`
  const head = `    <testcase classname="${escaped(rule.id)}" name="${escaped(name)}" file="${escaped(rule.file)}" time="0">`
  const told = escaped(reason ?? '')
  if (outcome === 'broken')
    return `${head}\n      <failure message="${told}" type="expectation">${escaped(`${rule.file}: ${rule.title}: ${reason ?? ''}`)}</failure>\n    </testcase>`
  const said = outcome === 'warning' ? told : `findings: ${findings}`
  return `${head}\n      <system-out>${said}</system-out>\n    </testcase>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text for an attribute or an element. XML 1.0 has no place for most control characters: they become U+FFFD. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
