/** A pointer from one saved object to another, by the name under which the first one mentions it. */
export interface Reference {
  readonly id: string
  readonly type: 'index-pattern' | 'search'
  readonly name: string
}

/** One line of an export, as Kibana's saved-object import reads it. */
export interface SavedObject {
  readonly id: string
  readonly type: 'index-pattern' | 'search' | 'dashboard'
  readonly attributes: Readonly<Record<string, unknown>>
  readonly references: readonly Reference[]
  readonly coreMigrationVersion: string
  readonly typeMigrationVersion: string
  readonly managed: false
}

/** Kibana refuses versions newer than it knows and migrates older ones: these are the oldest that have all we use. */
const typeVersions = { 'index-pattern': '8.0.0', search: '8.0.0', dashboard: '10.2.0' } as const

export function savedObject(
  type: SavedObject['type'],
  id: string,
  attributes: SavedObject['attributes'],
  references: readonly Reference[],
): SavedObject {
  return {
    id,
    type,
    attributes,
    references,
    coreMigrationVersion: '8.8.0',
    typeMigrationVersion: typeVersions[type],
    managed: false,
  }
}

/** The data view of all alerts, whatever their namespace. */
export function dataView(id: string, title: string, name: string): SavedObject {
  const attributes = {
    title,
    name,
    timeFieldName: '@timestamp',
    sourceFilters: '[]',
    fieldAttrs: '{}',
    fields: '[]',
    fieldFormatMap: JSON.stringify({
      'event.risk_score': { id: 'number', params: { pattern: '0' } },
      'event.url': { id: 'url', params: { labelTemplate: 'open in modelward' } },
    }),
    runtimeFieldMap: '{}',
    typeMeta: '{}',
    allowHidden: false,
  }
  return savedObject('index-pattern', id, attributes, [])
}

/** A list of documents with these columns, newest first, for a dashboard and for Discover. */
export function savedSearch(
  id: string,
  title: string,
  view: string,
  columns: readonly string[],
  query = '',
): SavedObject {
  const index = 'kibanaSavedObjectMeta.searchSourceJSON.index'
  const attributes = {
    title,
    description: '',
    columns,
    sort: [['@timestamp', 'desc']],
    grid: {},
    hideChart: true,
    isTextBasedQuery: false,
    timeRestore: false,
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({
        query: kuery(query),
        filter: [],
        highlightAll: true,
        version: true,
        indexRefName: index,
      }),
    },
  }
  return savedObject('search', id, attributes, [{ id: view, type: 'index-pattern', name: index }])
}

export function kuery(query: string): { readonly query: string; readonly language: 'kuery' } {
  return { query, language: 'kuery' }
}
