/**
 * Builds the addon of `@tensorflow/tfjs-node-gpu` 4.22.0 against the TensorFlow of Python's wheel, see
 * docs/tfjs-node-gpu.md: `node scripts/build-tfjs-addon.ts FOLDER [--gpu]`. The package's own installation fetches a
 * TensorFlow of 2022 from a bucket; its sources compile unchanged against the present one.
 *
 * Needs npm, python3 with pip, unzip, g++ and the headers of Node-API (`/usr/include/node`, those beside the running node,
 * or the package `node-api-headers`, which is installed into the folder).
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'

const PACKAGE = '@tensorflow/tfjs-node-gpu'
const PACKAGE_VERSION = '4.22.0'
const HEADERS_VERSION = '1.9.0'
const TENSORFLOW_VERSION = '2.21.0'
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const
const STEP_TIMEOUT_MS = 900_000

const run = promisify(execFile)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { gpu: { type: 'boolean', default: false } },
})
const [target] = positionals
if (target === undefined || positionals.length > 1) {
  console.error('usage: node scripts/build-tfjs-addon.ts FOLDER [--gpu]')
  process.exitCode = 2
} else await build(resolve(target), values.gpu)

async function build(folder: string, gpu: boolean): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the wheel is built for Linux only')
  await mkdir(folder, { recursive: true })
  const home = join(folder, 'node_modules', PACKAGE)
  const stamp = join(folder, 'built.txt')
  const wanted = `${PACKAGE} ${PACKAGE_VERSION}, ${gpu ? 'tensorflow' : 'tensorflow_cpu'} ${TENSORFLOW_VERSION}\n`
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted && (await loads(folder))) return
  await rm(stamp, { force: true })
  await step(`npm install ${PACKAGE}@${PACKAGE_VERSION}`, () => install(folder))
  const tensorflow = join(folder, gpu ? 'tensorflow' : 'tensorflow_cpu')
  await step(`TensorFlow ${TENSORFLOW_VERSION}`, () =>
    fetchTensorflow(tensorflow, gpu ? 'tensorflow' : 'tensorflow_cpu'),
  )
  await step('compile', () => compile(folder, home, tensorflow))
  await step('load', () => load(folder))
  await writeFile(stamp, wanted)
}

/** Whether what an earlier run built still works. */
async function loads(folder: string): Promise<boolean> {
  try {
    await step('already built', () => load(folder))
    return true
  } catch {
    return false
  }
}

async function step(name: string, work: () => Promise<string>): Promise<void> {
  const started = performance.now()
  const said = await work()
  console.log(`${name}: ${said} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
}

async function call(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run(command, args, { cwd, timeout: STEP_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** The package without its install script, which would download. */
async function install(folder: string): Promise<string> {
  if (!existsSync(join(folder, 'package.json')))
    await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true })}\n`)
  const wanted = [`${PACKAGE}@${PACKAGE_VERSION}`, `node-api-headers@${HEADERS_VERSION}`]
  await call('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], folder)
  return 'installed'
}

/** The wheel's libraries and headers; the rest of it is not unpacked. */
async function fetchTensorflow(at: string, wheel: 'tensorflow' | 'tensorflow_cpu'): Promise<string> {
  if (existsSync(at)) return 'already there'
  const work = `${at}.part`
  await rm(work, { recursive: true, force: true })
  await mkdir(work)
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:']
  // Any of the wheel's versions of Python will do: nothing of Python is used.
  await call('python3', [...pip, '--python-version', '3.12', '--dest', work, `${wheel}==${TENSORFLOW_VERSION}`], work)
  const [file = ''] = (await readdir(work)).filter((name) => name.endsWith('.whl'))
  const wanted = [...LIBRARIES.map((name) => `tensorflow/${name}`), 'tensorflow/include/*']
  await call('unzip', ['-q', '-o', file, ...wanted], work)
  await rm(join(work, file))
  await rename(join(work, 'tensorflow'), at)
  await rm(work, { recursive: true })
  return wheel
}

async function compile(folder: string, home: string, tensorflow: string): Promise<string> {
  const libraries = join(home, 'deps/lib')
  const addon = join(home, 'lib/napi-v8')
  await mkdir(libraries, { recursive: true })
  await mkdir(addon, { recursive: true })
  for (const library of LIBRARIES) {
    const link = join(libraries, library)
    await rm(link, { force: true })
    await symlink(join(tensorflow, library), link)
  }
  const sources = (await readdir(join(home, 'binding'))).filter((name) => name.endsWith('.cc'))
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=tfjs_binding']
  const includes = [join(folder, 'node_modules/node-api-headers/include'), join(tensorflow, 'include')]
  const output = join(addon, 'tfjs_binding.node')
  await call(
    'g++',
    [
      ...flags,
      ...includes.map((path) => `-I${path}`),
      ...sources.map((name) => join('binding', name)),
      `-L${libraries}`,
      ...LIBRARIES.map((name) => `-l:${name}`),
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      '-o',
      output,
    ],
    home,
  )
  return output
}

/** Loads what was built and multiplies once, in a process of its own. */
async function load(folder: string): Promise<string> {
  const entry = createRequire(join(folder, 'package.json')).resolve(PACKAGE)
  const script = `
    const util = require('node:util')
    util.isNullOrUndefined ??= (value) => value == null
    util.isArray ??= Array.isArray
    const tf = require(${JSON.stringify(entry)})
    const [product] = tf.matMul([[2]], [[3]]).dataSync()
    if (product !== 6) throw new Error('2 times 3 is ' + product)
    console.log('TensorFlow ' + tf.backend().binding.TF_Version + (tf.backend().isUsingGpuDevice ? ' on a GPU' : ' on the CPU'))`
  const { stdout } = await run(process.execPath, ['-e', script], {
    cwd: folder,
    timeout: STEP_TIMEOUT_MS,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  })
  return stdout.trim().split('\n').at(-1) ?? ''
}
