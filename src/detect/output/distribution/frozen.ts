import { z } from 'zod'
import type { Layer } from '../../../contract/compute.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'
import { Cloud } from './cloud.ts'
import { SIGNALS, type Signal } from './signals.ts'

const KIND = 'output-distribution'
const VERSION = 1

/** What benign answers are like: where their vectors lie, and what window means of each signal clients have. */
export interface Frozen {
  readonly salt: Uint8Array
  readonly window: number
  /** Numbers in a vector of the telemetry; 0 where it brought none. */
  readonly length: number
  /** Undefined where no telemetry brought vectors. */
  readonly cloud: Cloud | undefined
  readonly calibrations: ReadonlyMap<Signal, Calibration>
}

const Header = z.object({
  salt: z.string(),
  window: z.number(),
  length: z.number(),
  columns: z.number(),
  layers: z.array(z.object({ inputs: z.number(), outputs: z.number(), activation: z.enum(['relu', 'linear']) })),
  calibrations: z.record(z.string(), z.unknown()),
})

export function freeze({ salt, window, length, cloud, calibrations }: Frozen): Uint8Array {
  const layers = cloud?.parts.layers ?? []
  const header: z.output<typeof Header> = {
    salt: Buffer.from(salt).toString('hex'),
    window,
    length,
    columns: cloud?.parts.columns ?? 0,
    layers: layers.map(({ inputs, outputs, activation }) => ({ inputs, outputs, activation })),
    calibrations: Object.fromEntries([...calibrations].map(([signal, calibration]) => [signal, calibration.toJSON()])),
  }
  const arrays = cloud
    ? { mean: cloud.parts.mean, whitening: cloud.parts.whitening, bank: cloud.parts.bank, ...weightsOf(layers) }
    : {}
  return writeReference(KIND, VERSION, header, arrays)
}

/** Throws RefusedError for bytes that are no such reference. */
export function thaw(bytes: Uint8Array): Frozen {
  const reference = readReference(bytes, KIND, VERSION)
  const { salt, window, length, columns, layers, calibrations } = Header.parse(reference.header)
  const cloud =
    columns === 0
      ? undefined
      : new Cloud({
          columns,
          mean: arrayOf(reference, 'mean', 'f64', columns),
          whitening: arrayOf(reference, 'whitening', 'f64', columns * columns),
          bank: arrayOf(reference, 'bank', 'f32'),
          layers: layers.map((layer, i) => ({
            ...layer,
            weights: arrayOf(reference, `weights ${i}`, 'f32', layer.inputs * layer.outputs),
            bias: arrayOf(reference, `bias ${i}`, 'f32', layer.outputs),
          })),
        })
  const known = SIGNALS.flatMap((signal): [Signal, Calibration][] =>
    signal in calibrations ? [[signal, Calibration.from(calibrations[signal])]] : [],
  )
  return { salt: Buffer.from(salt, 'hex'), window, length, cloud, calibrations: new Map(known) }
}

function weightsOf(layers: readonly Layer[]): Record<string, Float32Array> {
  return Object.fromEntries(
    layers.flatMap(({ weights, bias }, i) => [
      [`weights ${i}`, weights],
      [`bias ${i}`, bias],
    ]),
  )
}
