import type { Alert } from '../../contract/alert.ts'
import { type Html, html } from '../markup/html.ts'
import { counted } from '../markup/words.ts'

const HOUR = 3_600_000
const HOURS = 24
const WIDTH = 240
const HEIGHT = 36

/** Alerts begun in each of the last 24 hours, the grave ones (high, critical) at the foot of each bar. */
export function sparkline(alerts: readonly Alert[], now: number): Html {
  const all = bars(alerts, now)
  const grave = bars(
    alerts.filter(({ level }) => level === 'high' || level === 'critical'),
    now,
  )
  const most = Math.max(1, ...all)
  const total = sumOf(all)
  const label = `${counted(total, 'alert')} begun in the last 24 hours, at most ${Math.max(...all)} in an hour`
  return html`<figure class="row" role="img" aria-label="${label}">
    <svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" preserveAspectRatio="none">
      <line x1="0" y1="${HEIGHT - 0.5}" x2="${WIDTH}" y2="${HEIGHT - 0.5}" />
      ${all.map((count, hour) => bar(hour, count, most, ''))}${grave.map((count, hour) => bar(hour, count, most, 'hot'))}
    </svg>
    <figcaption class="quiet">
      ${counted(total, 'alert')} in 24 h,<br /><span class="key"></span> ${sumOf(grave)} high or critical
    </figcaption>
  </figure>`
}

function bars(alerts: readonly Alert[], now: number): readonly number[] {
  const counts = Array.from({ length: HOURS }, () => 0)
  for (const { startedAt } of alerts) {
    const hour = HOURS - 1 - Math.floor((now - startedAt) / HOUR)
    if (hour >= 0 && hour < HOURS) counts[hour] = (counts[hour] ?? 0) + 1
  }
  return counts
}

function bar(hour: number, count: number, most: number, look: string): Html | undefined {
  if (count === 0) return undefined
  const height = Math.max(3, Math.round(((HEIGHT - 2) * count) / most))
  return html`<rect class="${look}" x="${hour * 10 + 1}" y="${HEIGHT - height}" width="8" height="${height}" />`
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
