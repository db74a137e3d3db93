import type { Kernels } from '../../contract/compute.ts'
import type { Given } from '../../contract/plugin.ts'
import { RefusedError, reasonOf } from '../../runtime/errors.ts'
import { openRef } from './ref/ref.ts'
import { openWasm } from './wasm/wasm.ts'

interface Device {
  readonly name: DeviceName
  /** Whether `auto` may choose it. */
  readonly automatic: boolean
  /** Throws RefusedError with reason and cure when the device is not to be had. */
  open(given: Given): Promise<Kernels>
}
type DeviceName = 'ref' | 'wasm' | 'webgpu' | 'tfjs-node-gpu'
type DeviceChoice = 'auto' | DeviceName

/** Best first: `auto` takes the first that opens. */
const devices: readonly Device[] = [
  { name: 'wasm', automatic: true, open: (given) => openWasm(given) },
  { name: 'ref', automatic: true, open: async () => openRef() },
]

/** The device that was asked for, or of all the best one that works here. Throws RefusedError with reason and cure. */
export async function openCompute(choice: DeviceChoice, given: Given): Promise<Kernels> {
  const candidates = devices.filter((device) => (choice === 'auto' ? device.automatic : device.name === choice))
  const reasons: string[] = []
  for (const device of candidates) {
    try {
      return await device.open(given)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      reasons.push(`${device.name}: ${reasonOf(error)}`)
    }
  }
  throw new RefusedError(reasons.join('; ') || `there is no device ${choice} yet`)
}
