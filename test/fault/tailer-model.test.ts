import { describe, expect, test } from 'vitest'
import { live } from '../collect/file/model.ts'

/** How many lives are lived in all; a third of them with truncation. 10,000 take about a minute and a half. */
const SEQUENCES = Number(process.env['MODELWARD_SEQUENCES'] ?? 10_000)
/** Each run continues the last one's seeds when this is moved; a failure names its seed. */
const FIRST = Number(process.env['MODELWARD_SEED'] ?? 1)

async function lives(count: number, truncating: boolean): Promise<{ written: number; read: number }> {
  const sum = { written: 0, read: 0 }
  for (let seed = FIRST; seed < FIRST + count; seed++) {
    const { written, read } = await live(seed, truncating)
    sum.written += written
    sum.read += read
  }
  return sum
}

describe(`${SEQUENCES} random lives of a log`, () => {
  test('without truncation every readable record is committed exactly once', async () => {
    const { written, read } = await lives(Math.ceil((SEQUENCES * 2) / 3), false)
    // Deletions make some unreadable; were it most of them, the test would show nothing.
    expect(read).toBeGreaterThan(written * 0.7)
  })

  test('with truncation nothing is invented, nothing comes twice, and only what was truncated is missing', async () => {
    const { written, read } = await lives(Math.floor(SEQUENCES / 3), true)
    expect(read).toBeGreaterThan(written * 0.5)
  })
})
