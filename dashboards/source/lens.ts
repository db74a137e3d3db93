import { alertFields } from './fields.ts'
import { kuery } from './saved-objects.ts'

type Json = Readonly<Record<string, unknown>>

/** One column of a Lens layer: `id` is how the chart points to it. */
export interface Column {
  readonly id: string
  readonly isBucketed: boolean
  readonly state: Json
}

/** What a panel shows, without its place: Kibana's Lens, by value. */
export interface LensChart {
  readonly title: string
  readonly type: 'lnsMetric' | 'lnsXY' | 'lnsPie' | 'lnsDatatable'
  readonly columns: readonly Column[]
  readonly visualization: Json
}

/** Alerts are counted by id: an alert has one document for its start and one for its end. */
export function alertCount(id: string, label: string, filter?: string): Column {
  return metric(id, label, 'unique_count', 'event.id', filter)
}

export function metric(
  id: string,
  label: string,
  operation: 'unique_count' | 'max' | 'min' | 'average' | 'sum',
  field: string,
  filter?: string,
): Column {
  const state = {
    label,
    customLabel: true,
    dataType: 'number',
    operationType: operation,
    isBucketed: false,
    scale: 'ratio',
    sourceField: field,
    params: { emptyAsNull: true },
    ...(filter === undefined ? {} : { filter: kuery(filter) }),
  }
  return { id, isBucketed: false, state }
}

/** The newest value of a field in the bucket. */
export function lastValue(id: string, label: string, field: string): Column {
  const state = {
    label,
    customLabel: true,
    dataType: kindOf(field),
    operationType: 'last_value',
    isBucketed: false,
    scale: kindOf(field) === 'string' ? 'ordinal' : 'ratio',
    sourceField: field,
    filter: kuery(`${field}: *`),
    params: { sortField: '@timestamp', showArrayValues: true },
  }
  return { id, isBucketed: false, state }
}

export function timeAxis(id: string): Column {
  const state = {
    label: '@timestamp',
    dataType: 'date',
    operationType: 'date_histogram',
    isBucketed: true,
    scale: 'interval',
    sourceField: '@timestamp',
    params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
  }
  return { id, isBucketed: true, state }
}

/** The `size` values of a field for which the column `by` is largest. */
export function top(id: string, label: string, field: string, size: number, by: string): Column {
  const state = {
    label,
    customLabel: true,
    dataType: kindOf(field),
    operationType: 'terms',
    isBucketed: true,
    scale: 'ordinal',
    sourceField: field,
    params: {
      size,
      orderBy: { type: 'column', columnId: by },
      orderDirection: 'desc',
      otherBucket: false,
      missingBucket: false,
      parentFormat: { id: 'terms' },
      include: [],
      exclude: [],
      includeIsRegex: false,
      excludeIsRegex: false,
    },
  }
  return { id, isBucketed: true, state }
}

export function tile(title: string, column: Column, subtitle: string, color: string): LensChart {
  const visualization = {
    layerId: layerOf(title),
    layerType: 'data',
    metricAccessor: column.id,
    showBar: false,
    subtitle,
    color,
  }
  return { title, type: 'lnsMetric', columns: [column], visualization }
}

/** Bars over time, one colour for each value of `split`. */
export function stackedBars(title: string, split: Column, time: Column, value: Column): LensChart {
  const layer = {
    layerId: layerOf(title),
    layerType: 'data',
    seriesType: 'bar_stacked',
    position: 'top',
    showGridlines: false,
    accessors: [value.id],
    xAccessor: time.id,
    splitAccessor: split.id,
  }
  const visualization = { ...axes, preferredSeriesType: 'bar_stacked', layers: [layer] }
  return { title, type: 'lnsXY', columns: [split, time, value], visualization }
}

/** One horizontal bar for each value of `category`. */
export function ranking(title: string, category: Column, value: Column): LensChart {
  const layer = {
    layerId: layerOf(title),
    layerType: 'data',
    seriesType: 'bar_horizontal',
    position: 'top',
    showGridlines: false,
    accessors: [value.id],
    xAccessor: category.id,
  }
  const visualization = { ...axes, preferredSeriesType: 'bar_horizontal', layers: [layer] }
  return { title, type: 'lnsXY', columns: [category, value], visualization }
}

export function donut(title: string, slice: Column, value: Column): LensChart {
  const layer = {
    layerId: layerOf(title),
    layerType: 'data',
    primaryGroups: [slice.id],
    metrics: [value.id],
    numberDisplay: 'value',
    categoryDisplay: 'default',
    legendDisplay: 'show',
    nestedLegend: false,
  }
  return { title, type: 'lnsPie', columns: [slice, value], visualization: { shape: 'donut', layers: [layer] } }
}

export function table(title: string, columns: readonly Column[]): LensChart {
  const visualization = {
    layerId: layerOf(title),
    layerType: 'data',
    columns: columns.map(({ id, isBucketed }) => ({
      columnId: id,
      isTransposed: false,
      ...(isBucketed ? {} : { isMetric: true }),
    })),
    paging: { enabled: true, size: 10 },
    headerRowHeight: 'auto',
    rowHeight: 'auto',
  }
  return { title, type: 'lnsDatatable', columns, visualization }
}

const axes: Json = {
  legend: { isVisible: true, position: 'right' },
  valueLabels: 'hide',
  fittingFunction: 'None',
  axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
  tickLabelsVisibilitySettings: { x: true, yLeft: true, yRight: true },
  labelsOrientation: { x: 0, yLeft: 0, yRight: 0 },
  gridlinesVisibilitySettings: { x: true, yLeft: true, yRight: true },
}

/** The attributes of a Lens panel by value, over one data view. */
export function lensAttributes(chart: LensChart, view: string): Json {
  const layer = layerOf(chart.title)
  const buckets = chart.columns.filter(({ isBucketed }) => isBucketed)
  const values = chart.columns.filter(({ isBucketed }) => !isBucketed)
  return {
    title: chart.title,
    description: '',
    visualizationType: chart.type,
    type: 'lens',
    references: [{ type: 'index-pattern', id: view, name: `indexpattern-datasource-layer-${layer}` }],
    state: {
      visualization: chart.visualization,
      query: kuery(''),
      filters: [],
      datasourceStates: {
        formBased: {
          layers: {
            [layer]: {
              columns: Object.fromEntries(chart.columns.map(({ id, state }) => [id, state])),
              columnOrder: [...buckets, ...values].map(({ id }) => id),
              incompleteColumns: {},
              sampling: 1,
              ignoreGlobalFilters: false,
            },
          },
        },
        textBased: { layers: {} },
      },
      internalReferences: [],
      adHocDataViews: {},
    },
  }
}

/** One layer a chart; its name is only used within the chart and in the reference to the data view. */
export function layerOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

function kindOf(field: string): 'string' | 'number' | 'date' | 'ip' | 'boolean' {
  switch (alertFields[field]) {
    case 'date':
    case 'ip':
    case 'boolean':
      return alertFields[field]
    case 'long':
    case 'integer':
    case 'float':
    case 'double':
      return 'number'
    default:
      return 'string'
  }
}
