import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { reasonOf, RefusedError } from '../../../runtime/errors.ts'

const PACKAGE = '@tensorflow/tfjs-node-gpu'
const CURE = 'docs/tfjs-node-gpu.md says how to install it'

export interface Tensor {
  dataSync(): Float32Array
  dispose(): void
}

/** What is used of TensorFlow.js: products, top-k and elementwise arithmetic; never its histograms. */
export interface TensorFlow {
  tensor(values: Float32Array, shape: readonly number[]): Tensor
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor
  topk(x: Tensor, k: number, sorted: boolean): { readonly values: Tensor; readonly indices: Tensor }
  add(a: Tensor, b: Tensor | number): Tensor
  sub(a: Tensor, b: Tensor): Tensor
  mul(a: Tensor, b: Tensor | number): Tensor
  div(a: Tensor, b: Tensor): Tensor
  sqrt(x: Tensor): Tensor
  sign(x: Tensor): Tensor
  sum(x: Tensor, axis: number): Tensor
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor
  concat(tensors: readonly Tensor[]): Tensor
  relu(x: Tensor): Tensor
  exp(x: Tensor): Tensor
  cos(x: Tensor): Tensor
  round(x: Tensor): Tensor
  minimum(a: Tensor, b: number): Tensor
  reshape(x: Tensor, shape: readonly number[]): Tensor
  /** Forgets every tensor made inside but those returned. */
  tidy<Result>(work: () => Result): Result
  backend(): { readonly isUsingGpuDevice?: boolean; readonly binding?: { readonly TF_Version?: string } }
}

/** What came of loading it, in words that travel between threads. */
export interface Loaded {
  readonly tf: TensorFlow
  readonly version: string
  readonly gpu: boolean
}

/**
 * TensorFlow.js over the C library, from `folder` or from where modelward is installed. Throws RefusedError, which says
 * what is missing and where it is told how to get it. Runs in the thread that computes: it blocks.
 */
export function loadTensorFlow(folder: string | undefined): Loaded {
  const require = createRequire(folder === undefined ? import.meta.url : join(folder, 'package.json'))
  const entry = entryOf(require, folder)
  restoreRemoved(require)
  try {
    const tf = require(entry) as TensorFlow
    const { isUsingGpuDevice = false, binding } = tf.backend()
    const [product] = tf.tidy(() =>
      tf.matMul(tf.tensor(Float32Array.of(2), [1, 1]), tf.tensor(Float32Array.of(3), [1, 1])).dataSync(),
    )
    if (product !== 6) throw new Error(`2 times 3 is ${product}`)
    return { tf, version: binding?.TF_Version ?? 'unknown', gpu: isUsingGpuDevice }
  } catch (cause) {
    throw new RefusedError(refusal(dirname(dirname(entry)), reasonOf(cause)), { cause })
  }
}

function entryOf(require: NodeJS.Require, folder: string | undefined): string {
  try {
    return require.resolve(PACKAGE)
  } catch (cause) {
    const place = folder === undefined ? 'beside modelward' : `in ${folder}`
    throw new RefusedError(`the optional package ${PACKAGE} is not installed ${place}; ${CURE}`, { cause })
  }
}

/** Version 4.22.0 calls two functions that Node 23 took out of its module `util`; without them every operation throws. */
function restoreRemoved(require: NodeJS.Require): void {
  const util = require('node:util') as { isNullOrUndefined?: unknown; isArray?: unknown }
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray ??= Array.isArray
}

function refusal(home: string, reason: string): string {
  const [line = ''] = reason.split('\n')
  if (/\.so[.\d]*: cannot open shared object file/.test(reason))
    return `a library that the addon of ${PACKAGE} needs is missing (${line}): libtensorflow belongs in ${join(home, 'deps/lib')}, for a GPU with the CUDA libraries of its version on LD_LIBRARY_PATH; ${CURE}`
  if (/tfjs_binding/.test(reason) && /not be found|Cannot find module/.test(reason))
    return `${PACKAGE} is installed without its addon: there is no ${join(home, 'lib/napi-v8/tfjs_binding.node')}; ${CURE}`
  return `${PACKAGE} does not work with the libtensorflow in ${join(home, 'deps/lib')} (${line}); ${CURE}`
}
