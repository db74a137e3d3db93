import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Random } from '../../../src/contract/plugin.ts'
import { sharedData } from '../../support/shared-data.ts'

/** Tokens in an hour of a principal; 0 is an hour without a request. */
export type Draw = (random: Random, hour: number, principal: number) => number

const isOffice = (hour: number): boolean => hour % 24 >= 9 && hour % 24 < 17
const isWeekday = (hour: number): boolean => Math.floor(hour / 24) % 7 < 5

export const officeHours: Draw = (random, hour) => poisson(random, isOffice(hour) ? 2_000 : 20)
export const officeWeek: Draw = (random, hour) => poisson(random, isOffice(hour) && isWeekday(hour) ? 2_000 : 20)
export const lognormal: Draw = (random) => Math.exp(8 + 0.8 * normal(random))
export const steady: Draw = (random) => Math.exp(8 + 0.3 * normal(random))

/** Totals of this tail index: infinite variance at 2 and below. */
export function pareto(index: number): Draw {
  return (random) => 100 * (1 - random.next()) ** (-1 / index)
}

/** Slices of so many seconds of one of Azure's published traces (2023), each taken as an hour; principals begin at different ones. */
export function trace(file: string, seconds: number): Draw {
  const rows = gunzipSync(readFileSync(sharedData('llm-traces', file)))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
  const totals: number[] = []
  let start: number | undefined
  for (const row of rows) {
    const [at = '', context = '', generated = ''] = row.split(',')
    const time = Date.parse(`${at.slice(0, 23).replace(' ', 'T')}Z`)
    start ??= time
    const slice = Math.floor((time - start) / 1_000 / seconds)
    totals[slice] = (totals[slice] ?? 0) + Number(context) + Number(generated)
  }
  return (_random, hour, principal) => totals[(hour + 37 * principal) % totals.length] ?? 0
}

export function normal(random: Random): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random.next())
}

export function exponential(random: Random): number {
  return -Math.log(1 - random.next())
}

/** Exact by inversion for small means, a rounded normal from 50 on. */
export function poisson(random: Random, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  let [count, probability] = [0, Math.exp(-mean)]
  for (let left = random.next() - probability; left > 0 && count < 1_000; left -= probability) {
    count++
    probability *= mean / count
  }
  return count
}
