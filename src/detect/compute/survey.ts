import type { DeviceReport, Kernels, Matrix } from '../../contract/compute.ts'
import type { Given } from '../../contract/plugin.ts'
import { RefusedError, reasonOf } from '../../runtime/errors.ts'
import { seededRandom } from '../../runtime/random.ts'
import { devices, openChecked, type Device } from './devices.ts'

const [QUERIES, REFERENCES, COLUMNS] = [256, 4096, 768]
/** `ref` gets so many of the queries: it takes a second for 256. */
const FEW_QUERIES = 8
const ROUNDS = 3

/** Opens every device in turn, tests it against `ref`, and measures its speed: some seconds. */
export async function surveyDevices(
  given: Given,
  among: readonly Device[] = devices,
): Promise<readonly DeviceReport[]> {
  const reports: DeviceReport[] = []
  for (const device of among) reports.push(await reportOn(device, given))
  return reports
}

async function reportOn(device: Device, given: Given): Promise<DeviceReport> {
  try {
    const { kernels, differences } = await openChecked(device, given)
    try {
      const speed = await speedOf(kernels, device.name === 'ref' ? FEW_QUERIES : QUERIES)
      return { device: device.name, usable: true, what: kernels.what, differences, speed }
    } finally {
      await kernels[Symbol.asyncDispose]()
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return { device: device.name, usable: false, what: 'not usable', reason: reasonOf(error) }
  }
}

/** Millions of distances a second of wall time, the best of a few rounds. */
async function speedOf(kernels: Kernels, count: number): Promise<number> {
  const random = seededRandom(1)
  const matrix = (rows: number): Matrix => ({
    rows,
    columns: COLUMNS,
    values: Float32Array.from({ length: rows * COLUMNS }, () => random.next() - 0.5),
  })
  const queries = matrix(count)
  await using held = await kernels.hold(matrix(REFERENCES))
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await kernels.topK(queries, held, 1)
    best = Math.max(best, (count * REFERENCES) / (performance.now() - start) / 1000)
  }
  return best
}
