import type { Kernels } from '../../contract/compute.ts'
import type { Given } from '../../contract/plugin.ts'
import { RefusedError, reasonOf } from '../../runtime/errors.ts'
import { devices, openChecked, type Checked, type Device, type DeviceName } from './devices.ts'
import { FallbackKernels } from './fallback.ts'

/**
 * The device that was asked for, or with `auto` the best one that works here and agrees with `ref`. One that can be lost
 * is replaced by the next best when that happens. Throws RefusedError with reason and cure.
 */
export async function openCompute(
  choice: 'auto' | DeviceName,
  given: Given,
  among: readonly Device[] = devices,
): Promise<Kernels> {
  const candidates = among.filter((device) => (choice === 'auto' ? device.automatic : device.name === choice))
  const { device, kernels } = await firstOf(candidates, given)
  given.log.info('compute device', { device: kernels.device, what: kernels.what })
  if (!device.losable) return kernels
  const others = among.filter((other) => other.automatic && among.indexOf(other) > among.indexOf(device))
  return new FallbackKernels(kernels, async () => (await firstOf(others, given)).kernels, given)
}

async function firstOf(candidates: readonly Device[], given: Given): Promise<Checked & { readonly device: Device }> {
  const reasons: string[] = []
  for (const device of candidates) {
    try {
      return { device, ...(await openChecked(device, given)) }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      given.log.debug('a compute device is not to be had', { device: device.name, reason: reasonOf(error) })
      reasons.push(`compute device ${device.name}: ${reasonOf(error)}`)
    }
  }
  throw new RefusedError(reasons.join('; ') || 'there is no such compute device: choose auto, wasm or ref')
}
