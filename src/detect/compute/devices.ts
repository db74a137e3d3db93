import type { Kernels } from '../../contract/compute.ts'
import type { Given } from '../../contract/plugin.ts'
import { RefusedError } from '../../runtime/errors.ts'
import { openRef } from './ref/ref.ts'
import { disagreement, selfTest, type Differences } from './self-test.ts'
import { openTfjs } from './tfjs/tfjs.ts'
import { openWasm } from './wasm/wasm.ts'
import { openWebgpu } from './webgpu/webgpu.ts'

export type DeviceName = 'ref' | 'wasm' | 'webgpu' | 'tfjs-node-gpu'

export interface Device {
  readonly name: DeviceName
  /** Whether `auto` may choose it, and a lost device be replaced by it. */
  readonly automatic: boolean
  /** Whether it can be lost while it works. */
  readonly losable: boolean
  /** Throws RefusedError with reason and cure when the device is not to be had. */
  open(given: Given): Promise<Opened>
}

/** `what` is the adapter, the thread count, the library's version. */
export type Opened = Kernels & { readonly what: string }

/** Best first. `tfjsFolder` is where `@tensorflow/tfjs-node-gpu` was installed, if not beside modelward. */
export function devicesWith(tfjsFolder?: string): readonly Device[] {
  const tfjs = tfjsFolder === undefined ? {} : { folder: tfjsFolder }
  return [
    { name: 'webgpu', automatic: true, losable: true, open: (given) => openWebgpu(given) },
    { name: 'tfjs-node-gpu', automatic: false, losable: true, open: (given) => openTfjs(given, tfjs) },
    { name: 'wasm', automatic: true, losable: false, open: (given) => openWasm(given) },
    { name: 'ref', automatic: true, losable: false, open: async () => openRef() },
  ]
}
export const devices = devicesWith()

export interface Checked {
  readonly kernels: Opened
  readonly differences: Differences
}

/** A device that agrees with `ref`; throws RefusedError when there is none of that kind or it does not. */
export async function openChecked(device: Device, given: Given): Promise<Checked> {
  const kernels = await device.open(given)
  try {
    const differences = await selfTest(kernels, openRef())
    const wrong = disagreement(differences)
    if (wrong !== undefined) {
      given.log.warn('a compute device failed its self-test and is not used', { device: device.name, reason: wrong })
      throw new RefusedError(
        `${kernels.what}: its self-test failed: ${wrong}. Choose another compute.device, or update its driver`,
      )
    }
    return { kernels, differences }
  } catch (error) {
    await kernels[Symbol.asyncDispose]()
    if (error instanceof RefusedError) throw error
    throw new RefusedError(`${kernels.what}: its self-test ended with an error. Choose another compute.device`, {
      cause: error,
    })
  }
}
