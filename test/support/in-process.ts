import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/app/config/load.ts'
import { Daemon, type Onlooker } from '../../src/app/daemon.ts'
import type { World } from '../../src/app/wiring.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { MetricRegistry } from '../../src/runtime/metrics.ts'
import { systemRandom } from '../../src/runtime/random.ts'

/** A daemon in this process, on a folder of its own, running until `stop`. */
export interface Running {
  readonly daemon: Daemon
  readonly folder: string
  readonly world: World & { readonly metrics: MetricRegistry }
  stop(): Promise<void>
}

/** `config` is YAML, written to `modelward.yaml` in the folder; `FOLDER` in it stands for the folder, which holds `logs/` and `rules/`. The console takes a free port. */
export async function runDaemon(
  config: string,
  options: { readonly folder?: string; readonly onlooker?: Onlooker } = {},
): Promise<Running> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'modelward-daemon-'))
  mkdirSync(join(folder, 'logs'), { recursive: true })
  mkdirSync(join(folder, 'rules'), { recursive: true })
  const text = `${config.replaceAll('FOLDER', folder)}\nconsole: {listen: "127.0.0.1:0"}\n`
  const world = {
    version: 'test',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: new MetricRegistry(),
    failpoint: () => undefined,
  }
  const file = join(folder, 'modelward.yaml')
  writeFileSync(file, text)
  const daemon = await Daemon.open(loadConfig(file, { data: join(folder, 'data') }), world, options.onlooker)
  const stopping = new AbortController()
  const running = daemon.run(stopping.signal)
  return {
    daemon,
    folder,
    world,
    async stop() {
      stopping.abort(new Error('the test is over'))
      await running
      await daemon[Symbol.asyncDispose]()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}
