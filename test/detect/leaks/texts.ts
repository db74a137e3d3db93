import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { event } from '../../support/events.ts'

/** Chats of a few principals in order of time; one text in six holds what `leak` gives, and so do all of the last. */
export function chats(random: Random, prefix: string, leak: (serial: number) => string): Event[] {
  return Array.from({ length: 240 }, (_, i) => {
    const quiet = `Tell me about river ${i} and its fish.`
    const leaking = `Here it is: ${leak(i % 40)} as you asked.`
    return event({
      at: Date.UTC(2026, 0, 5) + i * 60_000,
      principal: `${prefix}${i % 12}`,
      inference: {
        prompt: random.next() < 0.1 ? leaking : quiet,
        output: random.next() < 0.2 || i > 227 ? leaking : quiet,
      },
    })
  })
}
