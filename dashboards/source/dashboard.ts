import { lensAttributes, layerOf } from './lens.ts'
import type { LensChart } from './lens.ts'
import { kuery, savedObject } from './saved-objects.ts'
import type { Reference, SavedObject } from './saved-objects.ts'

/** A panel's place on a grid 48 columns wide. */
interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export type Panel =
  | { readonly id: string; readonly place: Place; readonly chart: LensChart }
  | { readonly id: string; readonly place: Place; readonly search: string }

/** A control above the panels that narrows all of them. */
export interface Control {
  readonly id: string
  readonly title: string
  readonly field: string
  readonly kind: 'options' | 'range'
}

export interface Dashboard {
  readonly id: string
  readonly title: string
  readonly description: string
  /** Id of the data view that everything is about. */
  readonly view: string
  /** Relative to now, such as `now-7d`. */
  readonly from: string
  /** Only documents in which this field has this value. */
  readonly only: { readonly field: string; readonly value: string }
  readonly controls: readonly Control[]
  readonly panels: readonly Panel[]
}

const FILTER = 'kibanaSavedObjectMeta.searchSourceJSON.filter[0].meta.index'

/** The dashboard as Kibana stores it. */
export function dashboardObject(dashboard: Dashboard): SavedObject {
  const { view, controls, panels } = dashboard
  const attributes = {
    title: dashboard.title,
    description: dashboard.description,
    version: 2,
    timeRestore: true,
    timeFrom: dashboard.from,
    timeTo: 'now',
    refreshInterval: { pause: true, value: 60_000 },
    optionsJSON: JSON.stringify({
      useMargins: true,
      syncColors: true,
      syncCursor: true,
      syncTooltips: false,
      hidePanelTitles: false,
    }),
    controlGroupInput: controlGroup(controls),
    panelsJSON: JSON.stringify(panels.map((panel) => panelState(panel, view))),
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(searchSource(dashboard)) },
  }
  const references: Reference[] = [
    { id: view, type: 'index-pattern', name: FILTER },
    ...panels.map((panel) => panelReference(panel, view)),
    ...controls.map((control): Reference => ({ id: view, type: 'index-pattern', name: controlReference(control) })),
  ]
  return savedObject('dashboard', dashboard.id, attributes, references)
}

function panelState(panel: Panel, view: string): Readonly<Record<string, unknown>> {
  const place = { panelIndex: panel.id, gridData: { ...panel.place, i: panel.id } }
  if ('search' in panel)
    return { type: 'search', ...place, panelRefName: `panel_${panel.id}`, embeddableConfig: { enhancements: {} } }
  const { chart } = panel
  const attributes = lensAttributes(chart, view)
  return { type: 'lens', ...place, title: chart.title, embeddableConfig: { attributes, enhancements: {} } }
}

function panelReference(panel: Panel, view: string): Reference {
  if ('search' in panel) return { id: panel.search, type: 'search', name: `${panel.id}:panel_${panel.id}` }
  const name = `${panel.id}:indexpattern-datasource-layer-${layerOf(panel.chart.title)}`
  return { id: view, type: 'index-pattern', name }
}

function controlReference({ id, kind }: Control): string {
  return `controlGroup_${id}:${kind === 'options' ? 'optionsListDataView' : 'rangeSliderDataView'}`
}

function controlGroup(controls: readonly Control[]): Readonly<Record<string, unknown>> {
  const panels = Object.fromEntries(controls.map((control, order) => [control.id, controlState(control, order)]))
  return {
    chainingSystem: 'HIERARCHICAL',
    controlStyle: 'oneLine',
    showApplySelections: false,
    ignoreParentSettingsJSON: JSON.stringify({
      ignoreFilters: false,
      ignoreQuery: false,
      ignoreTimerange: false,
      ignoreValidations: false,
    }),
    panelsJSON: JSON.stringify(panels),
  }
}

function controlState({ id, title, field, kind }: Control, order: number): Readonly<Record<string, unknown>> {
  const own =
    kind === 'options'
      ? { searchTechnique: 'prefix', selectedOptions: [], sort: { by: '_count', direction: 'desc' } }
      : { step: 1 }
  return {
    order,
    width: 'medium',
    grow: true,
    type: kind === 'options' ? 'optionsListControl' : 'rangeSliderControl',
    explicitInput: { id, fieldName: field, title, ...own },
  }
}

function searchSource({ only }: Dashboard): Readonly<Record<string, unknown>> {
  const filter = {
    $state: { store: 'appState' },
    meta: {
      alias: null,
      disabled: false,
      negate: false,
      type: 'phrase',
      key: only.field,
      field: only.field,
      params: { query: only.value },
      indexRefName: FILTER,
    },
    query: { match_phrase: { [only.field]: only.value } },
  }
  return { query: kuery(''), filter: [filter] }
}
