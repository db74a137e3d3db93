import type { FieldType } from '../../dashboards/source/fields.ts'

type Json = Record<string, unknown>
type Fields = Readonly<Record<string, FieldType>>

const numeric = new Set<FieldType>(['long', 'integer', 'float', 'double'])
const aggregatable = new Set<FieldType>([
  ...numeric,
  'keyword',
  'constant_keyword',
  'wildcard',
  'ip',
  'date',
  'boolean',
])

/** Which field types an operation of Lens can be asked of. */
const operations: Readonly<Record<string, ReadonlySet<FieldType>>> = {
  terms: aggregatable,
  unique_count: aggregatable,
  last_value: aggregatable,
  max: new Set([...numeric, 'date']),
  min: new Set([...numeric, 'date']),
  average: numeric,
  sum: numeric,
  date_histogram: new Set(['date']),
}

const versions: Readonly<Record<string, string>> = { dashboard: '10.2.0', 'index-pattern': '8.0.0', search: '8.0.0' }
const envelope = ['attributes', 'coreMigrationVersion', 'id', 'managed', 'references', 'type', 'typeMigrationVersion']
const GRID_COLUMNS = 48
const FILTER = 'kibanaSavedObjectMeta.searchSourceJSON.filter[0].meta.index'
const INDEX = 'kibanaSavedObjectMeta.searchSourceJSON.index'

/**
 * What Kibana would stumble over at render time, which its import does not check: dangling references, panels off the
 * grid, charts that point to columns that are not there, fields that the mapping lacks or that cannot be aggregated so.
 */
export function savedObjectProblems(objects: readonly Json[], fields: Fields): string[] {
  const known = new Map(objects.map((object) => [`${text(object['type'])}:${text(object['id'])}`, object]))
  const problems = known.size === objects.length ? [] : ['two objects have one id']
  for (const object of objects) {
    const where = text(object['id'])
    const found = [...envelopeProblems(object, known), ...contentProblems(object, fields)]
    problems.push(...found.map((problem) => `${where}: ${problem}`))
  }
  return problems
}

function envelopeProblems(object: Json, known: ReadonlyMap<string, Json>): string[] {
  const problems: string[] = []
  if (Object.keys(object).toSorted().join() !== envelope.join()) problems.push('the envelope has other keys')
  if (object['typeMigrationVersion'] !== versions[text(object['type'])]) problems.push('typeMigrationVersion')
  if (object['coreMigrationVersion'] !== '8.8.0' || object['managed'] !== false)
    problems.push('coreMigrationVersion or managed')
  for (const { type, id, name } of list(object['references']))
    if (!known.has(`${text(type)}:${text(id)}`)) problems.push(`${text(name)} leads to nothing`)
  return problems
}

function contentProblems(object: Json, fields: Fields): string[] {
  const attributes = json(object['attributes'])
  const names = list(object['references']).map(({ name }) => text(name))
  switch (object['type']) {
    case 'search':
      return [...searchProblems(attributes, fields), ...different('references', names, [INDEX])]
    case 'dashboard':
      return dashboardProblems(attributes, names, fields)
    default:
      return attributes['timeFieldName'] === '@timestamp' ? [] : ['no time field']
  }
}

function searchProblems(attributes: Json, fields: Fields): string[] {
  const columns = attributes['columns'] as string[]
  const source = parsed(json(attributes['kibanaSavedObjectMeta'])['searchSourceJSON'])
  return [
    ...columns.filter((column) => !fields[column]).map((column) => `column ${column} is no field`),
    ...queryProblems(json(source['query']), fields),
    ...(source['indexRefName'] === INDEX ? [] : ['indexRefName']),
  ]
}

function dashboardProblems(attributes: Json, references: readonly string[], fields: Fields): string[] {
  const panels = JSON.parse(text(attributes['panelsJSON'])) as Json[]
  const controls = parsed(json(attributes['controlGroupInput'])['panelsJSON'])
  const expected = [
    FILTER,
    ...panels.map(referenceOfPanel),
    ...Object.values(controls).map((one) => referenceOfControl(json(one))),
  ]
  return [
    ...different('references', references, expected),
    ...gridProblems(panels),
    ...panels.flatMap((panel) => panelProblems(panel, fields)),
    ...Object.entries(controls).flatMap(([id, control]) => controlProblems(id, json(control), fields)),
    ...filterProblems(parsed(json(attributes['kibanaSavedObjectMeta'])['searchSourceJSON']), fields),
  ]
}

function filterProblems(source: Json, fields: Fields): string[] {
  const [filter, ...more] = list(source['filter'])
  if (!filter || more.length > 0) return ['a dashboard has one filter']
  const meta = json(filter['meta'])
  const field = text(meta['field'])
  return [
    ...(fields[field] ? [] : [`filter field ${field} is no field`]),
    ...(meta['indexRefName'] === FILTER ? [] : ['filter without reference']),
  ]
}

function gridProblems(panels: readonly Json[]): string[] {
  const problems: string[] = []
  const taken = new Set<string>()
  const ids = panels.map((panel) => text(panel['panelIndex']))
  if (new Set(ids).size !== ids.length) problems.push('two panels have one id')
  for (const panel of panels) {
    const grid = json(panel['gridData'])
    const [x, y, w, h] = ['x', 'y', 'w', 'h'].map((side) => Number(grid[side])) as [number, number, number, number]
    if (grid['i'] !== panel['panelIndex']) problems.push(`panel ${text(grid['i'])} has another index`)
    if (![x, y, w, h].every(Number.isInteger) || x < 0 || y < 0 || w < 1 || h < 1 || x + w > GRID_COLUMNS)
      problems.push(`panel ${text(grid['i'])} is off the grid`)
    else
      for (let column = x; column < x + w; column++)
        for (let row = y; row < y + h; row++) {
          if (taken.has(`${column},${row}`))
            problems.push(`panel ${text(grid['i'])} lies over another at ${column},${row}`)
          taken.add(`${column},${row}`)
        }
  }
  return problems
}

