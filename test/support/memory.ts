import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * What stays in memory, in bytes: the heap and the array buffers outside it, and the resident set. A collection leaves
 * the buffers it found to another thread, which may not be through with them; the next collection waits for it.
 */
export function memoryKept(): { readonly used: number; readonly heap: number; readonly rss: number } {
  collect()
  collect()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { used: heapUsed + arrayBuffers, heap: heapUsed, rss }
}
