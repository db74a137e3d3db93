/// <reference types="@webgpu/types" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, RefusedError } from '../../../runtime/errors.ts'

/** 64 × 64 tiles of sixteen columns and a tile of kernel values: what every kernel here needs at least, bytes. */
const LEAST_WORKGROUP_BYTES = 32_768
const LEAST_INVOCATIONS = 256

const NO_ADAPTER =
  'no GPU is reachable through Vulkan, Metal or Direct3D 12. On Linux install libvulkan1 and the driver’s Vulkan library with its ICD file (nvidia_icd.json; VK_DRIVER_FILES can name it); in a container add "graphics" to NVIDIA_DRIVER_CAPABILITIES'

const NO_PACKAGE =
  'the optional package webgpu cannot be loaded; install it with npm install webgpu (Linux needs glibc 2.34 or newer; there is no build for musl)'

export interface Adapter {
  /** Keeps the native implementation, and with it the process, alive: let go of it to end. */
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  /** Maker, family and driver, for people. */
  readonly what: string
}

/** The fastest GPU there is; a software one only if allowed. */
export async function requestAdapter(allowFallbackAdapter: boolean): Promise<Adapter> {
  if (!hasDriver()) throw new RefusedError(NO_ADAPTER)
  const gpu = await load()
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw new RefusedError(NO_ADAPTER)
  const { info, limits } = adapter
  const what = [info.vendor, info.architecture, info.device, info.description].filter((word) => word !== '').join(' ')
  if (info.isFallbackAdapter && !allowFallbackAdapter)
    throw new RefusedError(`the only adapter, ${what}, computes in software and is slower than the device wasm`)
  if (
    limits.maxComputeWorkgroupStorageSize < LEAST_WORKGROUP_BYTES ||
    limits.maxComputeInvocationsPerWorkgroup < LEAST_INVOCATIONS
  )
    throw new RefusedError(
      `${what} has ${limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory and ${limits.maxComputeInvocationsPerWorkgroup} invocations a workgroup; ${LEAST_WORKGROUP_BYTES} and ${LEAST_INVOCATIONS} are needed`,
    )
  return { gpu, adapter, what }
}

/** Where Vulkan's loader looks for drivers (Vulkan-Loader, LoaderDriverInterface, "Driver discovery on Linux"). */
const DRIVER_FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']

/** Without a driver file there is no adapter on Linux, and asking Dawn for one would write warnings to standard error. */
function hasDriver(): boolean {
  if (process.platform !== 'linux') return true
  const { VK_DRIVER_FILES: named, VK_ICD_FILENAMES: old, VK_ADD_DRIVER_FILES: added, HOME: home } = process.env
  if ([named, old, added].some((files) => files !== undefined && files !== '')) return true
  const own = home === undefined ? [] : [join(home, '.local/share/vulkan/icd.d')]
  return [...DRIVER_FOLDERS, ...own].some((folder) => {
    try {
      return readdirSync(folder).some((name) => name.endsWith('.json'))
    } catch {
      return false
    }
  })
}

async function load(): Promise<GPU> {
  try {
    const { create } = await import('webgpu')
    return create([])
  } catch (cause) {
    throw new RefusedError(`${NO_PACKAGE}: ${reasonOf(cause)}`, { cause })
  }
}

/** The limits that the kernels gain from; WebGPU grants its small defaults unless asked. */
export function requiredLimits({ limits }: GPUAdapter): Record<string, number> {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
  }
}
