import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { describeProblem, type Problem } from '../../src/runtime/errors.ts'
import { loadPlaybooks } from '../../src/respond/playbooks.ts'

const folder = mkdtempSync(join(tmpdir(), 'modelward-playbooks-'))
afterAll(() => rmSync(folder, { recursive: true }))

const shipped = join(import.meta.dirname, '../../rules/playbooks')
const head = 'id: a\ntitle: A\ndescription: A.\n'
const steps = 'steps:\n  - action: decision\n    with: {effect: deny, for: 1h}\n'

function load(...texts: readonly string[]): ReturnType<typeof loadPlaybooks> {
  const files = texts.map((text, index) => {
    const file = join(mkdtempSync(join(folder, 'case-')), `${index}.yml`)
    writeFileSync(file, text)
    return file
  })
  return loadPlaybooks(files)
}

function placed({ line, part, what, cure }: Problem): readonly unknown[] {
  return [line, part, what, cure]
}

describe('playbooks', () => {
  test('those that ship load, ask a person, and protect nobody by surprise', () => {
    const { playbooks, problems } = loadPlaybooks([shipped])
    expect(problems.map(describeProblem)).toEqual([])
    expect(playbooks.map(({ id }) => id)).toEqual(['contain-key', 'notify-owner', 'throttle-principal'])
    for (const { approval, limits } of playbooks) expect([approval, limits.protected]).toEqual(['human', []])
  })

  test('what is left out has a default, and the digest is over the meaning only', () => {
    const [one] = load(head + steps).playbooks
    const [same] = load(
      `${head.replace('A.', 'B.')}expires: 24h\nsteps: [{with: {effect: deny}, action: decision}]`,
    ).playbooks
    const [other] = load(head + steps.replace('1h', '2h')).playbooks
    expect(one).toMatchObject({ approval: 'human', on: {}, expires: '24h', limits: { maxTargets: 10, protected: [] } })
    expect(same?.digest).toBe(one?.digest)
    expect(other?.digest).not.toBe(one?.digest)
  })

  test.each<[string, string, readonly unknown[]]>([
    ['no YAML', 'id: [', [1, 'YAML', expect.any(String), expect.stringContaining('Check indentation')]],
    ['empty', '', [1, 'file', 'it holds no playbook', 'Write one, or remove the file']],
    [
      'no id',
      head.slice(6) + steps,
      [1, 'id', expect.stringContaining('expected string'), 'Add it, or correct its value'],
    ],
    [
      'a bad id',
      head.replace('id: a', 'id: Contain Key') + steps,
      [1, 'id', expect.stringContaining('must be made of'), 'Correct the value'],
    ],
    [
      'an unknown key',
      `${head}aproval: auto\n${steps}`,
      [4, 'aproval', 'the key "aproval" is unknown', 'Remove it or correct its spelling'],
    ],
    [
      'a bad approval',
      `${head}approval: maybe\n${steps}`,
      [4, 'approval', expect.any(String), 'Use one of: human, auto'],
    ],
    [
      'a bad level',
      `${head}on:\n  levels: [urgent]\n${steps}`,
      [5, 'on.levels[0]', expect.any(String), expect.stringContaining('informational, low')],
    ],
    ['no steps', `${head}steps: []\n`, [4, 'steps', 'must hold a step', 'Correct the value']],
    [
      'an unknown action',
      `${head}steps:\n  - action: nuke\n`,
      [5, 'steps[0].action', '"nuke" is no action', 'Use one of: decision, webhook'],
    ],
    [
      'an unknown effect',
      head + steps.replace('deny', 'ban'),
      [6, 'steps[0].with.effect', 'must be deny or throttle', 'Correct the value'],
    ],
    [
      'no limit',
      head + steps.replace('deny', 'throttle'),
      [6, 'steps[0].with.limit', expect.any(String), 'Add it, or correct its value'],
    ],
    [
      'a limit to deny',
      head + steps.replace('for: 1h', 'limit: 3'),
      [6, 'steps[0].with.limit', 'the key "limit" is unknown', expect.any(String)],
    ],
    [
      'a bad duration',
      head + steps.replace('1h', 'soon'),
      [6, 'steps[0].with.for', expect.stringContaining('a duration is written like'), 'Correct the value'],
    ],
    [
      'an endless duration',
      head + steps.replace('1h', '365d'),
      [6, 'steps[0].with.for', 'must lie between 1m and 30d', 'Correct the value'],
    ],
    [
      'a percentage over 100',
      `${head}limits:\n  maxCollateralPercent: 101\n${steps}`,
      [5, 'limits.maxCollateralPercent', expect.any(String), 'Correct the value'],
    ],
    [
      'the same step twice',
      `${head}${steps}  - action: decision\n    with: {for: 1h, effect: deny}\n`,
      [7, 'steps[1]', 'step 2 is the same as an earlier one', 'Remove one of them'],
    ],
  ])('%s is named with place and cure', (_name, text, expected) => {
    const { playbooks, problems } = load(text)
    expect(playbooks).toEqual([])
    expect(problems.map(placed)).toEqual([expected])
  })

  test('one that is wrong costs itself only, and an id is used once', () => {
    const { playbooks, problems } = load(head + steps, 'id: [', head + steps)
    expect(playbooks).toHaveLength(1)
    expect(problems.map(({ part }) => part)).toEqual(['YAML', 'id'])
  })

  test('a folder that is not there and a file beyond the limit are problems', () => {
    const missing = loadPlaybooks([join(folder, 'nowhere')])
    expect(missing.problems.map(({ part, cure }) => [part, cure])).toEqual([
      ['file', 'Check the path and its permissions'],
    ])
    expect(load(`# ${'x'.repeat(300_000)}\n${head}${steps}`).problems[0]?.what).toBe('it has more than 262144 bytes')
  })
})
