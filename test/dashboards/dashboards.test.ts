import { EcsFlat } from '@elastic/ecs'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { artefacts } from '../../dashboards/source/artefacts.ts'
import { alertFields, ecsFields } from '../../dashboards/source/fields.ts'
import { ecsAlert } from '../../src/deliver/encode/ecs.ts'
import { readTemplates } from '../../src/deliver/elasticsearch/templates.ts'
import { alert, evidence, rule } from '../deliver/alerts.ts'
import { savedObjectProblems } from './saved-object-lint.ts'

type Json = Record<string, unknown>

const folder = join(import.meta.dirname, '../../dashboards')
const exported = readFileSync(join(folder, 'kibana.ndjson'), 'utf8')

function objects(): Json[] {
  return exported
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json)
}

describe('generated files', () => {
  test('are what their source says; otherwise run: node dashboards/source/build.ts', () => {
    const files = artefacts()
    for (const [name, text] of files) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text)
    const templates = readdirSync(join(folder, 'templates')).map((name) => `templates/${name}`)
    expect(['kibana.ndjson', ...templates].toSorted()).toEqual([...files.keys()].toSorted())
  })
})

describe('the mapping of alerts', () => {
  test('has the types of ECS', () => {
    const facts = EcsFlat as unknown as Readonly<Record<string, { type: string } | undefined>>
    const found = Object.entries(ecsFields).map(([name, type]) => [name, name === 'labels' ? 'object' : type])
    const renamed: Readonly<Record<string, string>> = { 'gen_ai.provider.name': 'gen_ai.system' }
    const expected = Object.keys(ecsFields).map((name) => [name, facts[renamed[name] ?? name]?.type])
    expect(found).toEqual(expected)
  })

  test('knows every field that an alert has', () => {
    const resolved = alert({
      state: 'resolved',
      endedAt: alert().lastAt,
      silencedBy: 's',
      acknowledgedBy: 'a',
      resolvedBy: 'r',
      rule: rule({ attack: [{ id: 'T1552.005' }] }),
      evidence: [evidence({ score: { ...score(), e: 12, exemplars: ['x'] }, ecs: { 'event.outcome': 'failure' } })],
    })
    const options = { observer: { name: 'w', version: '1' }, now: 0, ingestedAt: 0, url: 'https://console.example.org' }
    const names = [alert(), resolved].flatMap((one) => leavesOf(ecsAlert(one, options)))
    expect(names.filter((name) => alertFields[name] === undefined)).toEqual([])
  })

  test('is closed, so that a writer needs no right to change it', async () => {
    const { components } = await readTemplates(join(folder, 'templates'))
    for (const name of ['modelward-ecs@mappings', 'modelward@mappings'])
      expect(components.get(name)).toMatchObject({ template: { mappings: { dynamic: 'false' } } })
  })

  test('the index template names component templates that exist, or says that they may be missing', async () => {
    const { components, indexes } = await readTemplates(join(folder, 'templates'))
    const template = indexes.get('logs-modelward.alerts') as {
      composed_of: string[]
      ignore_missing_component_templates: string[]
    }
    const missing = template.composed_of.filter((name) => !components.has(name))
    expect(missing).toEqual(['logs-modelward.alerts@custom'])
    expect(template.ignore_missing_component_templates).toEqual(expect.arrayContaining(missing))
  })
})

describe('the Kibana dashboard', () => {
  test('has nothing that Kibana would stumble over', () => {
    expect(savedObjectProblems(objects(), alertFields)).toEqual([])
  })

  test('shows alerts over time, by control, technique, principal and severity', () => {
    for (const field of ['@timestamp', 'modelward.control.id', 'threat.technique.name', 'user.name', 'event.severity'])
      expect(exported).toContain(`sourceField\\":\\"${field}\\"`)
  })

  test.each<readonly [string, (text: string) => string]>([
    ['a field that is not mapped', replacing('sourceField\\":\\"user.name', 'sourceField\\":\\"user.nickname')],
    ['a number asked of a keyword', replacing('sourceField\\":\\"event.risk_score', 'sourceField\\":\\"event.action')],
    ['terms of a text', replacing('sourceField\\":\\"rule.name', 'sourceField\\":\\"message')],
    ['an accessor without column', replacing('metricAccessor\\":\\"alerts', 'metricAccessor\\":\\"gone')],
    ['a split without column', replacing('splitAccessor\\":\\"level', 'splitAccessor\\":\\"gone')],
    [
      'an order without column',
      replacing('columnId\\":\\"alerts\\"},\\"orderDirection', 'columnId\\":\\"gone\\"},\\"orderDirection'),
    ],
    [
      'a metric before the bucket',
      replacing('columnOrder\\":[\\"level\\",\\"time\\",\\"alerts', 'columnOrder\\":[\\"alerts\\",\\"level\\",\\"time'),
    ],
    ['a panel off the grid', replacing('\\"x\\":36,\\"y\\":0,\\"w\\":12', '\\"x\\":37,\\"y\\":0,\\"w\\":12')],
    ['panels that overlap', replacing('\\"x\\":12,\\"y\\":0', '\\"x\\":11,\\"y\\":0')],
    ['another panel index', replacing('\\"i\\":\\"severity\\"', '\\"i\\":\\"severe\\"')],
    ['a query about a field that is not mapped', replacing('event.severity >= 73', 'event.severities >= 73')],
    [
      'a dangling reference',
      replacing('"id":"modelward-alerts-search","type":"search","name"', '"id":"gone","type":"search","name"'),
    ],
    [
      'a reference of another name',
      replacing('"name":"controlGroup_risk:rangeSliderDataView"', '"name":"controlGroup_risk:optionsListDataView"'),
    ],
    ['a slider over a keyword', replacing('\\"fieldName\\":\\"event.risk_score\\"', '\\"fieldName\\":\\"user.name\\"')],
    [
      'a control of a field that is not mapped',
      replacing('\\"fieldName\\":\\"service.name\\"', '\\"fieldName\\":\\"service\\"'),
    ],
    ['a column that is not mapped', replacing('"modelward.alert.state","rule.name"', '"modelward.state","rule.name"')],
    [
      'a filter on a field that is not mapped',
      replacing('\\"field\\":\\"event.dataset\\"', '\\"field\\":\\"dataset\\"'),
    ],
    ['a version that is too new', replacing('"typeMigrationVersion":"10.2.0"', '"typeMigrationVersion":"10.9.0"')],
    ['a namespace from another Kibana', replacing('"managed":false', '"managed":false,"namespaces":["x"]')],
    ['an object twice', (text) => `${text}${text.split('\n')[0]}\n`],
  ])('%s is found', (_, mutate) => {
    const mutated = mutate(exported)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Json)
    expect(savedObjectProblems(mutated, alertFields)).not.toEqual([])
  })
})

function replacing(what: string, by: string): (text: string) => string {
  return (text) => {
    if (!text.includes(what)) throw new Error(`the export has no ${what}: change the mutation`)
    return text.replace(what, by)
  }
}

/** Dotted names of everything that is stored, down to what the mapping takes whole. */
function leavesOf(value: unknown, name = ''): string[] {
  const isWhole = alertFields[name] !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)
  if (isWhole) return [name]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, name === '' ? key : `${name}.${key}`))
}

function score(): NonNullable<ReturnType<typeof evidence>['score']> {
  const found = evidence().score
  if (!found) throw new Error('the sample has a score')
  return found
}
