import { dashboardObject } from './dashboard.ts'
import type { Control, Panel } from './dashboard.ts'
import { alertCount, donut, lastValue, metric, ranking, stackedBars, table, tile, timeAxis, top } from './lens.ts'
import { dataView, savedSearch } from './saved-objects.ts'
import type { SavedObject } from './saved-objects.ts'

const view = 'modelward-alerts'
const search = 'modelward-alerts-search'

const red = '#BD271E'
const amber = '#F1990F'
const blue = '#0B64DD'
const grey = '#69707D'

/** The one dashboard a SOC opens: how much, how bad, whose, by which control and technique, and the alerts themselves. */
export function alertsDashboard(): readonly SavedObject[] {
  return [
    dataView(view, 'logs-modelward.alerts-*', 'modelward alerts'),
    savedSearch(search, '[modelward] Alerts', view, columns),
    dashboardObject({
      id: 'modelward-alerts-overview',
      title: '[modelward] Alerts',
      description:
        'Security alerts about AI systems: how many, how severe, about whom, by which control and technique.',
      view,
      from: 'now-7d',
      only: { field: 'event.dataset', value: 'modelward.alerts' },
      controls,
      panels,
    }),
  ]
}

const columns = [
  'modelward.alert.level',
  'modelward.alert.state',
  'rule.name',
  'user.name',
  'service.name',
  'source.ip',
  'modelward.control.id',
  'threat.technique.id',
  'event.reason',
  'event.url',
]

const controls: readonly Control[] = [
  { id: 'control', title: 'Control', field: 'modelward.control.id', kind: 'options' },
  { id: 'level', title: 'Level', field: 'modelward.alert.level', kind: 'options' },
  { id: 'service', title: 'Model or service', field: 'service.name', kind: 'options' },
  { id: 'principal', title: 'Principal', field: 'user.name', kind: 'options' },
  { id: 'risk', title: 'Risk', field: 'event.risk_score', kind: 'range' },
]

const alerts = alertCount('alerts', 'Alerts')
const risk = metric('risk', 'Highest risk', 'max', 'event.risk_score')

const panels: readonly Panel[] = [
  { id: 'all', place: { x: 0, y: 0, w: 12, h: 6 }, chart: tile('Alerts', alerts, 'raised in this time', blue) },
  {
    id: 'severe',
    place: { x: 12, y: 0, w: 12, h: 6 },
    chart: tile('High and critical', alertCount('severe', 'Alerts', 'event.severity >= 73'), 'severity 73 and 99', red),
  },
  {
    id: 'resolved',
    place: { x: 24, y: 0, w: 12, h: 6 },
    chart: tile('Resolved', alertCount('resolved', 'Alerts', 'modelward.alert.state: resolved'), 'have ended', grey),
  },
  {
    id: 'principals',
    place: { x: 36, y: 0, w: 12, h: 6 },
    chart: tile('Principals', metric('principals', 'Principals', 'unique_count', 'user.name'), 'with alerts', amber),
  },
  {
    id: 'over-time',
    place: { x: 0, y: 6, w: 34, h: 12 },
    chart: stackedBars(
      'Alerts over time by level',
      top('level', 'Level', 'modelward.alert.level', 5, 'alerts'),
      timeAxis('time'),
      alerts,
    ),
  },
  {
    id: 'severity',
    place: { x: 34, y: 6, w: 14, h: 12 },
    chart: donut('Severity', top('severity', 'Severity', 'event.severity', 4, 'alerts'), alerts),
  },
  {
    id: 'by-control',
    place: { x: 0, y: 18, w: 16, h: 14 },
    chart: ranking('Controls', top('control', 'Control', 'modelward.control.id', 15, 'alerts'), alerts),
  },
  {
    id: 'by-technique',
    place: { x: 16, y: 18, w: 16, h: 14 },
    chart: ranking('Techniques', top('technique', 'Technique', 'threat.technique.name', 15, 'alerts'), alerts),
  },
  {
    id: 'by-detector',
    place: { x: 32, y: 18, w: 16, h: 14 },
    chart: stackedBars(
      'Alerts over time by detector',
      top('detector', 'Detector', 'modelward.detector.type', 8, 'alerts'),
      timeAxis('time'),
      alerts,
    ),
  },
  {
    id: 'by-principal',
    place: { x: 0, y: 32, w: 24, h: 14 },
    chart: table('Principals by risk', [
      top('principal', 'Principal', 'user.name', 20, 'risk'),
      risk,
      alerts,
      lastValue('last-rule', 'Last rule', 'rule.name'),
      lastValue('last-technique', 'Last technique', 'threat.technique.id'),
    ]),
  },
  {
    id: 'by-rule',
    place: { x: 24, y: 32, w: 24, h: 14 },
    chart: table('Rules', [
      top('rule', 'Rule', 'rule.name', 20, 'alerts'),
      alerts,
      risk,
      metric('people', 'Principals', 'unique_count', 'user.name'),
      lastValue('last-seen', 'Last seen', '@timestamp'),
    ]),
  },
  { id: 'list', place: { x: 0, y: 46, w: 48, h: 16 }, search },
]
