import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DeviceLostError } from '../../src/detect/compute/plan/device-lost.ts'
import { openTfjs } from '../../src/detect/compute/tfjs/tfjs.ts'
import { RefusedError } from '../../src/runtime/errors.ts'
import { normal } from '../detect/compute/matrices.ts'
import { deviceSuite } from '../detect/compute/suite.ts'
import { given } from '../support/given.ts'

const PACKAGE = '@tensorflow/tfjs-node-gpu'
const scripts = join(import.meta.dirname, '../../scripts')
const folder = join(cacheFolder(), 'tfjs-node-gpu-2.21.0')

/** Why the addon cannot be built here, or undefined. In CI that is an error instead. */
function noBuild(): string | undefined {
  const built = existsSync(join(folder, 'node_modules', PACKAGE, 'lib/napi-v8/tfjs_binding.node'))
  const programs = ['npm', 'python3', 'unzip', 'g++'].filter((program) => !onPath(program))
  if (built || programs.length === 0) return undefined
  if (process.env['CI']) throw new Error(`no addon for TensorFlow: missing ${programs.join(', ')}`)
  return `missing ${programs.join(', ')}`
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => existsSync(join(place, program)))
}

/** Outside the repository, kept between runs: the download is 270 MB. */
function cacheFolder(): string {
  const usual = process.getuid?.() === 0 ? '/var/cache/modelward-tests' : join(homedir(), '.cache/modelward-tests')
  return process.env['MODELWARD_TEST_CACHE'] ?? usual
}

const missing = noBuild()

describe.skipIf(missing !== undefined)(`TensorFlow${missing === undefined ? '' : `: ${missing}`}`, () => {
  const broken = mkdtempSync(join(tmpdir(), 'modelward-tfjs-'))
  beforeAll(() => {
    // It ends early where all is there, and checks that the addon loads.
    execFileSync(process.execPath, [join(scripts, 'build-tfjs-addon.ts'), folder], { timeout: 500_000 })
  })
  afterAll(() => rmSync(broken, { recursive: true }))

  deviceSuite('tfjs-node-gpu', () => openTfjs(given(), { folder }))

  test('says which TensorFlow it is and whether it uses a GPU', async () => {
    await using kernels = await openTfjs(given(), { folder })
    expect(kernels.what).toMatch(/^TensorFlow 2\.21\.0 on (a GPU|the CPU: it found no GPU)$/)
    expect(kernels.what.endsWith('on a GPU')).toBe(kernels.usesGpu)
  })

  test('a closed device answers pending and later calls with DeviceLostError', async () => {
    const kernels = await openTfjs(given(), { folder })
    const held = await kernels.hold(normal(1, 50, 4))
    const refused = expect(kernels.topK(normal(2, 5, 4), held, 3)).rejects.toThrow(DeviceLostError)
    await kernels[Symbol.asyncDispose]()
    await refused
    await expect(kernels.moments(normal(2, 5, 4))).rejects.toThrow(DeviceLostError)
    await held[Symbol.asyncDispose]()
  })

  test('without the package the refusal names it', async () => {
    const empty = join(broken, 'empty')
    mkdirSync(empty)
    await expect(openTfjs(given(), { folder: empty })).rejects.toThrow(RefusedError)
    await expect(openTfjs(given(), { folder: empty })).rejects.toThrow(
      `the optional package ${PACKAGE} is not installed in ${empty}; docs/tfjs-node-gpu.md`,
    )
  })

  test('without the addon, without libtensorflow and with a wrong one the refusals say which', async () => {
    const withoutAddon = damaged('no-addon', (home) => rmSync(join(home, 'lib'), { recursive: true }))
    expect(refusalOf(withoutAddon)).toMatch(/^MW_REFUSED .*installed without its addon/)
    const withoutLibrary = damaged('no-library', (home) => rmSync(join(home, 'deps/lib'), { recursive: true }))
    expect(refusalOf(withoutLibrary)).toMatch(
      /^MW_REFUSED a library that the addon .* needs is missing .*libtensorflow_cc\.so\.2/,
    )
    const wrong = damaged('wrong-library', (home) => {
      rmSync(join(home, 'deps/lib/libtensorflow_cc.so.2'))
      writeFileSync(join(home, 'deps/lib/libtensorflow_cc.so.2'), 'not a library')
    })
    expect(refusalOf(wrong)).toMatch(/^MW_REFUSED .* does not work with the libtensorflow in/)
  })

  test('an open device that nobody waits for does not keep the process alive', () => {
    const said = inProcess(`
      const kernels = await openTfjs({ log: { info() {} } }, { folder: '${folder}' })
      console.log((await kernels.moments({ rows: 2, columns: 1, values: Float32Array.of(1, 3) })).mean[0])`)
    expect(said).toBe('2')
  })

  test('training leaves no tensor behind, also when it fails', () => {
    const said = inProcess(`
      import { loadTensorFlow } from '${source('tensorflow.ts')}'
      import { TensorKernels } from '${source('kernels.ts')}'
      const { tf } = loadTensorFlow('${folder}')
      const kernels = new TensorKernels(tf)
      const start = [{ inputs: 2, outputs: 2, weights: Float32Array.of(1, 2, 3, 4), bias: new Float32Array(2), activation: 'relu' }]
      const plan = { epochs: 3, batch: 2, rate: 0.1, seed: 1 }
      const train = (scale) => {
        const samples = { rows: 3, columns: 2, values: Float32Array.of(1, 0, 0, 1, 1, 1).map((value) => value * scale) }
        return kernels.do({ does: 'mlpTrain', samples, start, plan }).length
      }
      const before = tf.memory().numTensors
      console.log(train(1), tf.memory().numTensors - before)
      try { train(1e30) } catch (error) { console.log(error.constructor.name, tf.memory().numTensors - before) }`)
    expect(said).toBe('1 0\nRangeError 0')
  })

  /** What the refusal says in a process of its own: in this one the library is loaded already. */
  function refusalOf(at: string): string {
    return inProcess(`
      await openTfjs({ log: { info() {} } }, { folder: '${at}' }).then(
        () => console.log('opened'),
        (error) => console.log(error.code, error.message),
      )`)
  }

  function source(file: string): string {
    return join(import.meta.dirname, '../../src/detect/compute/tfjs', file)
  }

  function inProcess(script: string): string {
    const file = source('tfjs.ts')
    return execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `import { openTfjs } from '${file}'\n${script}`],
      { encoding: 'utf8', timeout: 120_000 },
    ).trim()
  }

  /** An installation like the built one, all by links but the package itself, with something taken away. */
  function damaged(name: string, damage: (home: string) => void): string {
    const at = join(broken, name)
    const from = join(folder, 'node_modules')
    mkdirSync(join(at, 'node_modules/@tensorflow'), { recursive: true })
    for (const entry of readdirSync(from))
      if (entry !== '@tensorflow') symlinkSync(join(from, entry), join(at, 'node_modules', entry))
    for (const entry of readdirSync(join(from, '@tensorflow')))
      if (entry !== 'tfjs-node-gpu')
        symlinkSync(join(from, '@tensorflow', entry), join(at, 'node_modules/@tensorflow', entry))
    const home = join(at, 'node_modules', PACKAGE)
    cpSync(join(from, PACKAGE), home, { recursive: true })
    damage(home)
    return at
  }
})
