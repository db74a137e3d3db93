import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ConfigDocument } from '../../src/app/config/document.ts'
import { type Config, readConfig } from '../../src/app/config/load.ts'
import { Shape } from '../../src/app/config/schema.ts'

const file = 'modelward.yaml'
const text = readFileSync(join(import.meta.dirname, '../../packaging', file), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'modelward-example-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Settings that are switched off begin with # and no space, or are indented after it; remarks begin with one space. */
const switchedOn = text.replaceAll(/^#(?=\S| {2})/gm, '')

function read(config: string): Config {
  return readConfig(ConfigDocument.parse(file, config.replaceAll(/\/etc\/modelward\/(rules|playbooks)/g, folder)), file)
}

describe('the example config', () => {
  test('is valid as it is shipped, and says nothing that is not so by default where it says defaults', () => {
    const [shipped, defaults] = [read(text), read('{}')]
    for (const section of ['log', 'memory', 'commit', 'privacy'] as const)
      expect(shipped.shape[section]).toEqual(defaults.shape[section])
    for (const section of ['alert', 'respond', 'console'] as const) expect(shipped[section]).toEqual(defaults[section])
    expect(shipped.sources.map(({ name }) => name)).toEqual(['ai-logs'])
    expect(shipped.sinks.map(({ kind }) => kind)).toEqual(['file'])
  })

  test('is valid with everything in it switched on', () => {
    const config = read(switchedOn)
    expect(config.sources.map(({ kind }) => kind)).toEqual(['file', 'http'])
    expect(config.mappings.map(({ name }) => name)).toEqual(['my-gateway'])
    expect(config.sinks.map(({ kind, atLeast }) => [kind, atLeast])).toEqual([
      ['file', 'informational'],
      ['elasticsearch', 'informational'],
      ['webhook', 'high'],
    ])
    expect(config.ruleFolders).toContain(folder)
    expect(config.checks).toHaveLength(1)
  })

  test('shows every section there is', () => {
    const { value } = ConfigDocument.parse(file, switchedOn)
    expect(Object.keys(value as object).toSorted()).toEqual(Object.keys(Shape.shape).toSorted())
  })

  test('has each of its sections read: a key that is unknown is seen in any', () => {
    const whole = ConfigDocument.parse(file, switchedOn).value as Record<string, object>
    for (const [section, part] of Object.entries(whole)) {
      if (typeof part !== 'object') continue
      const broken = Array.isArray(part) ? [{ ...part[0], nonsense: 1 }] : { ...part, nonsense: 1 }
      expect(() => read(stringify({ ...whole, [section]: broken })), section).toThrow(/nonsense/)
    }
  })
})
