import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const repository = resolve(import.meta.dirname, '../..')
const script = join(repository, 'packaging/build-image.sh')
const run = promisify(execFile)

/** What an image says of itself: Docker's config of it. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Volumes: Readonly<Record<string, unknown>>
  readonly WorkingDir: string
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Why the image cannot be built here, or undefined. In CI that is an error instead. */
export function noImageTools(): string | undefined {
  const programs = ['buildah', 'debootstrap', 'npm', 'unshare', 'chroot', 'find']
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  if (process.getuid?.() !== 0) missing.push('root')
  if (missing.length === 0) return undefined
  if (process.env['CI']) throw new Error(`no image: missing ${missing.join(' and ')}`)
  return `missing ${missing.join(' and ')}`
}

/**
 * The image as packaging/build-image.sh builds it, mounted, with one volume. Programs run in it as an engine would run
 * them: as the image's user, in its environment, process 1 of their own process namespace, no other file system than the
 * image, /proc and a few devices, all read-only but the volume. Only the network is the host's.
 */
export class BuiltImage {
  readonly config: ImageConfig
  /** Bytes of all layers together. */
  readonly size: number
  /** The configuration and history as text, for a look at what was left behind in them. */
  readonly manifest: string
  readonly rootFolder: string
  readonly volume: string
  readonly #folder: string
  readonly #mountPoint: string
  readonly #running = new Set<ChildProcess>()

  private constructor(folder: string, rootFolder: string) {
    this.#folder = folder
    const inspected = buildah(folder, 'inspect', '--type', 'image', tag)
    const { Docker } = JSON.parse(inspected) as { Docker: { config: ImageConfig } }
    const [listed] = JSON.parse(buildah(folder, 'images', '--json', tag)) as [{ size: string }]
    this.config = Docker.config
    this.size = bytesOf(listed.size)
    this.manifest = inspected
    this.rootFolder = rootFolder
    this.#mountPoint = join(folder, 'run-here')
    mkdirSync(this.#mountPoint)
    this.volume = join(folder, 'volume')
    mkdirSync(this.volume)
    // As an engine does with a new volume: it takes the owner and mode of the folder that it covers.
    const covered = join(rootFolder, Object.keys(this.config.Volumes)[0] ?? '')
    execFileSync('chown', ['--reference', covered, this.volume])
    execFileSync('chmod', ['--reference', covered, this.volume])
  }

  /** `marker` is put into the npm settings and the certificates that the build is given. */
  static async build(marker: string): Promise<BuiltImage> {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-image-'))
    try {
      await run('bash', [script, tag], {
        maxBuffer: 64 * 1024 * 1024,
        env: {
          ...process.env,
          ...markedSettings(folder, marker),
          MODELWARD_IMAGE_CACHE: cacheFolder(),
          MODELWARD_IMAGE_ROOT: folder,
        },
      })
      const container = buildah(folder, 'from', '--pull-never', tag)
      return new BuiltImage(folder, buildah(folder, 'mount', container))
    } catch (error) {
      remove(folder)
      throw error
    }
  }

  /** Starts a program of the image; `mounts` are folders of this machine shown read-only in the image. */
  start(
    argv: readonly string[],
    mounts: Readonly<Record<string, string>> = {},
  ): { stop(): void; ended: Promise<Ended> } {
    const inside = ['chroot', `--userspec=${this.config.User}`, this.#mountPoint]
    const environment = ['/usr/bin/env', '-i', `--chdir=${this.config.WorkingDir}`, ...this.config.Env]
    const [volume = ''] = Object.keys(this.config.Volumes)
    const steps = enter(this.rootFolder, this.#mountPoint, { from: this.volume, at: volume }, mounts)
    const child = spawn(
      'unshare',
      [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--propagation=private',
        '--',
        'bash',
        '-c',
        steps,
        'enter',
      ].concat(inside, environment, argv),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#running.add(child)
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const ended = new Promise<Ended>((done) =>
      child.on('close', (code, signal) => {
        this.#running.delete(child)
        done({ code, signal, out, err })
      }),
    )
    return { ended, stop: () => signalFirstProcess(child) }
  }

  run(argv: readonly string[], mounts: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(argv, mounts).ended
  }

  /** Every file of the image with its kind, owner, mode, size and times; the volume stands elsewhere. */
  listing(): string {
    return execFileSync('find', [this.rootFolder, '-xdev', '-printf', '%P %y %U:%G %m %s %T@ %C@\\n'], {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    })
  }

  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    remove(this.#folder)
  }
}

const tag = 'modelward:test'

/**
 * Shell steps, run in mount and process namespaces of their own, that lay the image at `at`, and then become the program
 * that stands in their arguments.
 */
function enter(
  image: string,
  at: string,
  volume: { readonly from: string; readonly at: string },
  mounts: Readonly<Record<string, string>>,
): string {
  const devices = ['null', 'zero', 'random', 'urandom']
  return [
    'set -e',
    `mount --bind ${image} ${at}`,
    `mount -o remount,bind,ro ${at}`,
    `mount -t proc -o nosuid,nodev,noexec proc ${at}/proc`,
    `mount -t tmpfs -o nosuid,noexec tmpfs ${at}/dev`,
    ...devices.map((device) => `touch ${at}/dev/${device} && mount --bind /dev/${device} ${at}/dev/${device}`),
    `mount -o remount,ro ${at}/dev`,
    `mount --bind ${volume.from} ${at}${volume.at}`,
    ...Object.entries(mounts).map(
      ([target, from]) => `mount --bind ${from} ${at}${target} && mount -o remount,bind,ro ${at}${target}`,
    ),
    'exec "$@"',
  ].join('\n')
}

/** Sends SIGTERM to the only child of `unshare`, which is process 1 inside. */
function signalFirstProcess(child: ChildProcess): void {
  const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  process.kill(Number(inner), 'SIGTERM')
}

/** This machine's own npm settings and certificates, each with a line more that must not be found in the image. */
function markedSettings(folder: string, marker: string): Record<string, string> {
  const own = execFileSync('npm', ['config', 'get', 'userconfig', '--loglevel=error'], { encoding: 'utf8' }).trim()
  const settings = join(folder, 'npmrc')
  const token = `//registry.invalid/:_authToken=${marker}`
  writeFileSync(settings, `${existsSync(own) ? readFileSync(own, 'utf8') : ''}\n${token}\n`)
  const certificates = join(folder, 'authorities.pem')
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  writeFileSync(certificates, `# ${marker}\n${extra && existsSync(extra) ? readFileSync(extra, 'utf8') : ''}`)
  return { NPM_CONFIG_USERCONFIG: settings, NODE_EXTRA_CA_CERTS: certificates }
}

function cacheFolder(): string {
  const folder = process.env['MODELWARD_TEST_CACHE'] ?? join(homedir(), '.cache/modelward-tests')
  mkdirSync(folder, { recursive: true })
  return folder
}

function buildah(folder: string, ...args: readonly string[]): string {
  const driver = existsSync(join(folder, 'storage/overlay')) ? 'overlay' : 'vfs'
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', driver]
  return execFileSync('buildah', [...storage, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).trim()
}

function remove(folder: string): void {
  if (existsSync(join(folder, 'storage'))) buildah(folder, 'rm', '--all')
  rmSync(folder, { recursive: true, force: true })
}

/** `291 MB`, as buildah writes it. */
function bytesOf(text: string): number {
  const [, number, unit = 'B'] = /^([\d.]+)\s*([KMG]?B)/.exec(text) ?? []
  const scale = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN
  return Number(number) * scale
}