function panelProblems(panel: Json, fields: Fields): string[] {
  const id = text(panel['panelIndex'])
  if (panel['type'] === 'search') return panel['panelRefName'] === `panel_${id}` ? [] : [`${id}: panelRefName`]
  return lensProblems(json(json(panel['embeddableConfig'])['attributes']), fields).map((problem) => `${id}: ${problem}`)
}

function lensProblems(attributes: Json, fields: Fields): string[] {
  const state = json(attributes['state'])
  const layers = json(json(json(state['datasourceStates'])['formBased'])['layers'])
  const [[layerId, layer] = ['', {}], ...more] = Object.entries(layers)
  if (more.length > 0) return ['more than one layer']
  const columns = json(json(layer)['columns'])
  const ids = Object.keys(columns)
  const buckets = ids.filter((id) => json(columns[id])['isBucketed'] === true)
  const order = json(layer)['columnOrder'] as string[]
  const [reference] = list(attributes['references'])
  return [
    ...(reference?.['name'] === `indexpattern-datasource-layer-${layerId}` ? [] : ['reference of the layer']),
    ...different('columnOrder', order, ids),
    ...different('buckets first', order.slice(0, buckets.length), buckets),
    ...visualizationProblems(text(attributes['visualizationType']), json(state['visualization']), layerId, ids),
    ...ids.flatMap((id) => columnProblems(id, json(columns[id]), ids, fields)),
    ...queryProblems(json(state['query']), fields),
  ]
}

/** Every column is shown, and nothing is shown that is no column. */
function visualizationProblems(
  type: string,
  visualization: Json,
  layerId: string,
  columns: readonly string[],
): string[] {
  const layer = type === 'lnsXY' || type === 'lnsPie' ? list(visualization['layers'])[0] : visualization
  if (!layer) return ['no layer is shown']
  const shown: Readonly<Record<string, unknown[]>> = {
    lnsMetric: [layer['metricAccessor']],
    lnsXY: [layer['xAccessor'], layer['splitAccessor'], ...((layer['accessors'] ?? []) as unknown[])],
    lnsPie: [...((layer['primaryGroups'] ?? []) as unknown[]), ...((layer['metrics'] ?? []) as unknown[])],
    lnsDatatable: list(layer['columns']).map(({ columnId }) => columnId),
  }
  const accessors = shown[type]?.filter((id) => id !== undefined)
  if (!accessors) return [`unknown visualization ${type}`]
  return [
    ...(layer['layerId'] === layerId ? [] : ['the visualization is of another layer']),
    ...different('accessors', accessors.map(text), columns),
  ]
}

function columnProblems(id: string, column: Json, columns: readonly string[], fields: Fields): string[] {
  const problems: string[] = []
  const operation = text(column['operationType'])
  const field = text(column['sourceField'])
  const type = fields[field]
  if (!type) problems.push(`${id}: ${field} is no field`)
  else if (!operations[operation]?.has(type)) problems.push(`${id}: ${operation} of ${field}, which is ${type}`)
  if (column['isBucketed'] !== ['terms', 'date_histogram'].includes(operation)) problems.push(`${id}: isBucketed`)
  const orderBy = json(json(column['params'])['orderBy'] ?? {})
  if (orderBy['columnId'] !== undefined && !columns.includes(text(orderBy['columnId']))) problems.push(`${id}: orderBy`)
  const filter = column['filter']
  return filter === undefined ? problems : [...problems, ...queryProblems(json(filter), fields)]
}

function controlProblems(id: string, control: Json, fields: Fields): string[] {
  const input = json(control['explicitInput'])
  const field = text(input['fieldName'])
  const type = fields[field]
  const fits = type && (control['type'] === 'rangeSliderControl' ? numeric : aggregatable).has(type)
  return [
    ...(input['id'] === id ? [] : [`control ${id} has another id`]),
    ...(fits ? [] : [`control ${id}: ${field} does not fit`]),
  ]
}

function queryProblems(query: Json, fields: Fields): string[] {
  if (query['language'] !== 'kuery') return ['a query that is not KQL']
  const names = [...text(query['query']).matchAll(/([@\w.]+)\s*(?::|[<>]=?)/g)].map((match) => match[1] ?? '')
  return names.filter((name) => !fields[name]).map((name) => `query names ${name}, which is no field`)
}

function referenceOfPanel(panel: Json): string {
  const id = text(panel['panelIndex'])
  if (panel['type'] === 'search') return `${id}:panel_${id}`
  const attributes = json(json(panel['embeddableConfig'])['attributes'])
  return `${id}:${text(list(attributes['references'])[0]?.['name'])}`
}

function referenceOfControl(control: Json): string {
  const kind = control['type'] === 'rangeSliderControl' ? 'rangeSliderDataView' : 'optionsListDataView'
  return `controlGroup_${text(json(control['explicitInput'])['id'])}:${kind}`
}

function different(what: string, found: readonly string[], expected: readonly string[]): string[] {
  const [a, b] = [found.toSorted().join(', '), expected.toSorted().join(', ')]
  return a === b ? [] : [`${what}: ${a} instead of ${b}`]
}

function json(value: unknown): Json {
  return (value ?? {}) as Json
}

function list(value: unknown): Json[] {
  return (value ?? []) as Json[]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parsed(value: unknown): Json {
  return JSON.parse(text(value)) as Json
}
