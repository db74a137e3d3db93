import type { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { Rule } from '../parse/syntax.ts'
import type { Room } from '../state/groups.ts'
import type { Memory } from '../state/stateful.ts'
import { AbsenceMemory } from './absence.ts'
import { FirstSeenMemory } from './first-seen.ts'

export interface MemoryParts {
  readonly room: Room
  readonly hash: KeyedHash
}

/** A fresh memory for every rule that has `first_seen` or `absence`, by the rule's id. */
export function memoriesOf(rules: readonly Rule[], { room, hash }: MemoryParts): ReadonlyMap<string, Memory> {
  const memories = new Map<string, Memory>()
  for (const { facts, memory } of rules)
    if (memory)
      memories.set(
        facts.id,
        memory.kind === 'first_seen'
          ? new FirstSeenMemory(memory, room, hash)
          : new AbsenceMemory(facts, memory, room, hash),
      )
  return memories
}
